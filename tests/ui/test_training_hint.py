"""The training sign-in beside the fields: somebody who can do what the counter was opened for."""

import base64
import json
from pathlib import Path

import pytest

from ui.training_hint import read_hint

SEED = bytes(range(20))


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    def person(staff_id: str, *rights: str) -> dict[str, object]:
        seed = base64.b32encode(SEED).decode().rstrip("=")
        return {"staff_id": staff_id, "password": "p-" + staff_id, "totp_seed": seed, "rights": rights}

    path = tmp_path / "ready.json"
    path.write_text(
        json.dumps({"staff": [person("s001", "view"), person("s002", "view", "officer")]}), "utf-8"
    )
    return path


@pytest.mark.parametrize(("officer", "shown"), [(False, "s001"), (True, "s002")])
def test_a_drill_shows_the_officer_and_any_other_counter_a_clerk(
    ready: Path, officer: bool, shown: str
) -> None:
    hint = read_hint(ready, officer=officer)
    assert hint is not None
    assert (hint.staff_id, hint.password, hint.seed) == (shown, f"p-{shown}", SEED)


def test_where_nobody_is_an_officer_somebody_is_shown(ready: Path) -> None:
    told = json.loads(ready.read_text("utf-8"))
    del told["staff"][1]
    ready.write_text(json.dumps(told), "utf-8")
    hint = read_hint(ready, officer=True)
    assert hint is not None
    assert hint.staff_id == "s001"


@pytest.mark.parametrize("said", ["", "[]", '{"staff": []}', '{"staff": [{}]}'])
def test_a_file_that_says_nothing_is_no_trouble(ready: Path, said: str) -> None:
    ready.write_text(said, "utf-8")
    assert read_hint(ready) is None
    assert read_hint(ready.with_name("gone")) is None

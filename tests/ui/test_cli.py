"""``madoguchi`` on the command line: no Qt, documented exit codes, JSON for machines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from client.domain.errors import CounterError, LinkDownError, RefusedError, StoreError
from offline.store.files import InstanceLock, make_folder
from tests.builders import NOW
from ui.cli import exit_codes
from ui.cli.verbs import VERBS, main
from ui.upkeep_file import UpkeepFile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MADOGUCHI_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("", "utf-8")
    monkeypatch.setenv("MADOGUCHI_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data" / "production"


def test_a_pc_that_is_no_terminal_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"]) == exit_codes.NOT_ENROLLED
    told = json.loads(capsys.readouterr().out)
    assert told["enrolled"] is False
    assert told["folder"] == str(folder)


def test_status_tells_how_many_attachments_wait(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["status", "--json"])
    assert json.loads(capsys.readouterr().out)["attachments"] == {"waiting": 0, "lost": 0}
    folder.mkdir(parents=True)
    UpkeepFile(folder, lambda: NOW).tell("attachments", {"waiting": 3, "lost": 1})
    main(["status", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (told["attachments"]["waiting"], told["attachments"]["lost"]) == (3, 1)
    assert "attachments" not in told["replica"]


def test_status_says_whether_a_counter_is_open(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with InstanceLock(folder / "lock"):
        main(["status", "--json"])
        assert json.loads(capsys.readouterr().out)["open"] is True
    main(["status", "--json"])
    assert json.loads(capsys.readouterr().out)["open"] is False


def test_enrolling_without_a_token_says_what_is_missing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["enrol"]) == exit_codes.NOT_ENROLLED
    assert "登録されていません" in capsys.readouterr().err
    assert main(["enrol", "--json"]) == exit_codes.NOT_ENROLLED
    assert json.loads(capsys.readouterr().out)["code"] == "store.no_keys"


def test_a_setting_nobody_knows_ends_with_the_nearest_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MADOGUCHI_THEEM", "dark")
    assert main(["config"]) == exit_codes.USAGE
    assert "'theme'" in capsys.readouterr().err


def test_config_tells_each_value_and_its_source(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--json"]) == exit_codes.OK
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert settings["data_dir"]["source"] == "MADOGUCHI_DATA_DIR"
    assert settings["theme"] == {"value": "system", "source": "default"}
    assert main(["config", "--sample"]) == exit_codes.OK
    assert "# cloud_url" in capsys.readouterr().out


def test_the_doctor_looks_at_everything_and_names_the_first_trouble(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MADOGUCHI_CLOUD_URL", "https://127.0.0.1:9")
    code = main(["doctor", "--json"])
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert set(told) == {
        "folder",
        "disk",
        "fonts",
        "keyring",
        "enrolled",
        "device",
        "cloud",
        "printer",
        "outbox",
    }
    assert told["folder"]["ok"]
    assert told["fonts"]["ok"]
    assert told["enrolled"]["code"] == "store.no_keys"
    assert told["cloud"]["code"] == "link.unreachable"
    assert code != exit_codes.OK


def test_every_exit_code_is_told_by_help() -> None:
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"{code:>3}  {meaning}" in exit_codes.table()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreError("store.in_use"), exit_codes.IN_USE),
        (StoreError("store.full"), exit_codes.DISK_FULL),
        (StoreError("store.no_keyring"), exit_codes.KEYRING),
        (StoreError("store.damaged_ledger"), exit_codes.DAMAGED),
        (LinkDownError("link.timeout"), exit_codes.CLOUD),
        (RefusedError("refused.terminal_revoked"), exit_codes.NOT_ENROLLED),
        (RefusedError("refused.date"), exit_codes.FAILED),
    ],
)
def test_known_trouble_has_its_own_exit_code(error: CounterError, code: int) -> None:
    assert exit_codes.of(error) == code


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"open", "drill"}))
def test_a_verb_loads_no_toolkit(verb: str) -> None:
    program = f"import sys, ui.cli.{verb}; sys.exit('PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_the_first_window_is_painted_with_nothing_heavy() -> None:
    program = (
        "import sys; import ui.__main__, ui.window; "
        "print([name for name in ('asyncio', 'qasync', 'httpx', 'reportlab', 'sqlcipher3', 'uharfbuzz', "
        "'structlog', 'cryptography', 'msgspec', 'argon2', 'ui.assembly') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_the_doctor_names_what_was_not_sent(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_folder(folder)
    UpkeepFile(folder, lambda: NOW).tell("outbox", {"waiting": 3, "wants_a_clerk": 1})
    main(["doctor", "--json"])
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert "未送信 3件" in told["outbox"]["detail"]
    assert "outbox export" in told["outbox"]["detail"]

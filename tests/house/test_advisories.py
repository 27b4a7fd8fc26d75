"""``./dev advisories``: what is pinned is held against an export of known weaknesses, with no internet."""

import json
import zipfile
from pathlib import Path

import pytest

from installer.dev import advisories

PINNED = {"httpx": {"0.27.1"}, "python-pkcs11": {"0.10.1"}}


def advisory(
    name: str, *events: dict[str, str], versions: tuple[str, ...] = (), **more: str
) -> advisories.Advisory:
    told: advisories.Advisory = {"package": {"ecosystem": "PyPI", "name": name}, "versions": list(versions)}
    if events:
        told["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {"id": "PYSEC-2026-1", "affected": [told], **more}


@pytest.mark.parametrize(
    ("told", "named"),
    [
        (advisory("httpx", {"introduced": "0"}, {"fixed": "0.27.2"}), True),
        (advisory("httpx", {"introduced": "0"}, {"fixed": "0.27.1"}), False),
        (advisory("httpx", {"introduced": "0.27.2"}), False),
        (advisory("httpx", {"introduced": "0"}, {"last_affected": "0.27.1"}), True),
        (advisory("httpx", {"introduced": "0"}, {"last_affected": "0.27.0"}), False),
        (
            advisory(
                "httpx", {"introduced": "0"}, {"fixed": "0.20"}, {"introduced": "0.27"}, {"fixed": "0.28"}
            ),
            True,
        ),
        (advisory("httpx", {"fixed": "0.28"}, {"introduced": "0.9"}), True),  # in no order
        (advisory("httpx", versions=("0.27.1",)), True),
        (advisory("httpx", versions=("0.27.10",)), False),
        (advisory("Python_PKCS11", {"introduced": "0"}), True),
        (advisory("another", {"introduced": "0"}), False),
        (advisory("httpx", {"introduced": "0"}, withdrawn="2026-01-01T00:00:00Z"), False),
    ],
)
def test_a_pin_is_named_where_its_version_is(told: advisories.Advisory, named: bool) -> None:
    assert bool(advisories.held_against(PINNED, [told])) == named


def test_it_says_what_mends_it() -> None:
    told = advisory(
        "httpx", {"introduced": "0"}, {"fixed": "0.20"}, {"introduced": "0.27"}, {"fixed": "0.28"}
    )
    (found,) = advisories.held_against(PINNED, [told])
    assert str(found) == "httpx==0.27.1  PYSEC-2026-1  mended in: 0.28"


def test_the_locks_are_read_and_an_export_of_the_whole_index_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert advisories.pins()["pyside6-essentials"] == {"6.11.3"}
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        packed.writestr("PYSEC-1.json", json.dumps(advisory("another", {"introduced": "0"})))
        packed.writestr("PYSEC-2.json", json.dumps(advisory("PySide6_Essentials", {"introduced": "6"})))
    assert advisories.main([str(tmp_path / "all.zip")]) == 1
    assert "pyside6-essentials==6.11.3" in capsys.readouterr().out


def test_a_file_that_is_none_is_not_taken_for_a_clean_one(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("{}")
    (tmp_path / "torn.json").write_text('{"id": ')
    for name in ("empty.json", "torn.json", "missing.json"):
        assert advisories.main([str(tmp_path / name)]) == 2

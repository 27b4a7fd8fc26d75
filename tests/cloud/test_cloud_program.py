"""The short verbs as an operator types them: a slip is told with what to do, and leaves nothing behind."""

import json
from pathlib import Path

import pytest

from cloud.__main__ import main
from cloud.tenants import Tenants
from tests.cloud.cloud_builders import CODE, staff, tiny_town

ELSEWHERE = "990019"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    towns = Tenants(tmp_path / "data", f"sqlite:///{tmp_path / 'data' / 'cloud.db'}")
    towns.open(CODE, town=tiny_town, staff=staff())
    towns.close()
    return tmp_path / "data"


def verbs(data: Path, out: Path) -> dict[str, list[str]]:
    return {
        "token": ["token", "--data", str(data)],
        "office": ["office", "terminals", "--as", "o001", "--data", str(data)],
        "export": ["export", str(out / "files"), "--report", str(out / "report"), "--data", str(data)],
    }


@pytest.mark.parametrize("verb", ["token", "office", "export"])
def test_a_mistyped_folder_is_told_and_not_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    wrong = tmp_path / "wrong"
    assert main(verbs(wrong, tmp_path)[verb]) in {1, 2}
    assert f"no cloud is kept in {wrong}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["token", "office", "export"])
def test_a_town_that_is_not_here_is_told_and_gets_no_keys(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert main([*verbs(data, tmp_path)[verb], "--town", ELSEWHERE]) in {1, 2}
    assert f"has no town {ELSEWHERE}" in capsys.readouterr().err
    assert [path.name for path in (data / "towns").iterdir()] == [CODE]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    "words", [("--port", "65536"), ("--port", "-1"), ("--town", "99001"), ("--town", "../x")]
)
def test_what_cannot_be_served_is_told_before_a_town_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--data", str(tmp_path / "data"), *words])
    assert ended.value.code == 2
    assert f"argument {words[0]}: a " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_verb_that_did_its_work_has_nothing_in_its_log(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["token", "--data", str(data), "--town", CODE]) == 0
    said = capsys.readouterr()
    assert (len(said.out.split()), said.err) == (1, "")


def test_a_code_of_somebody_the_ready_file_does_not_know_is_told_with_those_it_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = tmp_path / "ready.json"
    people = [{"staff_id": one, "totp_seed": "GEZDGNBVGY3TQOJQ", "name": "x"} for one in ("s001", "s002")]
    ready.write_text(json.dumps({"staff": people}))
    assert main(["code", "s002", "--ready", str(ready)]) == 0
    assert capsys.readouterr().out.strip().isdecimal()
    assert main(["code", "x101", "--ready", str(ready)]) == 1
    assert "s001, s002, and not x101" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", "no json", "[]", "{}"])
def test_another_file_than_the_ready_file_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    wrong = tmp_path / "log"
    wrong.write_text(content)
    assert main(["code", "s001", "--ready", str(wrong)]) == 1
    assert f"{wrong} is not what `serve --ready` writes" in capsys.readouterr().err
    assert main(["code", "s001", "--ready", str(tmp_path / "none")]) == 1
    assert f"No such file or directory: {tmp_path / 'none'}" in capsys.readouterr().err


@pytest.mark.parametrize(("url", "code"), [("nonsense", 2), ("postgresql://nobody@127.0.0.1:1/none", 1)])
def test_a_database_that_is_not_there_is_told_in_a_line(
    data: Path, capsys: pytest.CaptureFixture[str], url: str, code: int
) -> None:
    assert main(["token", "--data", str(data), "--url", url]) == code
    said = capsys.readouterr().err
    assert said.startswith("madoguchi-training: ")
    assert "Traceback" not in said


def test_a_folder_whose_database_is_elsewhere_gets_none_of_its_own(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MADOGUCHI_CLOUD_URL", raising=False)
    (data / "cloud.db").unlink()
    assert main(["token", "--data", str(data)]) == 1
    assert "MADOGUCHI_CLOUD_URL" in capsys.readouterr().err
    assert not (data / "cloud.db").exists()

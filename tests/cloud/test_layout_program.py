"""The three verbs, as an operator types them."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cloud.__main__ import main
from cloud.layout.items import open_layout
from tests.cloud.cloud_builders import CODE, tiny_town
from tests.cloud.layout_builders import a_delivery, a_register, a_town, export, items_of, person, write_file

TARO = "1000000014"


def program(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the real program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "cloud", *map(str, words)], capture_output=True, text=True, check=False
    )


def taken_in(folder: Path, source: Path, *more: str) -> int:
    data, report = str(folder / "data"), str(folder / "report")
    return main(["import", str(source), "--data", data, "--report", report, *more])


def put_out(folder: Path, out: Path, *more: str) -> int:
    data, report = str(folder / "data"), str(folder / "out-report")
    return main(["export", str(out), "--data", data, "--report", report, "--town", CODE, *more])


def test_a_town_moves_from_one_cloud_to_another(tmp_path: Path) -> None:
    first = a_town(a_register(tmp_path, "first"), tiny_town())
    given = export(first, tmp_path / "given.zip")
    came = program("import", given, "--data", tmp_path / "data", "--report", tmp_path / "report")
    assert came.returncode == 0, came.stderr
    assert "resident.csv:" in came.stdout
    assert "渡邉" not in came.stdout + came.stderr
    went = program(
        "export", tmp_path / "out.zip", "--data", tmp_path / "data", "--town", CODE, "--report", tmp_path
    )
    assert went.returncode == 0, went.stderr
    assert (tmp_path / "out.zip").read_bytes() == given.read_bytes()
    told = json.loads((tmp_path / "report" / "reconciliation.json").read_text())
    assert told["loaded"] is told["holds"] is True
    assert {file["table"]: file["read"] for file in told["files"]}["resident"] > 0
    for report in (tmp_path / "report").iterdir():
        assert report.stat().st_mode & 0o077 == 0


def test_errors_end_with_one_and_nothing_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO, sex="x")])
    assert taken_in(tmp_path, source) == 1
    assert "nothing was loaded" in capsys.readouterr().out
    assert put_out(tmp_path, tmp_path / "out") == 2  # no such town
    assert taken_in(tmp_path, source, "--accept-errors", "1") == 0
    assert put_out(tmp_path, tmp_path / "out") == 0
    assert (tmp_path / "out" / "resident.csv").read_text().count("\n") == 1


def test_a_town_that_is_there_is_changed(tmp_path: Path) -> None:
    assert taken_in(tmp_path, a_delivery(tmp_path / "in", [person(TARO)])) == 0
    write_file(tmp_path / "more", "phone", [{"phone_id": "1", "atena_no": TARO}])
    assert taken_in(tmp_path, tmp_path / "more") == 2  # no file says of which town
    assert taken_in(tmp_path, tmp_path / "more", "--town", CODE) == 0
    write_file(tmp_path / "more", "phone", [])
    assert taken_in(tmp_path, tmp_path / "more", "--town", CODE) == 0
    assert put_out(tmp_path, tmp_path / "kept") == 0
    assert taken_in(tmp_path, tmp_path / "more", "--town", CODE, "--replace") == 0
    assert put_out(tmp_path, tmp_path / "gone") == 0
    assert [(tmp_path / name / "phone.csv").read_text().count("\n") for name in ("kept", "gone")] == [2, 1]


@pytest.mark.parametrize(
    "words",
    [
        ["import", "/nowhere", "--data", "{}/data", "--report", "{}/report"],
        ["export", "{}", "--data", "{}/data", "--report", "{}/report"],
        ["layout", "--items", "/nowhere"],
    ],
)
def test_wrong_use_ends_with_two(tmp_path: Path, words: list[str]) -> None:
    assert main([word.format(tmp_path) for word in words]) == 2


@pytest.mark.parametrize(
    "more", [["--accept-errors", "1", "--replace"], ["--accept-errors", "-1"], ["--strict", "--replace", "x"]]
)
def test_words_that_contradict_each_other_are_wrong_use(tmp_path: Path, more: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        taken_in(tmp_path, tmp_path, *more)
    assert caught.value.code == 2


def test_the_item_list_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layout"]) == 0
    printed = capsys.readouterr().out
    for items in open_layout().files:
        assert f"## {items.title}（`{items.file}`" in printed
    lines = [line for line in printed.splitlines() if line.startswith("| ") and "`resident." in line]
    assert len(lines) == len(items_of("resident").item)
    assert all(line.count("|") == 8 for line in lines)


def test_a_zip_bomb_is_on_the_error_list(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("resident.csv", b"0" * 30_000_000)
    assert taken_in(tmp_path, tmp_path / "in.zip", "--town", CODE) == 1
    assert "圧縮の比率が異常" in (tmp_path / "report" / "error_list.csv").read_text("utf-8-sig")
    assert not (tmp_path / "data").exists()

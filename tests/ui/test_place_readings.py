"""``place_readings_file``: told by ``madoguchi config`` where it is bad, never in the way of anything."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListWidget

from client.jobs.suggest_places import SuggestPlaces
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.world import World
from ui.cli import exit_codes
from ui.cli.verbs import main
from ui.place_readings import ReadingsAtHand, read_file

Drive = Callable[..., None]
GOOD = "町字名,読み\n泉町,イズミチョウ\n葛󠄂城町,カツラギチョウ\n"


def a_table(folder: Path, text: str = GOOD) -> str:
    path = folder / "readings.csv"
    path.write_text(text, "utf-8")
    return str(path)


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    monkeypatch.setenv("MADOGUCHI_CONFIG", os.devnull)
    monkeypatch.setenv("MADOGUCHI_DATA_DIR", str(tmp_path / "data"))
    return lambda value: monkeypatch.setenv("MADOGUCHI_PLACE_READINGS_FILE", value)


def test_the_check_of_the_settings_names_bad_lines_by_number(
    tmp_path: Path, setting: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    setting(a_table(tmp_path, GOOD + "本町\n栄町,栄\n"))
    assert main(["config"]) == exit_codes.FAILED
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "place_readings_file: line 4: 1 columns instead of 2",
        "place_readings_file: line 5: the reading is not kana",
    ]
    assert "place_readings_file = " in said.out, "the settings are told all the same"
    assert main(["config", "--json"]) == exit_codes.FAILED
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert [one["line"] for one in told["problems"]] == [4, 5]


def test_a_good_file_and_none_at_all_are_no_trouble(
    tmp_path: Path, setting: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    for value in ("", a_table(tmp_path)):
        setting(value)
        assert main(["config", "--json"]) == exit_codes.OK
        assert json.loads(capsys.readouterr().out)["problems"] == []


@pytest.mark.parametrize("kind", ["missing", "folder", "nobody's home", "no path", "pipe", "too large"])
def test_a_file_that_cannot_be_read_is_said_and_stops_nothing(tmp_path: Path, kind: str) -> None:
    path = {
        "missing": str(tmp_path / "none.csv"),
        "folder": str(tmp_path),
        "nobody's home": "~nobody-of-that-name/x.csv",
        "no path": "a\0b",
        "pipe": str(tmp_path / "pipe"),
        "too large": str(tmp_path / "large.csv"),
    }[kind]
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "too large":
        Path(path).write_bytes(b"\n" * 4_000_001)
    found = read_file(path)
    assert found.readings == ()
    assert [one.number for one in found.bad_lines] == [0]


@pytest.mark.asyncio
async def test_the_counter_reads_the_good_lines_once(tmp_path: Path) -> None:
    path = a_table(tmp_path, GOOD + "本町\n")
    at_hand = ReadingsAtHand(path)
    first = await at_hand()
    assert first.named("いず") == ("泉町",)
    Path(path).unlink()
    assert await at_hand() is first


@pytest.mark.long
def test_kana_typed_into_a_form_offers_the_town_that_is_read_so(drive: Drive, tmp_path: Path) -> None:
    world = World()
    readings = ReadingsAtHand(a_table(tmp_path, "葛󠄂城町一丁目,かつらぎちょう\n"))
    places = SuggestPlaces(world.replica, world.ledger, now=world.clock, readings=readings)
    world.jobs = replace(world.jobs, places=places)

    async def play(counter: Counter) -> None:
        hands = counter.hands
        await states.resident(counter)
        await hands.begin_form(Qt.Key.Key_1)
        for typed in ("かつ", "カツラ", "ｶﾂ"):
            await hands.type("tenkyoTown", typed)
            shown = await hands.wait_for("suggestions")
            assert isinstance(shown, QListWidget)
            assert shown.count() == 1
        town = hands.find(QLineEdit, "tenkyoTown")
        await hands.press(Qt.Key.Key_Down, town)
        await hands.press(Qt.Key.Key_Return, town)
        assert town.text() == "みどり県あおぞら市葛󠄂城町一丁目"
        assert hands.find(QLineEdit, "tenkyoPostcode").text() == "999-0001"

    drive(play, world=world)

"""What helps with a form, used by keys alone on the real windows."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListWidget

from tests.ui import change_states, states
from tests.ui.drive import Counter

pytestmark = pytest.mark.long

Drive = Callable[..., None]


def test_a_town_is_taken_by_keys_and_esc_and_tab_stay_what_they_are(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        hands = counter.hands
        await states.resident(counter)
        await hands.begin_form(Qt.Key.Key_1)
        town = hands.find(QLineEdit, "tenkyoTown")
        await hands.press(Qt.Key.Key_End, town)
        await hands.type("tenkyoTown", "葛")
        shown = await hands.wait_for("suggestions")
        assert isinstance(shown, QListWidget)
        assert town.hasFocus(), "the field keeps the keyboard"
        assert shown.currentRow() == -1, "nothing is taken that nobody went to"
        await hands.press(Qt.Key.Key_Escape, town)
        assert not hands.sees("suggestions")
        assert counter.shell.present == "change", "Esc closed the list, not the form"
        await hands.press(Qt.Key.Key_Down, town)
        await hands.wait_for("suggestions")
        await hands.press(Qt.Key.Key_Down, town)
        await hands.press(Qt.Key.Key_Return, town)
        assert not hands.sees("suggestions")
        assert town.text().startswith("みどり県あおぞら市葛")
        assert hands.find(QLineEdit, "tenkyoPostcode").text() == "999-0001"
        await hands.press(Qt.Key.Key_Down, town)
        await counter.quiet()
        await hands.press(Qt.Key.Key_Tab, town)
        assert hands.find(QLineEdit, "tenkyoBanchi").hasFocus(), "Tab goes on"
        assert not hands.sees("suggestions")
        await hands.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "counter"

    drive(play)


def test_the_number_somebody_had_is_put_into_the_form_by_keys(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        hands = counter.hands
        await change_states.reentry(counter)
        change = counter.face.taking_in.change
        one = change.newcomers[0]
        assert change.household is not None
        number = change.household.living[0].atena_no
        await hands.push("reentryPut0")
        await counter.quiet()
        assert change.value(f"{one}.former") == number
        assert hands.find(QLineEdit, "tennyuFormer1").text() == number
        await hands.until(lambda: counter.face.taking_in.reentry.lines == (), "no warning more")
        assert "look_up" in [entry.kind for entry in counter.world.ledger.journal]

    drive(play)

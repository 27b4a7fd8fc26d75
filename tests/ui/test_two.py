"""Two let a third in, by gestures: step by step, nothing kept once the screen is left."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit

from client.domain.declaration import Cause
from tests.ui import two_states as states
from tests.ui.drive import Counter
from ui.screens.two.model import Act, Step

pytestmark = [pytest.mark.long, pytest.mark.qt_log_ignore("propagateSizeHints")]
Drive = Callable[..., None]


def text(counter: Counter, name: str) -> str:
    """Return what stands in a part of the screen, in front or not."""
    assert counter.two.view is not None
    shown = counter.two.view.findChild(QLabel, name) or counter.two.view.findChild(QLineEdit, name)
    assert isinstance(shown, QLabel | QLineEdit)
    return shown.text()


def act(counter: Counter) -> str:
    return counter.two.model.act.value


def test_a_newcomer_is_let_in_and_signs_in_at_the_window(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.third_typed(counter)
        assert counter.two.model.step is Step.DONE
        note = counter.two.model.note
        assert note is not None
        assert states.NEWCOMER in note.what
        assert [line.kind for line in counter.world.ledger.journal] == ["sign_in", "sign_in", "let_in"]
        await counter.hands.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "log_in"
        await counter.hands.type("logInStaff", states.NEWCOMER)
        await counter.hands.type("logInPassword", states.NEW_PASSWORD)
        await counter.hands.type("logInCode", "222222")
        await counter.hands.push("logInButton")
        await counter.hands.until(lambda: counter.shell.present == "counter", "the counter", 5)
        present = counter.face.present_clerk
        assert present is not None
        assert present.let_in_by == (states.OFFICER, states.CLERK)

    drive(play)


def test_the_same_person_twice_is_told_so_and_stays_at_the_second_step(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.twice_the_same(counter)
        assert counter.two.model.step is Step.SECOND
        assert counter.two.model.note is not None
        assert text(counter, "twoPassword") == ""

    drive(play)


def test_leaving_the_screen_forgets_who_confirmed_the_key_and_what_was_typed(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.both_heard(counter)
        assert text(counter, "twoKey")
        await counter.hands.type("twoPassword", states.NEW_PASSWORD)
        await counter.hands.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "log_in"
        model = counter.two.model
        assert (model.step, model._heard, model._seed) == (Step.FIRST, (), b"")
        assert text(counter, "twoPassword") == ""
        assert text(counter, "twoKey") == text(counter, "twoHeard") == ""

    drive(play)


def test_locking_the_counter_in_the_middle_forgets_it_too(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.hands.press(Qt.Key.Key_F9, modifier=Qt.KeyboardModifier.ShiftModifier)
        assert counter.shell.present == "two"
        counter.world.link.usable = False
        await states.confirm(counter, "s001", code="777777")
        assert counter.two.model.step is Step.SECOND
        await counter.hands.press(Qt.Key.Key_F9)
        assert counter.shell.present == "log_in"
        assert (counter.two.model.step, counter.two.model._heard) == (Step.FIRST, ())

    drive(play)


def test_from_the_counter_esc_leads_back_to_the_counter(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.hands.press(Qt.Key.Key_F9, modifier=Qt.KeyboardModifier.ShiftModifier)
        assert counter.shell.present == "two"
        await counter.hands.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "counter"

    drive(play)


def test_two_declare_a_disaster_and_the_sign_in_window_says_so_until_one_officer_ends_it(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        await states.declared(counter)
        made = counter.world.declarations.present
        assert made is not None
        assert (made.officer, made.other, made.cause) == (states.OFFICER, states.CLERK, Cause.FLOOD)
        kinds = [line.kind for line in counter.world.ledger.journal]
        assert kinds == ["sign_in", "sign_in", "declaration"]
        await counter.hands.press(Qt.Key.Key_Escape)
        shown = counter.shell.findChild(QLabel, "logInDeclared")
        assert isinstance(shown, QLabel)
        assert "風水害" in shown.text()
        assert shown.isVisible()
        await counter.hands.push("logInOffer")
        await states.go_down(counter, "twoAct", 2)
        await states.confirm(counter, states.OFFICER, code="654321")
        assert counter.world.declarations.present is None
        await counter.hands.press(Qt.Key.Key_Escape)
        assert not shown.isVisible()

    drive(play)


def test_what_the_two_are_here_for_is_not_changed_once_one_has_confirmed(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.one_heard(counter)
        counter.two.model.choose(Act.DECLARE)
        assert act(counter) == "let_in"
        await counter.hands.press(Qt.Key.Key_Escape)
        await counter.hands.push("logInOffer")
        await states.go_down(counter, "twoAct", 1)
        assert act(counter) == "declare"
        await counter.hands.press(Qt.Key.Key_Escape)
        assert act(counter) == "let_in", "the next one begins anew"

    drive(play)


def test_on_line_nothing_is_declared_and_it_says_so(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.declared_on_line(counter)
        assert counter.two.model.note is not None
        assert "宣言できません" in counter.two.model.note.what
        assert counter.world.declarations.present is None

    drive(play)

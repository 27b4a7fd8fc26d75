"""Two let a third in, by gestures: step by step, nothing kept once the screen is left."""

from collections.abc import Callable
from datetime import date

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit

from client.domain.declaration import Cause
from client.domain.deputy import Deputy
from tests.ui import two_states as states
from tests.ui.drive import Counter
from ui.screens.two.model import Act, Step
from ui.widgets.name_label import NameLabel

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


def deputy(counter: Counter) -> Deputy | None:
    return counter.world.deputies.present


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


def test_two_declare_a_deputy_whose_name_is_drawn_as_typed_and_two_end_it(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.deputy_typed(counter)
        assert counter.two.view is not None
        drawn = counter.two.view.findChild(NameLabel, "twoOnPaper")
        assert isinstance(drawn, NameLabel)
        assert drawn.isVisible()
        assert drawn.text == f"{states.TITLE}　　{states.NAME}"
        await counter.hands.push("twoNext")
        await counter.quiet()
        made = deputy(counter)
        assert made is not None
        assert (made.officer, made.other, made.title, made.name) == (
            states.OFFICER,
            states.CLERK,
            states.TITLE,
            states.NAME,
        )
        assert (made.first_day, made.last_day) == (date(2026, 11, 20), date(2026, 11, 22))
        kinds = [line.kind for line in counter.world.ledger.journal]
        assert kinds == ["sign_in", "sign_in", "deputy"]
        await counter.hands.press(Qt.Key.Key_Escape)
        shown = counter.shell.findChild(QLabel, "logInDeclared")
        assert isinstance(shown, QLabel)
        assert "職務代理者" in shown.text()
        assert shown.isVisible()
        await counter.hands.push("logInOffer")
        await states.go_down(counter, "twoAct", 3)
        assert act(counter) == "end_deputy"
        await states.confirm(counter, states.OFFICER, code="654321")
        assert deputy(counter) is made, "it takes the second too"
        await states.confirm(counter, states.CLERK, code="654321")
        assert deputy(counter) is None
        assert counter.two.model.step is Step.DONE
        await counter.hands.press(Qt.Key.Key_Escape)
        assert not shown.isVisible()

    drive(play)


def test_a_deputys_days_that_are_too_many_are_refused_and_what_was_typed_stays(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.deputy_bad_days(counter)
        assert deputy(counter) is None
        assert counter.two.model.note is not None
        assert "宣言できません" in counter.two.model.note.what
        assert text(counter, "twoName") == states.NAME
        await counter.hands.type("twoLast", "22日")
        await counter.hands.push("twoNext")
        await counter.quiet()
        assert counter.two.model.wrong == {"last"}
        await counter.hands.type("twoLast", "R8.11.21")
        await counter.hands.push("twoNext")
        await counter.quiet()
        assert deputy(counter) is not None

    drive(play)


def test_on_line_no_deputy_is_declared_and_the_same_person_ends_none_alone(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.deputy_typed(counter)
        counter.world.link.usable = True
        await counter.hands.push("twoNext")
        await counter.quiet()
        assert deputy(counter) is None
        counter.world.link.usable = False
        await counter.hands.push("twoNext")
        await counter.quiet()
        assert deputy(counter) is not None
        await counter.hands.press(Qt.Key.Key_Escape)
        await counter.hands.push("logInOffer")
        await states.go_down(counter, "twoAct", 3)
        await states.confirm(counter, states.OFFICER, code="654321")
        await states.confirm(counter, states.OFFICER, code="111111")
        assert counter.two.model.step is Step.SECOND
        assert deputy(counter) is not None

    drive(play)

"""決裁 by hand: whoever only receives stays signed in, who decides shows their secrets, and they stay nowhere."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton

from client.domain.change import ChangeKind
from tests.ui import decide_states as states
from tests.ui.drive import Counter

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "raise", "without screen")
Drive = Callable[..., None]
Key = Qt.Key


def typed(counter: Counter) -> list[str]:
    fields = (counter.shell.findChild(QLineEdit, f"decide_{name}") for name in ("staff", "password", "code"))
    return [field.text() for field in fields if field is not None and field.text()]


def written(counter: Counter, kind: str) -> list[tuple[str, object]]:
    journal = counter.world.ledger.journal
    return [(one.actor, one.facts.get("decided_by")) for one in journal if one.kind == kind]


def test_a_paper_is_issued_by_decision_and_all_is_done_by_keys(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.to_decide(counter)
        button = counter.hands.find(QPushButton, "previewPrint")
        assert "決裁" in button.text()
        await counter.hands.press(Key.Key_F12)
        await counter.hands.wait_for("decide_staff")
        for text in ("s002", "aozora", "222222"):
            field = QApplication.focusWidget()
            assert isinstance(field, QLineEdit)
            await counter.hands.type(field.objectName(), text)
            await counter.hands.press(Key.Key_Return if text == "222222" else Key.Key_Tab, field)
        await counter.hands.wait_for("handedOver")
        assert counter.face.present_clerk is not None
        assert counter.face.present_clerk.clerk.staff_id == states.RECEIVER
        assert written(counter, "issue") == [(states.RECEIVER, "s002")]
        assert typed(counter) == []
        await counter.hands.push("handedOver")
        await counter.quiet()

    drive(play)


def test_a_notification_is_taken_in_by_decision_in_the_name_of_who_decides(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.decide_intake(counter)
        await states.typed(counter, "s002")
        await counter.hands.until(lambda: counter.face.taking_in.change.accepted is not None, "it", 5)
        await counter.quiet()
        assert counter.shell.present == "change"
        (change,) = counter.world.ledger.changes.values()
        assert (change.kind, change.made_by) == (ChangeKind.TENKYO, "s002")
        assert written(counter, "intake")[0] == (states.RECEIVER, "s002")

    drive(play)


def test_wrong_secrets_and_ones_own_leave_the_question_standing_and_the_right_ones_still_count(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        await states.decide(counter)
        for who, password in ((states.RECEIVER, "aozora"), ("s002", "guess")):
            await states.typed(counter, who, password)
            await counter.hands.until(lambda: counter.face.deciding.waiting, "the question again", 5)
            assert counter.face.deciding.model.note is not None
            assert typed(counter) == [who]
        assert written(counter, "issue") == []
        await states.typed(counter, "s002")
        await counter.hands.wait_for("handedOver")
        await counter.hands.push("handedOver")
        await counter.quiet()

    drive(play)


@pytest.mark.parametrize("way", ["Esc", "F9", "F5"])
def test_whatever_takes_the_question_away_leaves_nothing_done_and_the_paper_as_it_was(
    drive: Drive, way: str
) -> None:
    async def play(counter: Counter) -> None:
        await states.decide(counter)
        await counter.hands.type("decide_password", "aozora")
        await counter.hands.press({"Esc": Key.Key_Escape, "F9": Key.Key_F9, "F5": Key.Key_F5}[way])
        await counter.quiet()
        assert counter.shell.present == {"Esc": "certificate", "F9": "log_in", "F5": "outbox"}[way]
        assert typed(counter) == []
        assert written(counter, "issue") == []
        assert not counter.face.busy
        assert not counter.face.deciding.waiting
        assert counter.face.certificate.may_print

    drive(play)


def test_a_lock_in_the_question_keeps_the_form_that_was_filled_in(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.decide_intake(counter)
        await counter.hands.press(Key.Key_F9)
        await counter.hands.until(lambda: counter.shell.present == "log_in", "the lock", 5)
        await counter.quiet()
        for name, text in (
            ("logInStaff", states.RECEIVER),
            ("logInPassword", "aozora"),
            ("logInCode", "123456"),
        ):
            await counter.hands.type(name, text)
        await counter.hands.push("logInButton")
        await counter.hands.until(lambda: counter.shell.present == "change", "the form", 5)
        banchi = counter.hands.find(QLineEdit, "tenkyoBanchi")
        assert banchi.text() == "4番5号"
        assert counter.world.ledger.changes == {}
        assert counter.face.taking_in.change.may_press

    drive(play)


def test_who_may_issue_is_not_asked_for_anybody(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in("s002")
        assert not counter.face.deciding.issues()
        assert not counter.face.deciding.accepts()

    drive(play)

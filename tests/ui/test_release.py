"""一時解除 by hand: the clerk stays where they were, the officer's secrets stay nowhere."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from client.domain.change import ChangeKind
from tests.ui import release_states as states
from tests.ui.drive import Counter
from tests.ui.states import protected

Drive = Callable[..., None]
SECRETS = (
    "releaseOfficerPassword",
    "releaseOfficerCode",
    "releaseSecondPassword",
    "releaseSecondCode",
)


ASKED = ("releaseAskingName", "releaseAskingBirth")


def typed(counter: Counter, *more: str) -> list[str]:
    fields = (counter.shell.findChild(QLineEdit, name) for name in (*SECRETS, *more))
    return [field.text() for field in fields if field is not None and field.text()]


def test_a_blocked_paper_is_released_once_and_the_clerk_is_still_signed_in(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.released(counter)
        assert counter.face.present_clerk is not None
        assert counter.face.present_clerk.clerk.staff_id == "s001"
        assert typed(counter) == []
        assert "一時解除" in "".join(counter.face.certificate.warnings)
        await counter.hands.press(Qt.Key.Key_F12)
        await counter.hands.until(lambda: bool(counter.face.certificate.copies), "the sheet", 5)
        kinds = [entry.kind for entry in counter.world.ledger.journal]
        assert kinds.index("release") < kinds.index("issue")
        assert next(iter(counter.world.ledger.changes.values())).kind is ChangeKind.RELEASE
        await counter.hands.push("handedOver")
        await counter.quiet()

    drive(play)


def test_the_release_is_not_offered_before_identity_is_checked(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await protected(counter)
        assert not counter.face.counter.may_ask_release

    drive(play)


def test_it_is_all_done_by_keys(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.asked(counter)
        for text in (states.REASON, "渡邉　花子", "S60.1.2", "s002", "aozora", "222222"):
            field = counter.app.focusWidget()
            assert isinstance(field, QLineEdit)
            await counter.hands.type(field.objectName(), text)
            await counter.hands.press(Qt.Key.Key_Return if text == "222222" else Qt.Key.Key_Tab, field)
        await counter.hands.until(lambda: counter.shell.present == "certificate", "the preview", 5)

    drive(play)


def test_off_line_both_people_show_their_secrets(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.off_line(counter)
        await counter.hands.push("releaseButton")
        await counter.hands.until(lambda: counter.shell.present == "certificate", "the preview", 5)
        assert typed(counter) == []
        (line,) = [entry for entry in counter.world.ledger.journal if entry.kind == "release"]
        assert (line.facts["officer"], line.facts["second"]) == ("s002", "s003")

    drive(play)


def test_wrong_secrets_are_gone_and_the_visit_is_not(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.asked(counter)
        await counter.hands.type("releaseReason", states.REASON)
        await counter.hands.type("releaseAskingName", "渡邉　花子")
        await states.type_in(counter, "Officer", "s002", "guess")
        await counter.hands.push("releaseButton")
        await counter.quiet()
        assert counter.shell.present == "release"
        assert typed(counter) == []
        await counter.hands.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "counter"
        assert counter.face.counter.basket.juminhyo
        assert counter.world.ledger.journal[-1].facts["how"] == "failed"

    drive(play)


def test_a_lock_takes_what_was_typed_and_no_release_comes_of_it(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.off_line(counter)
        await counter.hands.press(Qt.Key.Key_F9)
        await counter.quiet()
        assert counter.shell.present == "log_in"
        assert typed(counter, *ASKED) == []

    drive(play)

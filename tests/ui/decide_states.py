"""The states of somebody who only receives: the paper to be decided, and the decision."""

from PySide6.QtCore import Qt

from tests.ui import states
from tests.ui.drive import Counter

RECEIVER = "s004"


async def to_decide(counter: Counter) -> None:
    """A paper put together by who may not issue it."""
    await counter.sign_in(RECEIVER)
    await counter.open_resident()
    await counter.hands.push("addJuminhyo")
    await counter.hands.push("optRelationship")
    identity = await counter.hands.wait_for("identity")
    await counter.hands.press(Qt.Key.Key_Down, identity)
    await counter.hands.press(Qt.Key.Key_F12)
    await counter.hands.until(lambda: counter.shell.present == "certificate", "the preview", 5)
    await counter.quiet()


async def decide(counter: Counter) -> None:
    await to_decide(counter)
    await counter.hands.push("previewPrint")
    await counter.hands.wait_for("decide_staff")


async def typed(counter: Counter, staff_id: str, password: str = "aozora") -> None:  # noqa: S107 - a test's
    await counter.hands.type("decide_staff", staff_id)
    await counter.hands.type("decide_password", password)
    await counter.hands.type("decide_code", "222222")
    await counter.hands.push("decideButton")


async def decide_wrong(counter: Counter) -> None:
    await decide(counter)
    await typed(counter, RECEIVER)
    await counter.hands.until(lambda: counter.face.deciding.model.note is not None, "the word", 5)


async def intake(counter: Counter) -> None:
    """A notification filled in by who may not accept it."""
    await counter.sign_in(RECEIVER)
    await counter.open_resident()
    await counter.hands.begin_form()
    await counter.hands.wait_for("tenkyoTown")
    await counter.hands.type("tenkyoTown", "みどり県あおぞら市葛󠄂城町二丁目")
    await counter.hands.type("tenkyoBanchi", "4番5号")
    await counter.hands.type("tenkyoIdoDate", "R8.11.1")


async def decide_intake(counter: Counter) -> None:
    await intake(counter)
    await counter.hands.push("tenkyoAccept")
    await counter.hands.wait_for("decide_staff")


DECIDE_STATES: dict[str, states.Play] = {
    "decide-paper": to_decide,
    "decide": decide,
    "decide-self": decide_wrong,
    "decide-form": intake,
    "decide-intake": decide_intake,
}

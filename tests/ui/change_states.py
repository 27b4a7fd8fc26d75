"""The states of the procedures; beside those of the screens."""

from PySide6.QtCore import Qt

from tests.ui import states
from tests.ui.drive import Counter


async def procedures(counter: Counter) -> None:
    await states.resident(counter)
    await counter.hands.push("changeOpen")
    await counter.hands.wait_for("procedures")


async def tennyu(counter: Counter) -> None:
    """Two people from another town, the second without a Japanese family register."""
    await states.resident(counter)
    await counter.hands.begin_form(Qt.Key.Key_2)
    await counter.hands.type("tennyuFrom", "みどり県つきみ市本町1番")
    await counter.hands.type("tennyuFullName1", "葛󠄂城　君代")
    await counter.hands.type("tennyuRelationship1", "世帯主")
    await counter.hands.type("tennyuMynumber1", "123456789018")
    await counter.hands.push("changeAdd")
    await counter.hands.type("tennyuFullName2", "葛󠄂城　健")


async def householder(counter: Counter) -> None:
    await states.resident(counter)
    await counter.hands.begin_form(Qt.Key.Key_5)
    await counter.hands.type("nushiRelationship1", "祖父")
    await counter.hands.push("nushiAccept")


async def reduction(counter: Counter) -> None:
    await states.resident(counter)
    await counter.hands.begin_form(Qt.Key.Key_D)
    await counter.hands.type("reductionFiscalYear", "R8")


CHANGE_STATES: dict[str, states.Play] = {
    "change-list": procedures,
    "change-tennyu": tennyu,
    "change-householder": householder,
    "change-reduction": reduction,
}

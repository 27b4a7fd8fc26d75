"""The states of the procedures; beside those of the screens."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

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


async def town_list(counter: Counter) -> None:
    """The towns of the register under the field; the second one is marked."""
    await states.resident(counter)
    await counter.hands.begin_form(Qt.Key.Key_1)
    await counter.hands.type("tenkyoTown", "町")
    await counter.quiet()
    town = counter.hands.find(QWidget, "tenkyoTown")
    await counter.hands.press(Qt.Key.Key_Down, town)
    await counter.hands.wait_for("suggestions")
    for _ in range(2):
        await counter.hands.press(Qt.Key.Key_Down, town)


async def reentry(counter: Counter) -> None:
    """Somebody comes with the three facts of a resident, and a former number nobody had."""
    await states.resident(counter)
    await counter.hands.begin_form(Qt.Key.Key_2)
    member = counter.face.taking_in.change.household
    assert member is not None
    one = member.living[0]
    await counter.hands.type("tennyuFullName1", one.name.text)
    await counter.hands.type("tennyuBirthDate1", one.birth.text)
    form = counter.face.taking_in.change
    form.set(f"{form.newcomers[0]}.sex", one.sex or "")
    await counter.hands.type("tennyuFormer1", "1000999999")
    await counter.hands.wait_for("reentryPut0")
    counter.hands.find(QWidget, "reentryPut0").setFocus()


CHANGE_STATES: dict[str, states.Play] = {
    "change-list": procedures,
    "change-tennyu": tennyu,
    "change-householder": householder,
    "change-reduction": reduction,
    "change-towns": town_list,
    "change-reentry": reentry,
}

"""The states of the screen on which two let a third in; beside those of the screens."""

from dataclasses import replace
from datetime import timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from client.domain.clerk import CloudSignIn, Right
from client.domain.declaration import Cause, Declaration
from client.rules import totp
from tests.builders import a_sign_in
from tests.ui import states
from tests.ui.drive import Counter
from ui.status import Line

OFFICER, CLERK, NEWCOMER = "s009", "s001", "s020"
PASSWORD, NEW_PASSWORD = "aozora", "asa-ichiban no aikotoba"
SEED = bytes(range(20))
TITLE, NAME = "市長職務代理者　副市長", "渡邉\U000e0110　𠮷海"


async def begun(counter: Counter) -> None:
    world = counter.world
    world.link.usable = False
    for staff_id, rights in ((OFFICER, (Right.VIEW, Right.OFFICER)), (CLERK, (Right.VIEW, Right.ISSUE))):
        world.keys.people[staff_id] = (
            PASSWORD,
            CloudSignIn(a_sign_in(*rights, staff_id=staff_id), b"", 0, b"d"),
        )
    world.staff.take_on(NEWCOMER, Right.VIEW, Right.ISSUE)
    await counter.hands.push("logInOffer")
    await counter.quiet()


async def confirm(counter: Counter, staff_id: str, password: str = PASSWORD, code: str = "123456") -> None:
    await counter.hands.type("twoStaff", staff_id)
    await counter.hands.type("twoPassword", password)
    await counter.hands.type("twoCode", code)
    await counter.hands.press(Qt.Key.Key_Return)
    await counter.quiet()


async def one_wrong(counter: Counter) -> None:
    await begun(counter)
    await confirm(counter, OFFICER, "chigau")


async def one_heard(counter: Counter) -> None:
    await begun(counter)
    await confirm(counter, OFFICER)


async def twice_the_same(counter: Counter) -> None:
    await one_heard(counter)
    await confirm(counter, OFFICER, code="654321")


async def both_heard(counter: Counter) -> None:
    await one_heard(counter)
    await confirm(counter, CLERK)


async def third_typed(counter: Counter, *, again: str = NEW_PASSWORD) -> None:
    await both_heard(counter)
    seed = counter.two.model._seed
    await counter.hands.type("twoStaff", NEWCOMER)
    await counter.hands.type("twoPassword", NEW_PASSWORD)
    await counter.hands.type("twoAgain", again)
    await counter.hands.type("twoCode", totp.code(seed, totp.step_of(counter.world.clock())))
    await counter.hands.press(Qt.Key.Key_Return)
    await counter.quiet()


async def not_the_same(counter: Counter) -> None:
    await third_typed(counter, again="asa-niban no aikotoba")


async def go_down(counter: Counter, name: str, rows: int) -> None:
    """Go down a choice by keys."""
    box = counter.hands.find(QComboBox, name)
    box.setFocus()
    for _ in range(rows):
        await counter.hands.press(Qt.Key.Key_Down, box)


async def declaring(counter: Counter) -> None:
    await begun(counter)
    await go_down(counter, "twoAct", 1)
    await counter.quiet()


async def declaring_heard(counter: Counter) -> None:
    await declaring(counter)
    await confirm(counter, OFFICER)
    await confirm(counter, CLERK)


async def declared(counter: Counter) -> None:
    await declaring_heard(counter)
    await go_down(counter, "twoCause", 1)
    await counter.hands.push("twoNext")
    await counter.quiet()


async def declared_on_line(counter: Counter) -> None:
    await declaring_heard(counter)
    counter.world.link.usable = True
    await counter.hands.push("twoNext")
    await counter.quiet()


async def ending(counter: Counter) -> None:
    await declared(counter)
    await counter.hands.press(Qt.Key.Key_Escape)
    await counter.hands.push("logInOffer")
    await go_down(counter, "twoAct", 2)
    await counter.quiet()


async def ended(counter: Counter) -> None:
    await ending(counter)
    await confirm(counter, OFFICER, code="654321")


async def declared_at_sign_in(counter: Counter) -> None:
    await declared(counter)
    await counter.hands.press(Qt.Key.Key_Escape)
    await counter.quiet()


async def deputising(counter: Counter) -> None:
    await begun(counter)
    await go_down(counter, "twoAct", 2)
    await counter.quiet()


async def deputising_heard(counter: Counter) -> None:
    await deputising(counter)
    await confirm(counter, OFFICER)
    await confirm(counter, CLERK)


async def deputy_typed(counter: Counter, last: str = "R8.11.22") -> None:
    await deputising_heard(counter)
    await counter.hands.type("twoTitle", TITLE)
    await counter.hands.type("twoName", NAME)
    await counter.hands.type("twoLast", last)
    await counter.quiet()


async def deputy_bad_days(counter: Counter) -> None:
    await deputy_typed(counter, "R8.12.30")
    await counter.hands.push("twoNext")
    await counter.quiet()


async def deputy_declared(counter: Counter) -> None:
    await deputy_typed(counter)
    await counter.hands.push("twoNext")
    await counter.quiet()


async def deputy_ending(counter: Counter) -> None:
    await deputy_declared(counter)
    await counter.hands.press(Qt.Key.Key_Escape)
    await counter.hands.push("logInOffer")
    await go_down(counter, "twoAct", 3)
    await confirm(counter, OFFICER, code="654321")


async def deputy_ended(counter: Counter) -> None:
    await deputy_ending(counter)
    await confirm(counter, CLERK, code="654321")


async def deputy_at_sign_in(counter: Counter) -> None:
    await deputy_declared(counter)
    await counter.hands.press(Qt.Key.Key_Escape)
    await counter.quiet()


async def both_at_sign_in(counter: Counter) -> None:
    await deputy_declared(counter)
    now = counter.world.clock()
    week = timedelta(days=7)
    made = Declaration(OFFICER, CLERK, Cause.FLOOD, now, now + week, now, week)
    await counter.world.declarations.declare(made)
    await counter.hands.press(Qt.Key.Key_Escape)
    await counter.quiet()


async def deputy_in_the_line(counter: Counter) -> None:
    await counter.sign_in()
    counter.world.link.usable = False
    since = counter.world.clock() - timedelta(minutes=12)
    day = counter.world.clock().date() + timedelta(days=2)
    off = replace(counter.facts, line=Line.OFFLINE, line_since=since, deputy_until=day)
    counter.show_status(off)
    await counter.quiet()


async def both_in_the_line(counter: Counter) -> None:
    await deputy_in_the_line(counter)
    counter.show_status(replace(counter.facts, declared_until=counter.world.clock() + timedelta(days=7)))
    await counter.quiet()


TWO_STATES: dict[str, states.Play] = {
    "two": begun,
    "two-wrong": one_wrong,
    "two-one-heard": one_heard,
    "two-twice-the-same": twice_the_same,
    "two-both-heard": both_heard,
    "two-not-the-same": not_the_same,
    "two-done": third_typed,
    "two-declaring": declaring,
    "two-declaring-heard": declaring_heard,
    "two-declared": declared,
    "two-declared-on-line": declared_on_line,
    "two-declared-at-sign-in": declared_at_sign_in,
    "two-ending": ending,
    "two-ended": ended,
    "two-deputising": deputising,
    "two-deputising-heard": deputising_heard,
    "two-deputy-typed": deputy_typed,
    "two-deputy-bad-days": deputy_bad_days,
    "two-deputy-declared": deputy_declared,
    "two-deputy-ending": deputy_ending,
    "two-deputy-ended": deputy_ended,
    "two-deputy-at-sign-in": deputy_at_sign_in,
    "two-both-at-sign-in": both_at_sign_in,
    "two-deputy-in-the-line": deputy_in_the_line,
    "two-both-in-the-line": both_in_the_line,
}

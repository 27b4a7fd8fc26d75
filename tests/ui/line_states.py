"""The states of the lines, as they are shown; beside those of the screens."""

from dataclasses import replace

from PySide6.QtCore import Qt

from client.domain.feed import Position
from client.domain.uplink import Uplink
from client.rules.link import after_failure, after_success, begin
from client.rules.usage import Bytes
from tests.ui import states
from tests.ui.drive import Counter
from ui.status import Facts, Line, UplinkFacts


def _with_lines(counter: Counter, **more: object) -> Facts:
    now, used = counter.world.clock(), (Bytes(41_200, 903_400), Bytes(), Bytes(3_100, 21_900))
    good = after_success(begin(now), now, ms=18)
    cut = after_failure(begin(now), now, code="link.timeout", probe=True, jitter=1.0)
    lines = tuple(
        UplinkFacts(uplink, state, watched, count)
        for uplink, state, watched, count in zip(
            (Uplink.MAIN, Uplink.SECOND, Uplink.MOBILE),
            (cut, good, begin(now)),
            (True, True, False),
            used,
            strict=True,
        )
    )
    return replace(counter.facts, uplinks=lines, carrying=Uplink.SECOND, **more)  # type: ignore[arg-type]  # a table of keyword arguments


async def second_line(counter: Counter) -> None:
    await states.resident(counter)
    counter.show_status(_with_lines(counter))


async def service_out(counter: Counter) -> None:
    await states.resident(counter)
    facts = _with_lines(counter, line=Line.PARTIAL, affected=("residents", "certificates"))
    counter.show_status(replace(facts, carrying=Uplink.MAIN))


async def lines(counter: Counter) -> None:
    await second_line(counter)
    await counter.hands.press(Qt.Key.Key_F3)


async def lines_to_fetch(counter: Counter) -> None:
    await states.empty(counter)
    nowhere = Position(None, None)
    facts = _with_lines(counter, line=Line.MOBILE, metered=True, position=nowhere, needs_fill=True)
    counter.show_status(replace(facts, carrying=Uplink.MOBILE))
    await counter.hands.press(Qt.Key.Key_F3)


async def lines_size(counter: Counter) -> None:
    await lines_to_fetch(counter)
    await counter.hands.push("linesAction")
    await counter.quiet()


LINE_STATES: dict[str, states.Play] = {
    "counter-second-line": second_line,
    "counter-service-out": service_out,
    "counter-lines": lines,
    "counter-lines-to-fetch": lines_to_fetch,
    "counter-lines-size": lines_size,
}

"""The states of a bundle on the replica's screen; beside those of the screens."""

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt

from client.domain.bundle import BundleKind
from client.domain.errors import RefusedError
from client.rules.filling import Pace
from tests.ui import carry_world, states
from tests.ui.drive import Counter
from ui.screens.replica.carry import Stage


async def shown(counter: Counter) -> None:
    await counter.sign_in()
    counter.show_status(counter.facts)
    await counter.hands.press(Qt.Key.Key_F4)
    counter.face.replica.take_in(Path("town.bundle"))
    await counter.quiet()


async def unfit(counter: Counter) -> None:
    bundle = carry_world.a_bundle(BundleKind.DELTA, made_by="T0002")
    counter.world.carrier.found = carry_world.carried(bundle, RefusedError("bundle.gap"))
    await shown(counter)


async def other_town(counter: Counter) -> None:
    bundle = carry_world.a_bundle(town="131016")
    counter.world.carrier.found = carry_world.carried(
        bundle, RefusedError("bundle.other_town", town="131016")
    )
    await shown(counter)


async def torn(counter: Counter) -> None:
    counter.world.carrier.found = RefusedError("bundle.torn")
    await shown(counter)


async def typing(counter: Counter) -> None:
    await shown(counter)
    await counter.hands.push("carryBegin")
    for line in carry_world.lines_of(1)[:3]:
        await counter.hands.type("carryShare", line)
    await counter.hands.type("carryShare", carry_world.lines_of(1)[3][:9])


async def slipped(counter: Counter) -> None:
    await typing(counter)
    fourth = carry_world.lines_of(1)[3]
    await counter.hands.type("carryShare", fourth[:-1] + ("7" if fourth[-1] != "7" else "8"))


async def passphrase(counter: Counter) -> None:
    await shown(counter)
    await counter.hands.push("carryBegin")
    await enter(counter, 1)


async def wrong_passphrase(counter: Counter) -> None:
    await passphrase(counter)
    await counter.hands.type("carryPassphrase", "machigai")
    await counter.hands.push("carryNext")
    await counter.quiet()


async def same_share(counter: Counter) -> None:
    await passphrase(counter)
    await say(counter, 1)
    await counter.hands.type("carryShare", carry_world.lines_of(1)[0])
    await counter.quiet()


async def opening(counter: Counter) -> None:
    """Shown as the model has it in mid-opening; nothing is under way, so that the picture stands still."""
    await shown(counter)
    carry, ticks = counter.face.replica.carry, iter([100.0, 102.0, 104.0])
    carry.stage, carry._done, carry._pace, carry._heard = Stage.OPENING, 0, Pace(), None
    carry._clock, carry._shown = lambda: next(ticks), 0.0
    for _ in range(3):
        carry._tell(9_000_000, 51_000_000, carry._visit)


async def proving(counter: Counter) -> None:
    await opening(counter)
    carry = counter.face.replica.carry
    carry._prove(carry._visit)


async def arrived(counter: Counter) -> None:
    counter.world.carrier.may_end.set()
    await passphrase(counter)
    await say(counter, 1)
    await enter(counter, 2)
    await say(counter, 2)
    await counter.quiet()


async def failed(counter: Counter) -> None:
    counter.world.carrier.trouble = RefusedError("bundle.unproven")
    await arrived(counter)


async def enter(counter: Counter, officer: int) -> None:
    for line in carry_world.lines_of(officer):
        await counter.hands.type("carryShare", line)


async def say(counter: Counter, officer: int) -> None:
    await counter.hands.type("carryPassphrase", carry_world.PASSPHRASES[officer - 1])
    await counter.hands.push("carryNext")
    await asyncio.sleep(0.05)


CARRY_STATES: dict[str, states.Play] = {
    "carry-shown": shown,
    "carry-unfit": unfit,
    "carry-other-town": other_town,
    "carry-torn": torn,
    "carry-typing": typing,
    "carry-slipped": slipped,
    "carry-passphrase": passphrase,
    "carry-wrong-passphrase": wrong_passphrase,
    "carry-same-share": same_share,
    "carry-opening": opening,
    "carry-proving": proving,
    "carry-arrived": arrived,
    "carry-failed": failed,
}

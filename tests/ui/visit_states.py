"""The states of a visit come back to, beside those of the screens."""

from dataclasses import replace

from client.domain.blocks import Block, BlockLevel, BlockProcess, ShienSochi
from client.domain.errors import SignInNeededError
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.world import WATANABE


async def _away(counter: Counter) -> None:
    """Lock, and let another clerk sit down and lock again."""
    for staff_id in ("s002", ""):
        counter.face.lock()
        await counter.quiet()
        if staff_id:
            await counter.sign_in(staff_id)
            await counter.quiet()


async def sheltered(counter: Counter) -> None:
    """Come back to a half-typed form about somebody who is under protection since then."""
    await states.tenkyo(counter)
    await _away(counter)
    measure = ShienSochi("m9", WATANABE, provisional=False, starts=None, ends=None)
    for register in (counter.world.live, counter.world.replica):
        register.restrictions = replace(
            register.restrictions, shien_sochi=(*register.restrictions.shien_sochi, measure)
        )
    await counter.sign_in()
    await counter.quiet()


async def blocked(counter: Counter) -> None:
    """Come back to a paper about somebody for whom issuing is blocked since then."""
    await states.ready(counter)
    await _away(counter)
    block = Block("b9", WATANABE, None, BlockProcess.ISSUE, BlockLevel.ERROR, "調査中", None, None)
    for register in (counter.world.live, counter.world.replica):
        register.restrictions = replace(register.restrictions, blocks=(*register.restrictions.blocks, block))
    await counter.sign_in()
    await counter.quiet()


async def lease_over(counter: Counter) -> None:
    """A counter whose offline lease is over, with whom to call."""
    counter.words._whom = "内線 2210"
    await counter.sign_in()
    counter.face.stop(SignInNeededError("sign_in.lease_over"))
    await counter.quiet()


VISIT_STATES = {"visit-sheltered": sheltered, "visit-blocked": blocked, "log-in-lease-over": lease_over}

"""The states of what blocks: of a release, from the blocked paper to its preview, and of end dates that come and pass."""

from dataclasses import replace
from datetime import timedelta

from PySide6.QtCore import Qt

from client.domain.blocks import BlockLevel, BlockProcess
from client.domain.calendar import tokyo_day
from client.domain.clerk import CloudSignIn
from tests.ui import states
from tests.ui.drive import Counter

REASON = "本人と面談し、写真付きの本人確認書類で確認"


async def offered(counter: Counter) -> None:
    """A protected person's paper that only the release is missing for."""
    await states.protected(counter)
    identity = await counter.hands.wait_for("identity")
    await counter.hands.press(Qt.Key.Key_Down, identity)
    await counter.quiet()


async def asked(counter: Counter) -> None:
    await offered(counter)
    await counter.hands.push("askRelease")


async def type_in(counter: Counter, who: str, staff_id: str, password: str = "aozora") -> None:  # noqa: S107 - a test's
    """Let somebody type their secrets."""
    await counter.hands.type(f"release{who}Staff", staff_id)
    await counter.hands.type(f"release{who}Password", password)
    await counter.hands.type(f"release{who}Code", "222222")


async def ends(counter: Counter) -> None:
    """A measure past its end date and a block in its last days, as who is responsible for both reads them."""
    register, today = counter.world.live, tokyo_day(counter.world.clock())
    measure, block = register.restrictions.shien_sochi[0], register.restrictions.blocks[0]
    register.restrictions = replace(
        register.restrictions,
        shien_sochi=(replace(measure, ends=today - timedelta(days=1)),),
        blocks=(
            replace(
                block,
                atena_no=measure.atena_no,
                process=BlockProcess.IDO,
                level=BlockLevel.ALERT,
                ends=today + timedelta(days=10),
            ),
        ),
    )
    await states.protected(counter)


async def missing(counter: Counter) -> None:
    await asked(counter)
    await counter.hands.push("releaseButton")


async def refused(counter: Counter) -> None:
    await asked(counter)
    await counter.hands.type("releaseReason", REASON)
    await counter.hands.type("releaseAskingName", "渡邉　花子")
    await type_in(counter, "Officer", "s001")
    await counter.hands.push("releaseButton")
    await counter.quiet()


async def off_line(counter: Counter) -> None:
    for staff_id in ("s002", "s003"):
        clerk = replace(counter.world.sign_in.clerk, staff_id=staff_id)
        person = CloudSignIn(replace(counter.world.sign_in, clerk=clerk), b"seed", 1, b"deposit")
        counter.world.keys.people[staff_id] = ("aozora", person)
    await offered(counter)
    counter.world.cut()
    await counter.hands.push("askRelease")
    await counter.hands.type("releaseReason", REASON)
    await counter.hands.type("releaseAskingName", "渡邉　花子")
    await type_in(counter, "Officer", "s002")
    await type_in(counter, "Second", "s003")


async def released(counter: Counter) -> None:
    await asked(counter)
    await counter.hands.type("releaseReason", REASON)
    await counter.hands.type("releaseAskingName", "渡邉　花子")
    await type_in(counter, "Officer", "s002")
    await counter.hands.push("releaseButton")
    await counter.hands.until(lambda: counter.shell.present == "certificate", "the preview", 5)
    await counter.quiet()


RELEASE_STATES: dict[str, states.Play] = {
    "release-offered": offered,
    "counter-ends": ends,
    "release": asked,
    "release-missing": missing,
    "release-refused": refused,
    "release-offline": off_line,
    "release-preview": released,
}

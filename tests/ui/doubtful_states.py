"""The states of the list of doubtful papers; beside those of the screens."""

from dataclasses import replace
from datetime import timedelta

from PySide6.QtCore import Qt

from client.domain.certificate import SheetState
from client.domain.doubtful import Done, SignOff, Why
from client.domain.resident import AtenaNo
from tests.builders import NOW
from tests.doubt_fakes import a_doubtful
from tests.ui import states
from tests.ui.drive import Counter


def some_papers(counter: Counter) -> None:
    """Put papers of every kind on the list."""
    signed = SignOff("s003", NOW - timedelta(minutes=3), Done.CONTACTED, "本人に電話で連絡し、旧票を回収")
    counter.world.doubts.papers = [
        a_doubtful(11, Why.TENSHUTSU),
        a_doubtful(14, Why.SHIEN_SOCHI, Why.IDO, subject=AtenaNo("1000000021")),
        a_doubtful(15, Why.BLOCK, Why.IDO, Why.DEATH, state=SheetState.SPOILED),
        a_doubtful(19, Why.UNKNOWN, subject=AtenaNo("1000000031")),
        a_doubtful(9, Why.DEATH, signed_off=signed),
    ]
    counter.world.doubts.unasked = 2


async def named(counter: Counter) -> None:
    await states.empty(counter)
    counter.show_status(replace(counter.facts, doubtful=3))


async def listed(counter: Counter) -> None:
    some_papers(counter)
    await named(counter)
    await counter.hands.press(Qt.Key.Key_F11)
    await counter.quiet()


async def nothing(counter: Counter) -> None:
    await states.empty(counter)
    await counter.hands.press(Qt.Key.Key_F11)
    await counter.quiet()


async def settled(counter: Counter) -> None:
    await listed(counter)
    await counter.hands.type("doubtfulRemark", "窓口で新しい写しと差し替え")
    await counter.hands.push("doubtfulReplaced")
    await counter.quiet()


async def remark_missing(counter: Counter) -> None:
    await listed(counter)
    await counter.hands.push("doubtfulContacted")
    await counter.quiet()


DOUBTFUL_STATES: dict[str, states.Play] = {
    "counter-doubtful": named,
    "doubtful": listed,
    "doubtful-empty": nothing,
    "doubtful-settled": settled,
    "doubtful-remark-missing": remark_missing,
}

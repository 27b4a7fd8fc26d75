"""P08 after a release: the paper says what was asked for and no more, and the block is back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt

from client.domain.certificate import Decided, IdentityCheck
from client.domain.clerk import CloudSignIn
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from printing.papers.juminhyo_copy import pages
from tests.promises.p08_town import HEAD, HOME, leaks
from tests.promises.test_p08_on_the_screen import ROWS, SECRETS, a_world, opened
from tests.ui.conftest import _nothing_of_qt_left, drive  # noqa: F401 - fixtures
from tests.ui.drive import Counter
from tests.ui.release_states import REASON, type_in
from ui.screens.certificate.model import Phase

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # of the dialog with large letters
Drive = Callable[..., None]
LINES = pytest.mark.parametrize("cut", [False, True], ids=["on line", "off line"])
OF_HEAD = [row for table, row in ROWS if table == "resident" and row["atena_no"] == HEAD]
OTHERS = [row for table, row in ROWS if table == "resident" and row["atena_no"] in HOME[1:]]


async def ask(counter: Counter, cut: bool) -> None:
    """Come to the release of the mother's own paper, her identity checked."""
    await counter.sign_in()
    for staff_id in ("s002", "s003"):
        clerk = replace(counter.world.sign_in.clerk, staff_id=staff_id)
        person = CloudSignIn(replace(counter.world.sign_in, clerk=clerk), b"seed", 1, b"deposit")
        counter.world.keys.people[staff_id] = ("aozora", person)
    if cut:
        counter.world.cut()
    await opened(counter, HEAD)
    model = counter.face.counter
    model.set_basket(replace(model.basket, juminhyo=True, identity=IdentityCheck.PHOTO))
    model.check(HEAD, on=True)
    await counter.quiet()
    await counter.hands.push("askRelease")


async def release(counter: Counter, cut: bool) -> None:
    """Let the officer release it, off line with a second beside; the preview is there."""
    await counter.hands.type("releaseReason", REASON)
    await counter.hands.type("releaseAskingName", "宮﨑　葵")
    await type_in(counter, "Officer", "s002")
    if cut:
        await type_in(counter, "Second", "s003")
    await counter.hands.push("releaseButton")
    await counter.hands.until(lambda: counter.shell.present == "certificate", "the preview", 5)
    await counter.quiet()
    assert counter.face.certificate.pictures


async def sheet(counter: Counter) -> None:
    await counter.hands.press(Qt.Key.Key_F12)
    await counter.quiet()


def gone(counter: Counter) -> None:
    """Nothing of the paper is on the screen, nor can it be printed from there."""
    shown = counter.face.certificate
    assert (shown.prepared, shown.pictures, shown.may_print, shown.may_reprint) == (None, (), False, False)


@LINES
def test_the_paper_says_what_was_released_and_afterwards_all_is_blocked_as_before(
    drive: Drive,  # noqa: F811 - the fixture
    cut: bool,
) -> None:
    kept: list[Decided] = []

    async def play(counter: Counter) -> None:
        world = counter.world
        await ask(counter, cut)
        await release(counter, cut)
        await sheet(counter)
        await counter.hands.push("handedOver")
        await counter.quiet()
        await counter.hands.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "counter"
        gone(counter)
        kept.extend(world.press.printed)
        model = counter.face.counter
        model.set_basket(replace(model.basket, juminhyo=True, identity=IdentityCheck.PHOTO))
        model.check(HEAD, on=True)
        await counter.quiet()
        assert model.may_ask_release, "the next one is blocked again"
        await counter.hands.press(Qt.Key.Key_F12)
        await counter.quiet()
        assert counter.shell.present == "counter"
        assert len(world.press.printed) == 1
        assert not leaks(world.ledger.journal, SECRETS)

    drive(play, world=a_world())
    (decided,) = kept
    words = "".join(
        field.text
        for page in pages(replace(decided, seal=None), FontChain(find_fonts()))
        for field in page.fields
    )
    newest = OF_HEAD[-1]
    assert str(newest["address_banchi"]) in words, "the walk reads the paper"
    for row in OTHERS:
        assert str(row["full_name"]).split("　")[1] not in words, "nobody else of the home is on it"
    for unasked in ("honseki", "remarks", "tenshutsu_to"):
        assert not newest.get(unasked) or str(newest[unasked]) not in words


@LINES
def test_a_preview_whose_release_is_over_prints_nothing_and_is_shown_no_longer(
    drive: Drive,  # noqa: F811 - the fixture
    cut: bool,
) -> None:
    async def play(counter: Counter) -> None:
        await ask(counter, cut)
        await release(counter, cut)
        counter.world.clock.forward(timedelta(minutes=10))
        await sheet(counter)
        assert counter.world.press.printed == []
        assert counter.face.certificate.note is not None
        gone(counter)

    drive(play, world=a_world())


@LINES
def test_a_spoiled_sheet_is_made_again_by_no_release_that_was_used(
    drive: Drive,  # noqa: F811 - the fixture
    cut: bool,
) -> None:
    async def play(counter: Counter) -> None:
        await ask(counter, cut)
        await release(counter, cut)
        await sheet(counter)
        shown = counter.face.certificate
        shown.spoil("jam")
        await counter.quiet()
        assert shown.phase is Phase.DONE
        shown.reprint()
        await counter.quiet()
        assert len(counter.world.press.printed) == 1
        gone(counter)
        assert [line.tone for line in shown.lines()] == ["warn"], "what became of the first stays told"

    drive(play, world=a_world())

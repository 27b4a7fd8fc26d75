"""P08: lists and files tell no hidden address: the queue, the book, its extract, its analyses."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from client.domain.clerk import Right
from client.domain.errors import RefusedError
from client.domain.journal import BookLine, Wanted
from client.domain.query import Query
from client.domain.resident import Address
from client.jobs.analyse_book import AnalyseBook
from client.jobs.follow_intakes import FollowIntakes
from client.jobs.look_in_book import LookInBook
from client.rules.book_analyses import Thresholds
from client.rules.intakes.moves import TENKYO
from tests.builders import an_entry
from tests.promises.p08_town import FORMER, GRANDMOTHER, HEAD, HOME, Counter, leaks, open_counter, request_for
from ui.doors import utc_now

pytestmark = [pytest.mark.long, pytest.mark.asyncio]

NEW = Address("みどり県あおぞら市曙町四丁目", "77番7号", "かくれ荘七〇七", postcode="999-7777")


@pytest_asyncio.fixture
async def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    async with open_counter(tmp_path, monkeypatch) as opened:
        yield opened


async def worked(counter: Counter) -> frozenset[str]:
    """Let a clerk do all that touches the home, with a line and without; returns what may stand nowhere."""
    places = sorted(counter.secrets)
    for counter.link.usable, place in itertools.product((True, False), places):
        await counter.find.find(counter.sign_in, Query(place=place, past=True, removed=True))
        await counter.find.find(counter.sign_in, Query(typed=f"みやざき {place}"))
    for counter.link.usable, number in itertools.product((True, False), (*HOME, FORMER)):
        await counter.find.household(counter.sign_in, number, identity_checked=True)
        with pytest.raises(RefusedError):
            await counter.issue.prepare(counter.sign_in, request_for(number, HEAD, number))
    household = (
        await counter.find.household(counter.sign_in, GRANDMOTHER, identity_checked=True)
    ).value.household
    day = utc_now().date() - timedelta(days=1)
    await counter.queue.take(counter.sign_in, TENKYO, an_entry(household, GRANDMOTHER, HOME, NEW, day))
    return counter.secrets | {NEW.text, NEW.banchi, NEW.katagaki}


def words_of(line: BookLine) -> tuple[str, ...]:
    """Return all there is of a line: whatever words a screen makes of it, it has no more to make them of."""
    return (repr(line), *line.subjects, *(f"{name}={fact}" for name, fact in line.facts.items()))


def analyse_of(counter: Counter, folder: Path) -> AnalyseBook:
    async def write(path: Path, content: bytes) -> None:
        path.write_bytes(content)

    ledger = counter.stores.ledger
    return AnalyseBook(ledger.journal, ledger, write, now=utc_now, thresholds=Thresholds(), folder=folder)


async def test_the_books_extract_and_analyses_hold_numbers_and_no_place(
    counter: Counter, tmp_path: Path
) -> None:
    secrets = await worked(counter)
    folder = tmp_path / "out"
    folder.mkdir()
    analyse = analyse_of(counter, folder)
    path = await analyse.export_lines(counter.sign_in, Wanted(), words_of, ("行",))
    written = path.read_text("utf-8-sig")
    assert HEAD in written, "the walk is in it"
    assert not leaks(written, secrets)
    found = await analyse.analyse(counter.sign_in, Wanted())
    assert not leaks(found, secrets)


async def test_a_line_of_the_book_names_nobody_of_the_home_to_an_officer_without_the_right(
    counter: Counter,
) -> None:
    secrets = await worked(counter)
    ledger = counter.stores.ledger
    book = LookInBook(ledger.journal, ledger.journal, ledger, counter.stores.replica, now=utc_now)
    clerk = counter.sign_in.clerk
    officer = replace(counter.sign_in, clerk=replace(clerk, rights=clerk.rights - {Right.SHIEN_SOCHI}))
    page = await book.page(counter.sign_in, Wanted(subject=HEAD))
    assert page.lines
    for line in page.lines:
        told = await book.told(officer, line)
        assert not leaks(told, secrets)
        assert not leaks([one for one in told.people if one.number in HOME], ["宮﨑"])
        assert leaks(await book.told(counter.sign_in, line), ["宮﨑"]), "who answers for it reads who it was"


async def test_the_queue_lists_what_was_taken_in_without_a_word_of_it(counter: Counter) -> None:
    secrets = await worked(counter)
    followed = await FollowIntakes(counter.stores.ledger, counter.stores.replica, now=utc_now)(200)
    waiting = [change for change in followed.changes if GRANDMOTHER in change.residents]
    assert waiting
    assert not leaks(followed, secrets)
    assert all(not change.readable for change in waiting)

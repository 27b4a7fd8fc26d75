"""Attachments over real TLS: parts lost, doubled, cut and out of order, deaths of both sides; each arrives once, whole."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import pytest_asyncio

from client.api.attachments import AttachmentBox
from client.domain.attachment import Attachment, Limits
from client.jobs.attach_file import AttachFile
from client.jobs.send_attachments import SendAttachments
from client.rules.attachments import PART, parts_of, span
from tests.attached_builders import PDF, PNG, a_file, a_photo, no_attachments
from tests.fakes import MemoryLink
from tests.promises.p02_terminal import Terminal, Town

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
PATH = "/v1/attachments"
FAULTS = (
    *("lost_answer", "answer_twice", "cut_midway", "busy", "error", "reset", "portal"),
    *("garbage", "wrong_length", "delay"),
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.cloud.close()


@pytest_asyncio.fixture
async def terminal(town: Town, tmp_path: Path) -> AsyncIterator[Terminal]:
    town.calm()
    made = await Terminal(town, tmp_path).open()
    yield made
    await made.close()


def sender_of(terminal: Terminal) -> SendAttachments:
    ledger = terminal.ledger
    return SendAttachments(
        AttachmentBox(terminal.http),
        ledger.attachments,
        ledger.attachment_files,
        ledger,
        MemoryLink(),
        may_cross=lambda: True,
        now=lambda: terminal.now() + terminal.ahead,
        jitter=lambda: 0.5,
    )


async def attached(terminal: Terminal, *photos: bytes) -> tuple[Attachment, ...]:
    """Take an intake in with photos beside it."""
    attach = AttachFile(
        terminal.ledger.attachment_files, limits=Limits(), now=terminal.now, random=os.urandom
    )
    key, found = attach.new_key(), []
    for photo in photos:
        found.append(await attach(a_file(terminal.folder / "stick", photo), key, no_attachments))
    household = random.choice(terminal.town.households())  # noqa: S311 no secret
    await terminal.move(household, beside=tuple(found))
    return tuple(found)


async def everything_sent(terminal: Terminal) -> None:
    for _ in range(40):
        await terminal.drain()
        await sender_of(terminal).drain()
        counts = await terminal.ledger.outbox_counts()
        if not (counts.waiting or counts.attachments):
            return
    raise AssertionError(counts)


def stands(terminal: Terminal, one: Attachment) -> tuple[str, int, bool]:
    """Return what the cloud's own database says of one: its hash as the parts make it, how many, and whether it is whole."""
    rows = terminal.town.rows("SELECT content FROM attachment_part WHERE key = ? ORDER BY place", one.key)
    (line,) = terminal.town.rows("SELECT whole_at FROM attachment WHERE key = ?", one.key)
    whole = b"".join(row["content"] for row in rows)
    return sha256(whole).hexdigest(), len(rows), line["whole_at"] is not None


def wanted(one: Attachment) -> tuple[str, int, bool]:
    return one.sha256, parts_of(one.size), True


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_each_kind_leaves_each_whole_and_once(
    town: Town, terminal: Terminal, fault: str
) -> None:
    beside = await attached(terminal, a_photo(2 * PART), a_photo(500, begins=PNG, seed=2))
    await terminal.drain(2)
    town.plan(fault, 4, PATH)
    await everything_sent(terminal)
    assert [stands(terminal, one) for one in beside] == [wanted(one) for one in beside]


# httpcore leaves the socket of a TLS handshake that was cancelled to the collector, which warns of it.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in.*(Transport|socket):pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("seed", [0, *(pytest.param(one, marks=pytest.mark.slow) for one in range(1, 4))])
async def test_a_storm_with_deaths_of_both_sides_leaves_each_whole_and_once(
    town: Town, terminal: Terminal, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 the weather
    beside: list[Attachment] = []
    for number in range(8):
        town.plan(chance.choice(FAULTS), chance.randint(1, 3), PATH)
        photo = a_photo(chance.randint(20, 6 * PART), begins=chance.choice((PDF, PNG)), seed=number)
        beside += await attached(terminal, photo)
        await terminal.drain()
        sending = asyncio.create_task(sender_of(terminal).drain())
        dies = chance.random() < 0.6
        if dies:  # in the middle of a part
            await asyncio.sleep(chance.uniform(0, 0.1))
            sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        if dies:
            await terminal.restart()
        if number == 4:
            await asyncio.to_thread(town.again)
    await everything_sent(terminal)
    assert [stands(terminal, one) for one in beside] == [wanted(one) for one in beside]


async def test_parts_out_of_order_at_once_and_again_make_the_same_whole(terminal: Terminal) -> None:
    (one,) = await attached(terminal, a_photo(5 * PART))
    await terminal.drain(2)
    box, files, parts = AttachmentBox(terminal.http), terminal.ledger.attachment_files, parts_of(one.size)
    await box.announce(one, parts)

    async def bring(place: int) -> None:
        await box.put(one, place, await files.read(one, *span(place, one.size)))

    order = [*range(1, parts), *range(1, parts)]
    random.Random(7).shuffle(order)  # noqa: S311 the weather
    await asyncio.gather(*map(bring, order))
    assert not stands(terminal, one)[2]
    await everything_sent(terminal)
    assert stands(terminal, one) == wanted(one)
    change = (await terminal.ledger.outbox(settled=True))[-1]
    assert change.attached.all_there

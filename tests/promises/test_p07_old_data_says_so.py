"""P07: old data says so. A real replica, filled and confirmed at known times, and a clock that is moved."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pypdf
import pytest
import pytest_asyncio

from client.domain.as_of import Source
from client.domain.certificate import CertificateRequest, IdentityCheck, Requester
from client.domain.errors import RefusedError
from client.domain.feed import Feed
from client.domain.resident import AtenaNo
from client.jobs.issue_copy import Prepared
from client.rules import freshness
from offline.store.stores import FileStores
from printing.desk.press import FilePress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from tests.builders import a_request
from tests.fakes import FakeClock
from tests.promises.issuing_desk import KEYS, IssuingDesk, hours
from tests.store_builders import SmallRegister, a_person, a_register, fill

pytestmark = pytest.mark.asyncio

WHO = AtenaNo("1000000003")  # the first of a household of three
A_MINUTE = 1 / 60
OLD_REGISTER, OLD_BLOCKS = {freshness.WARN_REGISTER}, {freshness.WARN_BLOCKS}


class Replica:
    """The desk with its replica, and a hand on the age of each feed."""

    def __init__(self, desk: IssuingDesk, register: SmallRegister, clock: FakeClock) -> None:
        self.desk = desk
        self.register = register
        self.clock = clock

    async def confirmed(self, feed: Feed, ago: float) -> None:
        """Let a feed have been known to be the newest some hours ago."""
        at = self.clock() - hours(ago)
        await self.desk.stores.replica.confirm(feed, self.register.versions[feed], at)

    async def aged(self, register: float, blocks: float) -> None:
        """Let time pass since the fill, then the word on each feed come as long ago as said."""
        self.clock.forward(timedelta(days=60))
        await self.confirmed(Feed.REGISTER, register)
        await self.confirmed(Feed.BLOCKS, blocks)

    async def prepare(self, **changes: object) -> Prepared:
        request: CertificateRequest = replace(a_request(WHO), subject=WHO, **changes)  # type: ignore[arg-type]  # fields of the request, by name
        return await self.desk.job.prepare(self.desk.clerk, request)

    async def refusal(self, **changes: object) -> RefusedError:
        with pytest.raises(RefusedError) as caught:
            await self.prepare(**changes)
        return caught.value


@pytest_asyncio.fixture
async def replica(tmp_path: Path) -> AsyncIterator[Replica]:
    clock = FakeClock()
    press = FilePress(FontChain(find_fonts()), tmp_path / "papers", "プリンタ001")
    desk = IssuingDesk(tmp_path / "data", press, clock, real_replica=True, show_as_of=True)
    await desk.open()
    register = a_register([a_person(3, household_no="2000000001"), a_person(4, order_no=2)])
    await fill(desk.stores, register)
    yield Replica(desk, register, clock)
    press.close()
    await desk.stores.close()


@pytest.mark.parametrize(
    ("register", "blocks", "warned"),
    [
        (0, 0, set()),
        (24, 4, set()),
        (24 + A_MINUTE, 0, OLD_REGISTER),
        (0, 4 + A_MINUTE, OLD_BLOCKS),
        (72, 24, OLD_REGISTER | OLD_BLOCKS),
    ],
)
async def test_up_to_the_stop_age_a_paper_is_made_and_the_clerk_is_warned(
    replica: Replica, register: float, blocks: float, warned: set[str]
) -> None:
    await replica.aged(register, blocks)
    prepared = await replica.prepare()
    assert prepared.offline
    assert set(prepared.warnings) == warned
    assert prepared.decided.as_of.source is Source.REPLICA
    assert prepared.decided.as_of.register_at == replica.clock() - hours(register)
    assert prepared.decided.as_of.blocks_at == replica.clock() - hours(blocks)


@pytest.mark.parametrize(
    ("register", "blocks", "said"),
    [(72 + A_MINUTE, 0, 72), (0, 24 + A_MINUTE, 24), (71, 25, 25), (500, 500, 500)],
)
async def test_beyond_it_is_refused_with_its_age_and_the_refusal_is_in_the_book(
    replica: Replica, register: float, blocks: float, said: int
) -> None:
    await replica.aged(register, blocks)
    error = await replica.refusal()
    assert (error.code, error.facts["hours"]) == ("refused.too_old", said)
    (line,) = await replica.desk.ledger.journal_tail(1)
    assert (line.entry.kind, line.entry.facts["code"]) == ("refusal", "refused.too_old")
    assert await replica.desk.ledger.copies(replica.clock().date()) == ()


async def test_the_officers_declaration_opens_the_register_for_a_week_and_the_blocks_for_nobody(
    replica: Replica,
) -> None:
    await replica.aged(7 * 24, 0)
    replica.desk.declared = True
    assert set((await replica.prepare()).warnings) == OLD_REGISTER
    await replica.aged(7 * 24 + A_MINUTE, 0)
    assert (await replica.refusal()).code == "refused.too_old"
    await replica.aged(0, 24 + A_MINUTE)
    assert (await replica.refusal()).code == "refused.too_old"


async def test_time_passing_alone_brings_warning_and_stop(replica: Replica) -> None:
    await replica.aged(0, 0)
    warned = []
    for _ in range(4):
        warned.append(set((await replica.prepare()).warnings))
        replica.clock.forward(hours(8))
    assert warned == [set(), OLD_BLOCKS, OLD_BLOCKS, OLD_BLOCKS]
    assert (await replica.refusal()).code == "refused.too_old"  # 32 hours without a word on the blocks


async def test_what_grew_too_old_in_the_preview_is_not_printed(replica: Replica) -> None:
    await replica.aged(0, 23)
    prepared = await replica.prepare()
    replica.clock.forward(hours(1.1))
    with pytest.raises(RefusedError, match="too_old"):
        await replica.desk.job.issue(replica.desk.clerk, prepared)
    assert list((replica.desk.folder.parent / "papers").glob("*")) == []


async def test_a_clock_put_back_does_not_make_data_young(replica: Replica) -> None:
    await replica.aged(70, 20)
    replica.clock.forward(-timedelta(days=3))
    assert (await replica.refusal()).code == "refused.clock_off"


async def test_an_age_outlives_a_restart(replica: Replica) -> None:
    await replica.aged(71, 1)
    stores: FileStores = replica.desk.stores
    await stores.close()
    await stores.open(KEYS)
    assert set((await replica.prepare()).warnings) == OLD_REGISTER
    replica.clock.forward(hours(2))
    await stores.close()
    await stores.open(KEYS)
    assert (await replica.refusal()).code == "refused.too_old"


async def test_a_batch_makes_its_own_feed_young_and_not_the_other(replica: Replica) -> None:
    await replica.aged(80, 30)
    replica.register.at = replica.clock()
    await replica.desk.stores.replica.apply(replica.register.put("resident", a_person(9)))
    error = await replica.refusal()
    assert (error.code, error.facts["hours"]) == ("refused.too_old", 30)  # the blocks are as old as ever
    await replica.confirmed(Feed.BLOCKS, 0)
    assert (await replica.prepare()).warnings == ()


async def test_who_has_to_wait_for_the_officer_waits_however_fresh_the_data(replica: Replica) -> None:
    await replica.aged(0, 0)
    assert (await replica.refusal(requester=Requester.PROXY)).code == "refused.officer_needed"
    assert (await replica.refusal(identity=IdentityCheck.TWO_DOCUMENTS)).code == "refused.officer_needed"
    replica.desk.declared = True
    assert (await replica.prepare(requester=Requester.PROXY)).offline


async def test_the_paper_states_its_time_where_the_town_wants_it(replica: Replica) -> None:
    await replica.aged(26, 1)
    prepared = await replica.prepare()
    await replica.desk.job.issue(replica.desk.clerk, prepared)
    (paper,) = (replica.desk.folder.parent / "papers").glob("*.pdf")
    text = "".join(page.extract_text() for page in pypdf.PdfReader(paper).pages)
    assert as_shown(replica.clock() - hours(26)) in "".join(text.split())


def as_shown(at: datetime) -> str:
    """Return the time of the register's state as the paper words it, to the minute, in Tokyo."""
    local = at + timedelta(hours=9)
    return f"{local.hour}時{local.minute}分"

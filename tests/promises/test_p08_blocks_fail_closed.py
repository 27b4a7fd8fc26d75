"""P08: where protected people live is told by no search, view, slip, line or error; their papers do not come out."""

import itertools
import logging
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client import logs
from client.api import codec
from client.domain.certificate import IdentityCheck, Requester
from client.domain.errors import CounterError, RefusedError
from client.domain.feed import Feed
from client.domain.query import Query
from client.domain.resident import Address
from client.jobs.ports import Register
from client.rules.intakes.moves import TENKYO
from cloud.register import put
from cloud.residents import search
from cloud.search_words import Asked
from cloud.tenant import open_tenant
from offline.store import door, replica_file, residents, sums
from offline.store import search as store_search
from offline.store.rows import contract
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from printing.papers import intake_slip
from tests.builders import an_entry
from tests.cloud.cloud_builders import CODE, tiny_town
from tests.cloud.shaped import shaped
from tests.promises.p08_town import (
    CHILD,
    FORMER,
    GRANDMOTHER,
    HEAD,
    HOME,
    WATANABE,
    Counter,
    Row,
    leaks,
    open_counter,
    request_for,
)
from tests.store_builders import a_person

pytestmark = pytest.mark.long

TYPED = (
    *("みや", "みやざき", "ミヤザキ　メグミ", "宮崎", "宮﨑　恵", "フミ", "つよし", "ひな"),
    *("S58.4.12", "19900718", "H2.7.18", *HOME, FORMER),
)
AS_PLACE = (
    *(
        "泉",
        "泉三丁目",
        "みどり県あおぞら市泉三丁目",
        "18番6号",
        "１８番６号",
        "みどり県あおぞら市泉三丁目18番6号",
    ),
    *("県営旭町団地7号棟204号", "団地", "みなと市", "みどり県みなと市浜町一丁目4番22号", "999-", "204"),
)
THERE = frozenset((*HOME, FORMER))


@pytest_asyncio.fixture
async def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    async with open_counter(tmp_path, monkeypatch) as opened:
        yield opened


def both(counter: Counter) -> tuple[Register, Register]:
    return counter.live, counter.stores.replica


# What a search says


@pytest.mark.asyncio
async def test_neither_search_says_where_anybody_of_a_protected_household_lives(counter: Counter) -> None:
    assert len(counter.secrets) >= 4
    for register, typed, removed in itertools.product(both(counter), TYPED, (False, True)):
        hits = (await register.find(Query(typed=typed, removed=removed), limit=200)).value
        assert not leaks(hits, counter.secrets), (typed, removed)
        assert all(hit.address is None for hit in hits if hit.atena_no in THERE)
    for register in both(counter):
        found = {
            hit.atena_no: hit
            for hit in (await register.find(Query(typed="みやざき", removed=True), limit=200)).value
        }
        assert set(found) >= THERE  # hidden is the place, not the people
        assert [found[one].protected for one in (HEAD, CHILD, GRANDMOTHER, FORMER)] == [
            True,
            True,
            False,
            False,
        ]
        others = (await register.find(Query(typed="わたなべ"), limit=200)).value
        assert all(hit.address for hit in others if hit.atena_no in WATANABE)


@pytest.mark.asyncio
async def test_a_place_that_is_searched_finds_nobody_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_counter(tmp_path, monkeypatch, ("view", "issue", "accept", "officer")) as counter:
        for register, place, removed in itertools.product(both(counter), AS_PLACE, (False, True)):
            for query in (
                Query(typed=place),
                Query(typed=f"みやざき {place}"),  # nor does it confirm a guess
                Query(place=place, past=True),
                Query(name="みやざき", place=place, past=True),
            ):
                hits = (await register.find(replace(query, removed=removed), limit=200)).value
                assert not THERE & {hit.atena_no for hit in hits}, query


@pytest.mark.asyncio
async def test_who_answers_for_the_protection_searches_hidden_places_too(counter: Counter) -> None:
    for register in both(counter):
        query = Query(place="泉三丁目18番6号", removed=True, sheltered=True)
        hits = (await register.find(query, limit=200)).value
        assert {hit.atena_no for hit in hits} == THERE
        assert all(hit.address is None for hit in hits)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "columns",
    [
        {"ends": "2020-01-01"},
        {"starts": "2099-01-01"},
        {"provisional": True},
        {"provisional": True, "starts": "2019-01-02", "ends": "2019-12-31"},
    ],
)
async def test_no_date_and_no_provisional_word_lifts_anything(counter: Counter, columns: Row) -> None:
    son = WATANABE[2]
    await counter.protect(son, **columns)
    for register in both(counter):
        hits = (await register.find(Query(typed="わたなべ"), limit=200)).value
        assert {hit.address for hit in hits if hit.atena_no in WATANABE} == {None}
    for counter.link.usable in (True, False):
        view = (await counter.find.household(counter.sign_in, WATANABE[0])).value
        assert view.masked
        with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
            await counter.issue.prepare(counter.sign_in, request_for(son))


MEASURES = st.fixed_dictionaries(
    {"provisional": st.booleans()},
    optional={
        name: st.dates(date(2000, 1, 1), date(2060, 1, 1)).map(date.isoformat) for name in ("starts", "ends")
    },
)
STATUSES = st.sampled_from(["resident", "resident", "resident", "tenshutsu", "death"])


@st.composite
def registers(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    people = [
        a_person(
            number,
            household_no=f"{2000000000 + draw(st.integers(0, 3))}",
            furigana=draw(st.sampled_from(["ワタナベ　タロウ", "ハタ　ハナコ", "イシカワ　タツオ"])),
            full_name=draw(st.sampled_from(["渡邉　太郎", "波多　花子", "石川　龍男"])),
            status=draw(STATUSES),
        )
        for number in range(draw(st.integers(1, 7)))
    ]
    protected = draw(st.lists(st.integers(0, 8), max_size=3, unique=True))
    measures: list[Row] = [
        {"measure_id": f"m{number}", "atena_no": f"{1000000000 + number}", **draw(MEASURES)}
        for number in protected  # also of people who are not here yet
    ]
    return people, measures


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=registers(), typed=st.sampled_from(["わた", "た", "渡辺", "たろう", "石", "1000000001"]))
def test_in_any_register_both_searches_hide_the_same_and_in_the_same_order(
    drawn: tuple[list[Row], list[Row]], typed: str
) -> None:
    people, measures = drawn
    measured = {row["atena_no"] for row in measures}
    sheltered = {row["household_no"] for row in people if row["atena_no"] in measured}
    rows = [*((table, row) for table, row in tiny_town() if table not in {"resident", "shien_sochi"})]
    rows += [*(("resident", row) for row in people), *(("shien_sochi", row) for row in measures)]
    with tempfile.TemporaryDirectory() as folder:
        tenant = open_tenant(Path(folder), CODE, town=lambda: rows, engine=shaped(Path(folder)))
        with tenant.register.reading() as connection:
            live = search(connection, CODE, Asked(typed, removed=True), limit=50)
        tenant.close()
    local = door.open_connection(Path(":memory:"), bytes(32))
    replica_file.first_shape(local)
    for table, row in rows:
        contract()[table].insert(local, bytes(32), [row])
    store_search.rebuild(local)
    store_search.index(local)
    for feed in Feed:
        sums.set_position(local, feed, 1, datetime.now(UTC))
    hits = residents.find(local, store_search.Finder(), Query(typed=typed, removed=True), limit=50).value
    assert [(hit["atena_no"], hit["address"]) for hit in live] == [
        (hit.atena_no, hit.address) for hit in hits
    ]
    assert all((hit.address is None) is (hit.household_no in sheltered) for hit in hits)
    for hit in hits:
        household = residents.household_of(local, hit.atena_no).value
        found = residents.restrictions_of(local, household).value
        assert bool(found.shien_sochi) is (hit.household_no in sheltered)
        alone = replace(household, members=household.members[:1])  # as the cloud shows one who has left
        assert residents.restrictions_of(local, alone).value.shien_sochi == found.shien_sochi
        told = leaks(residents.history_of(local, hit.atena_no).value, ["番3号"])
        assert bool(told) is (hit.household_no not in sheltered)
    local.close()


# What views, lines, slips and errors say


@pytest.mark.asyncio
@pytest.mark.parametrize("usable", [True, False])
async def test_no_view_says_where_until_the_visitor_is_checked(counter: Counter, usable: bool) -> None:
    counter.link.usable = usable
    for atena_no in (*HOME, FORMER):
        view = (await counter.find.household(counter.sign_in, atena_no)).value
        assert view.masked
        assert not leaks(view, counter.secrets), atena_no
    known = (await counter.find.household(counter.sign_in, HEAD, identity_checked=True)).value
    assert leaks(known, counter.secrets)  # what was hidden was there to be found
    assert not (await counter.find.household(counter.sign_in, WATANABE[0])).value.masked


@pytest.mark.asyncio
async def test_the_history_says_no_places_on_either_side(counter: Counter) -> None:
    for atena_no in (*HOME, FORMER):
        path = f"/v1/residents/{atena_no}/history"
        answer = await counter.http.call("GET", path, token=counter.sign_in.access_token)
        rows = answer.decode(codec.Rows).rows
        assert rows
        assert not leaks(rows, counter.secrets)
        assert not leaks((await counter.stores.replica.history_of(atena_no)).value, counter.secrets)
    assert leaks((await counter.stores.replica.history_of(WATANABE[0])).value, ["2番3号"])


NEW = Address("みどり県あおぞら市曙町四丁目", "77番7号", "かくれ荘七〇七", postcode="999-7777")


@pytest.mark.asyncio
@pytest.mark.parametrize("usable", [True, False])
async def test_a_move_taken_in_is_told_by_no_view_line_slip_or_journal(
    counter: Counter, usable: bool
) -> None:
    counter.link.usable = usable
    household = (await counter.find.household(counter.sign_in, GRANDMOTHER)).value.household
    day = datetime.now(UTC).date() - timedelta(days=1)
    draft = an_entry(household, GRANDMOTHER, HOME, NEW, day)
    change = await counter.queue.take(counter.sign_in, TENKYO, draft)
    secrets = counter.secrets | {NEW.text, NEW.banchi, NEW.katagaki}
    for atena_no in HOME:
        view = (await counter.find.household(counter.sign_in, atena_no)).value
        assert view.pending
        assert not leaks(view, secrets)
    await counter.slip(counter.sign_in, change)
    (slip,) = counter.press.slips
    (page,) = intake_slip.pages(slip, FontChain(find_fonts()))
    assert not leaks((slip, page), secrets)
    assert leaks(page, ["宮﨑"])
    ledger = counter.stores.ledger
    assert not leaks(await ledger.journal_tail(1000), secrets)
    assert not leaks(repr(await ledger.outbox()), secrets)
    with pytest.raises(RefusedError) as caught:
        await counter.queue.take(counter.sign_in, TENKYO, draft)
    assert not leaks((caught.value.code, caught.value.facts, repr(caught.value)), secrets)


@pytest.mark.asyncio
async def test_log_files_and_errors_say_nothing(
    counter: Counter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logs.set_up(tmp_path / "logs", level=logging.DEBUG)
    try:
        for counter.link.usable in (True, False):
            for typed in (*TYPED, *AS_PLACE):
                await counter.find.find(counter.sign_in, Query(typed=typed))
            for atena_no in HOME:
                await counter.find.household(counter.sign_in, atena_no, identity_checked=True)
                with pytest.raises(CounterError) as caught:
                    await counter.issue.prepare(counter.sign_in, request_for(atena_no, HEAD, atena_no))
                assert not leaks((caught.value.facts, repr(caught.value)), counter.secrets)
                logs.logger().warning("refused", **logs.facts_of(caught.value))
                logs.logger().info("found", where=next(iter(counter.secrets)), staff_id=str(atena_no))
        written = "".join(path.read_text("utf-8") for path in (tmp_path / "logs").iterdir())
    finally:
        logs.set_up(None)
    assert written.count("refused.shien_sochi") == 6
    escaped = {secret.encode("unicode_escape").decode() for secret in counter.secrets}
    assert not leaks(written + caplog.text, counter.secrets | escaped)
    assert not leaks(await counter.stores.ledger.journal_tail(10_000), counter.secrets)


# Papers


@pytest.mark.asyncio
@pytest.mark.parametrize("usable", [True, False])
async def test_no_paper_of_a_household_with_a_protected_person_comes_out(
    counter: Counter, usable: bool
) -> None:
    counter.link.usable = usable
    groups = [group for size in (1, 2, 3) for group in itertools.combinations(HOME, size)]
    for group, requester in itertools.product(groups, Requester):
        request = replace(request_for(group[0], *group), requester=requester, purpose="裁判")
        for identity in (IdentityCheck.PHOTO, IdentityCheck.NONE):
            with pytest.raises(RefusedError) as caught:
                await counter.issue.prepare(counter.sign_in, replace(request, identity=identity))
            assert caught.value.code == "refused.shien_sochi"
    assert counter.press.printed == []
    refusals = [
        line for line in await counter.stores.ledger.journal_tail(1000) if line.entry.kind == "refusal"
    ]
    assert len(refusals) >= 60  # each in the book


ARRIVALS: dict[str, tuple[str, Row]] = {
    "shien_sochi": ("shien_sochi", {"measure_id": "late", "atena_no": WATANABE[1], "provisional": True}),
    "block": ("block", {"block_id": "late", "atena_no": WATANABE[0], "process": "issue", "level": "error"}),
    "household": (
        "block",
        {"block_id": "late", "household_no": "", "process": "issue", "level": "error"},
    ),
}


@pytest.mark.asyncio
@pytest.mark.parametrize("line", ["up", "down", "cut in between"])
@pytest.mark.parametrize("what", sorted(ARRIVALS))
async def test_what_comes_in_while_a_preview_is_open_stops_the_print(
    counter: Counter, line: str, what: str
) -> None:
    home = (await counter.live.household_of(WATANABE[0])).value
    table, row = ARRIVALS[what]
    row = row | ({"household_no": str(home.household_no)} if what == "household" else {})
    counter.link.usable = line != "down"
    prepared = await counter.issue.prepare(counter.sign_in, request_for(WATANABE[0], *WATANABE))
    await counter.issue.preview(prepared)
    counter.commit("blocks", put(table, row))
    if line != "up":
        await counter.sync.round()  # the blocks come first, over whatever line there is
    counter.link.usable = line == "up"
    with pytest.raises(RefusedError, match=r"refused\.(shien_sochi|blocked)"):
        await counter.issue.issue(counter.sign_in, prepared)
    assert counter.press.printed == []
    assert await counter.stores.ledger.copies(datetime.now(UTC).date()) == ()


@pytest.mark.asyncio
async def test_a_measure_for_a_housemate_that_comes_in_meanwhile_stops_the_paper_before_it_is_printed(
    counter: Counter,
) -> None:
    prepared = await counter.issue.prepare(counter.sign_in, request_for(WATANABE[0]))
    await counter.protect(WATANABE[3])
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.issue.issue(counter.sign_in, prepared)
    assert counter.press.printed == []


@pytest.mark.asyncio
async def test_a_line_cut_between_preview_and_print_prints_what_was_seen(counter: Counter) -> None:
    prepared = await counter.issue.prepare(counter.sign_in, request_for(WATANABE[0], *WATANABE))
    counter.link.usable = False
    (issued,) = await counter.issue.issue(counter.sign_in, prepared)
    assert counter.press.printed[0].members == prepared.decided.members
    assert issued.trouble is None

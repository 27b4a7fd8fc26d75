"""P08: a list names who may not be looked at and says no more of them; and no search is an oracle of a hidden address."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.api import codec
from client.domain.calendar import RegisterDate
from client.domain.errors import RefusedError
from client.domain.feed import Feed
from client.domain.query import Match, Query
from client.domain.resident import AtenaNo, Hit
from client.rules import gate
from cloud.register import Change, put
from cloud.residents import as_listed, search
from cloud.search_words import Asked
from cloud.tenant import open_tenant
from offline.store import door, replica_file, residents, sums
from offline.store import search as store_search
from offline.store.rows import contract
from tests.cloud.cloud_builders import CODE, tiny_town
from tests.cloud.shaped import shaped
from tests.promises.p08_town import WATANABE, Counter, Row, open_counter
from tests.store_builders import a_person

pytestmark = pytest.mark.long


@pytest_asyncio.fixture
async def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    async with open_counter(tmp_path, monkeypatch) as opened:
        yield opened


def stop(process: str, level: str = "error", *, of: Row) -> Change:
    row: Row = {"block_id": "b-p08", "process": process, "level": level, "reason": "確認中", **of}
    return put("block", row)


async def listed(counter: Counter) -> dict[AtenaNo, Hit]:
    """Return how the Watanabes stand in a list, the same on line and off but for what the two say of blocks."""
    found = (await counter.find.find(counter.sign_in, Query(typed="わたなべ", removed=True))).value
    return {hit.atena_no: hit for hit in found.hits if hit.atena_no in WATANABE}


def named_only(hit: Hit) -> bool:
    said = (hit.furigana, hit.birth, hit.sex, hit.address)
    return said == (None, RegisterDate("", None), None, None) and bool(hit.name)


# Who may not be looked at


@pytest.mark.asyncio
@pytest.mark.parametrize("line", [True, False])
@pytest.mark.parametrize("of_all", [True, False])
async def test_whom_a_block_of_looks_concerns_is_named_in_a_list_and_no_more(
    counter: Counter, line: bool, of_all: bool
) -> None:
    before = await listed(counter)
    home = before[WATANABE[0]].household_no
    of: Row = {"household_no": home} if of_all else {"atena_no": WATANABE[2]}
    counter.commit("blocks", stop("view", of={"ends": "2020-01-01", **of}))  # no end date lifts it
    await counter.sync.round()
    counter.link.usable = line
    after = await listed(counter)
    assert list(after) == list(before), "nobody is denied, and all stand where they stood"
    for number, hit in after.items():
        assert hit.name == before[number].name
        at_home = hit.household_no == home
        assert (hit.unseen, named_only(hit)) == (at_home, at_home), "a look is one at the whole household"
        if at_home:
            with pytest.raises(RefusedError, match=r"refused\.blocked"):
                await counter.find.household(counter.sign_in, number)


@pytest.mark.asyncio
@pytest.mark.parametrize("line", [True, False])
@pytest.mark.parametrize(
    ("process", "level"), [("view", "alert"), ("issue", "error"), ("ido", "error"), ("seal", "error")]
)
async def test_what_does_not_stop_a_look_marks_the_line_and_leaves_it_as_it_was(
    counter: Counter, line: bool, process: str, level: str
) -> None:
    before = await listed(counter)
    counter.commit("blocks", stop(process, level, of={"atena_no": WATANABE[0]}))
    await counter.sync.round()
    counter.link.usable = line
    after = await listed(counter)
    assert after == before | {WATANABE[0]: replace(before[WATANABE[0]], blocked=True)}


@pytest.mark.asyncio
async def test_the_cloud_sends_no_terminal_what_a_list_may_not_say(counter: Counter) -> None:
    before = (await counter.live.find(Query(number=WATANABE[0]), limit=9)).value
    assert not any(map(named_only, before))
    counter.commit("blocks", stop("view", of={"atena_no": WATANABE[0]}))
    assert all(map(named_only, (await counter.live.find(Query(number=WATANABE[0]), limit=9)).value))


def test_a_cloud_that_does_not_say_what_is_blocked_may_mean_the_look() -> None:
    hit: Row = {
        **{"atena_no": "1", "household_no": "2", "name": "渡邉", "birth_text": "昭和58年4月12日"},
        **{"status": "resident", "address": "旭町1番", "protected": False, "blocked": True},
    }
    for more, unseen in (({}, True), ({"stopped": ["view"]}, True), ({"stopped": ["issue"]}, False)):
        (shown,) = gate.masked_hits([msgspec.convert({**hit, **more}, codec.WireHit).value()])
        assert (shown.unseen, named_only(shown)) == (unseen, unseen)
    free = msgspec.convert({**hit, "blocked": False}, codec.WireHit).value()
    assert not free.unseen
    assert gate.masked_hits([free]) == (free,)


# No oracle

_HOMES = ("2000000001", "2000000002", "2000000003")
_TOWNS = ("旭町", "旭町一丁目", "緑町", "泉三丁目", "字大野")
_NUMBERS = ("1番1号", "18番6号", "１８番地", "2000", "19850412", "")
_ROOMS = (None, "旭荘204号", "緑町ハイツ", "渡辺方")
ADDRESSES: st.SearchStrategy[Row] = st.fixed_dictionaries(
    {
        "address_town": st.sampled_from(_TOWNS),
        "address_banchi": st.sampled_from(_NUMBERS),
        "address_katagaki": st.sampled_from(_ROOMS),
    }
)
_PIECES = st.sampled_from(
    (
        *_TOWNS,
        *_HOMES,
        *(
            "1番1号",
            "18-6",
            "18番",
            "2000",
            "204",
            "19850412",
            "S60.4.12",
            "1985",
            "旭",
            "緑",
            "大野",
            "旭荘",
        ),
        *("わたなべ", "渡辺", "おおの", "方", "1000000000", "1000000001"),
    )
)
_NOTHING = st.just("")
QUERIES = st.builds(
    Query,
    typed=st.lists(_PIECES, max_size=2).map(" ".join),
    name=_NOTHING | st.sampled_from(("わたなべ", "大野", "旭")),
    birth=_NOTHING | st.sampled_from(("19850412", "S60.4.12")),
    place=_NOTHING | st.lists(_PIECES, min_size=1, max_size=2).map("".join),
    number=_NOTHING | st.sampled_from((*_HOMES, "1000000000", "1000000003")),
    match=st.sampled_from(Match),
    removed=st.booleans(),
    past=st.booleans(),
    cardless=st.just(True),
).filter(lambda query: not query.is_empty)


@dataclass(frozen=True)
class Twins:
    """Two towns that differ in the address of one protected household, in all its versions, and in nothing else."""

    one: list[Row]
    other: list[Row]
    protected: AtenaNo


def _without_none(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


@st.composite
def twins(draw: st.DrawFn) -> Twins:
    def a_version(number: int, version: int, home: str, status: str) -> Row:
        return a_person(
            number,
            history_no=version,
            household_no=home,
            full_name=draw(st.sampled_from(["渡邉　太郎", "大野　花子", "旭　緑"])),
            furigana=draw(st.sampled_from(["ワタナベ　タロウ", "オオノ　ハナコ", "アサヒ　ミドリ"])),
            birth_text="昭和60年4月12日",
            birth_sort="1985-04-12",
            status=status,
        )

    one: list[Row] = []
    other: list[Row] = []
    hidden = _HOMES[0]
    places: dict[str, Row] = {home: draw(ADDRESSES) for home in _HOMES[1:]}
    here, there = draw(ADDRESSES), draw(ADDRESSES)
    for number in range(draw(st.integers(1, 5))):
        versions = draw(st.integers(1, 2))
        for version in range(1, versions + 1):
            last = version == versions
            home = hidden if number == 0 and last else draw(st.sampled_from(_HOMES))
            status = draw(st.sampled_from(["resident", "resident", "tenshutsu"])) if last else "resident"
            row = a_version(number, version, home, status)
            one.append(_without_none(row | (here if home == hidden else places[home])))
            other.append(_without_none(row | (there if home == hidden else places[home])))
    return Twins(one, other, AtenaNo("1000000000"))


def answers(people: list[Row], asked: list[Query], restriction: tuple[str, Row]) -> list[object]:
    """Return what cloud and replica of a town answer, each to every query, as a counter has it."""
    without = {"resident", "shien_sochi", "block"}
    rows = [(table, row) for table, row in tiny_town() if table not in without]
    rows += [*(("resident", row) for row in people), restriction]
    told: list[object] = []
    with tempfile.TemporaryDirectory() as folder:
        tenant = open_tenant(Path(folder), CODE, town=lambda: rows, engine=shaped(Path(folder)))
        with tenant.register.reading() as connection:
            for query in asked:
                wanted = Asked(
                    typed=query.typed,
                    name=query.name,
                    birth=query.birth,
                    place=query.place,
                    number=query.number,
                    sex=query.sex,
                    match=query.match.value,
                    removed=query.removed,
                    past=query.past,
                    cards=not query.cardless,
                )
                found = search(connection, CODE, wanted, limit=50)
                told.append(list(map(as_listed, found)))
        tenant.close()
    local = door.open_connection(Path(":memory:"), bytes(32))
    replica_file.first_shape(local)
    for table, row in rows:
        contract()[table].insert(local, bytes(32), [row])
    store_search.rebuild(local)
    store_search.index(local)
    for feed in Feed:
        sums.set_position(local, feed, 1, datetime(2026, 11, 20, tzinfo=UTC))
    finder = store_search.Finder()
    told += [gate.masked_hits(residents.find(local, finder, query, limit=50).value) for query in asked]
    local.close()
    return told


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(towns=twins(), asked=st.lists(QUERIES, min_size=6, max_size=12))
def test_towns_that_differ_in_a_protected_address_answer_everything_the_same(
    towns: Twins, asked: list[Query]
) -> None:
    measure = ("shien_sochi", {"measure_id": "m1", "atena_no": towns.protected, "provisional": False})
    one = answers(towns.one, asked, measure)
    other = answers(towns.other, asked, measure)
    for number, (first, second) in enumerate(zip(one, other, strict=True)):
        assert first == second, asked[number % len(asked)]


# No oracle of whom nobody may look at

_CARDS = ("AB12345678CD", "EF87654321GH")
HIDDEN: st.SearchStrategy[Row] = st.builds(
    lambda place, birth, sex, card: {**place, **birth, "sex": sex, "residence_card_no": card},
    ADDRESSES,
    st.sampled_from(
        (
            {"birth_text": "昭和60年4月12日", "birth_sort": "1985-04-12"},
            {"birth_text": "昭和45年1月1日", "birth_sort": "1970-01-01"},
        )
    ),
    st.sampled_from(("男", "女")),
    st.sampled_from(_CARDS),
)
_WORDS = _PIECES | st.sampled_from((*_CARDS, "S45.1.1", "19700101"))
LOOKS = st.builds(
    replace,
    QUERIES,
    typed=st.lists(_WORDS, max_size=2).map(" ".join),
    birth=_NOTHING | st.sampled_from(("19850412", "S60.4.12", "S45.1.1")),
    number=_NOTHING | st.sampled_from((*_HOMES, *_CARDS, "1000000000", "1000000003")),
    sex=_NOTHING | st.sampled_from(("M", "F", "男")),
    cardless=st.booleans(),
).filter(lambda query: not query.is_empty)


@st.composite
def blocked_twins(draw: st.DrawFn) -> tuple[Twins, Row]:
    """Return two towns that differ in all a list hides of those whom one block of looks concerns, and the block."""
    towns = draw(twins())
    on_home = draw(st.booleans())
    last = {
        str(row["atena_no"]): str(row["household_no"]) for row in towns.one
    }  # the present version is the last
    concerned = (
        {number for number, home in last.items() if home == _HOMES[0]} if on_home else {towns.protected}
    )
    here, there = draw(HIDDEN), draw(HIDDEN)

    def told(secret: Row) -> list[Row]:
        return [_without_none(row | secret) if row["atena_no"] in concerned else row for row in towns.one]

    towns = replace(towns, one=told(here), other=told(there))
    of: Row = {"household_no": _HOMES[0]} if on_home else {"atena_no": towns.protected}
    dates: Row = draw(st.sampled_from(({}, {"ends": "2020-01-01"}, {"starts": "2099-01-01"})))
    return towns, {"block_id": "b1", "process": "view", "level": "error", "reason": "確認中", **of, **dates}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=blocked_twins(), asked=st.lists(LOOKS, min_size=6, max_size=12))
def test_towns_that_differ_in_what_is_hidden_of_whom_nobody_may_look_at_answer_everything_the_same(
    drawn: tuple[Twins, Row], asked: list[Query]
) -> None:
    towns, block = drawn
    one = answers(towns.one, asked, ("block", block))
    other = answers(towns.other, asked, ("block", block))
    for number, (first, second) in enumerate(zip(one, other, strict=True)):
        assert first == second, asked[number % len(asked)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    drawn=blocked_twins(),
    more=st.sampled_from([Query(), Query(birth="S45.1.1"), Query(place="緑町", sex="F")]),
)
def test_whom_nobody_may_look_at_is_found_by_name_and_by_number_whatever_else_is_asked(
    drawn: tuple[Twins, Row], more: Query
) -> None:
    towns, block = drawn
    name = next(str(row["full_name"]) for row in reversed(towns.one) if row["atena_no"] == towns.protected)
    asked = [
        replace(more, removed=True, number=str(towns.protected)),
        replace(more, removed=True, name=name[:2]),
    ]
    for found in answers(towns.one, asked, ("block", block)):
        assert isinstance(found, (list, tuple))
        numbers = [one["atena_no"] if isinstance(one, dict) else one.atena_no for one in found]
        assert towns.protected in numbers

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


def answers(people: list[Row], protected: AtenaNo, asked: list[Query]) -> list[object]:
    """Return what cloud and replica of a town answer, each to every query, as a counter has it."""
    measure: Row = {"measure_id": "m1", "atena_no": protected, "provisional": False}
    rows = [(table, row) for table, row in tiny_town() if table not in {"resident", "shien_sochi"}]
    rows += [*(("resident", row) for row in people), ("shien_sochi", measure)]
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
                    match=query.match.value,
                    removed=query.removed,
                    past=query.past,
                    cards=False,
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
    told += [residents.find(local, finder, query, limit=50).value for query in asked]
    local.close()
    return told


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(towns=twins(), asked=st.lists(QUERIES, min_size=6, max_size=12))
def test_towns_that_differ_in_a_protected_address_answer_everything_the_same(
    towns: Twins, asked: list[Query]
) -> None:
    one = answers(towns.one, towns.protected, asked)
    other = answers(towns.other, towns.protected, asked)
    for number, (first, second) in enumerate(zip(one, other, strict=True)):
        assert first == second, asked[number % len(asked)]

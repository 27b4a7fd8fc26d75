"""Terminals and a hall server share what papers are held for, over real TLS: additions alone, signed by their makers."""

import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from client.api.holds import HoldBox
from client.domain.errors import LinkDownError, RefusedError
from client.domain.resident import AtenaNo
from client.jobs.hold_ports import Ending
from client.jobs.share_holds import ShareHolds
from client.rules.hold_wire import LARGEST, MOST_PERSONS, name_of
from offline.hall.answers import Kept
from offline.hall.holds import HoldShelf
from tests.builders import HANAKO, TARO
from tests.hold_builders import DEATH, SHIEN_SOCHI, a_hold, a_restrictive
from tests.offline.hall_builders import Machine, TownOfMachines, utc_now
from tests.offline.hold_machines import Place, signed_by
from tests.offline.test_neighbours import a_list

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
def town(tmp_path: Path) -> TownOfMachines:
    return TownOfMachines(tmp_path / "town")


@pytest_asyncio.fixture
async def maker(stack: AsyncExitStack, town: TownOfMachines, tmp_path: Path) -> Place:
    return await Place(town.machine("T0001"), tmp_path / "maker").open(stack)


@pytest_asyncio.fixture
async def beside(stack: AsyncExitStack, town: TownOfMachines, tmp_path: Path) -> Place:
    return await Place(town.machine("T0002"), tmp_path / "beside").open(stack)


@pytest_asyncio.fixture
async def third(stack: AsyncExitStack, town: TownOfMachines, tmp_path: Path) -> Place:
    return await Place(town.machine("T0003"), tmp_path / "third").open(stack)


def box(stack: AsyncExitStack, machine: Machine, address: str) -> HoldBox:
    http = machine.http(address)
    stack.push_async_callback(http.close)
    return HoldBox(http)


async def test_who_asks_and_who_is_asked_both_hear_of_what_the_other_holds(
    stack: AsyncExitStack, maker: Place, beside: Place
) -> None:
    ours = await maker.stores.ledger.queue(a_restrictive(SHIEN_SOCHI, TARO, HANAKO))
    theirs = await beside.stores.ledger.queue(a_restrictive(DEATH, HANAKO))
    beside.asks(stack, [await maker.serve(stack)])
    await beside.share.round()
    assert await beside.held() == [ours.key]
    assert await maker.held() == [theirs.key]
    (held,) = await beside.stores.ledger.heard_holds()
    assert (held.terminal, held.residents, held.made_at) == ("T0001", (TARO, HANAKO), ours.made_at)


async def test_it_reaches_a_third_machine_that_never_met_its_maker(
    stack: AsyncExitStack, maker: Place, beside: Place, third: Place
) -> None:
    change = await maker.stores.ledger.queue(a_restrictive(DEATH))
    beside.asks(stack, [await maker.serve(stack)])
    await beside.share.round()
    third.asks(stack, [await beside.serve(stack)])
    await third.share.round()
    assert await third.held() == [change.key]
    (row,) = await third.stores.ledger.journal_tail(1)
    assert row.entry.actor == "T0001"


async def test_by_a_hall_server_that_reads_nothing_of_it(
    stack: AsyncExitStack, town: TownOfMachines, maker: Place, third: Place, tmp_path: Path
) -> None:
    hall, shelf = town.machine("H0009"), HoldShelf(tmp_path / "hall" / "holds", utc_now)
    address = await hall.serve(stack, Kept(hall.shelf(tmp_path / "hall" / "shelf"), held=shelf))
    change = await maker.stores.ledger.queue(a_restrictive(SHIEN_SOCHI, TARO))
    maker.asks(stack, [address])
    third.asks(stack, [address])
    await maker.share.round()
    files = list((tmp_path / "hall" / "holds").iterdir())
    assert len(files) == 1
    secrets = [change.key.encode(), TARO.encode(), b"shien_sochi", b"T0001\x00"]
    assert not any(secret in path.read_bytes() for path in files for secret in secrets)
    await third.share.round()
    assert await third.held() == [change.key]
    files[0].write_bytes(files[0].read_bytes()[:-1])  # what its disk has spoilt is given to nobody
    assert await shelf.wires(await shelf.names()) == ()


async def test_while_nothing_is_new_a_round_costs_a_few_bytes(
    stack: AsyncExitStack, maker: Place, beside: Place
) -> None:
    for _ in range(20):
        await maker.stores.ledger.queue(a_restrictive(DEATH))
    http = beside.machine.http(await maker.serve(stack))
    stack.push_async_callback(http.close)
    beside.asks(stack, [])
    share = type(beside.share)(
        beside.stores.ledger, beside.sealer, {"maker": HoldBox(http)}, now=beside.share._now
    )
    await share.round()
    await share.round()
    assert len(await beside.held()) == 20
    before = http.bytes_received
    await share.round()
    assert http.bytes_received - before < 1_000, "the head of an answer without a body"


async def test_the_maker_takes_it_back_and_the_neighbours_hold_on(
    stack: AsyncExitStack, maker: Place, beside: Place
) -> None:
    change = await maker.stores.ledger.queue(a_restrictive(DEATH))
    address = await maker.serve(stack)
    beside.asks(stack, [address])
    await beside.share.round()
    await maker.stores.ledger.withdraw(change.key, actor="s001", reason="取り消し")
    await beside.share.round()
    beside.asks(stack, [address])  # after a restart too, and though its own comes back to the maker
    await beside.share.round()
    assert await beside.held() == [change.key]
    assert await maker.stores.ledger.holds_on((TARO,)) == ()


async def test_what_is_brought_up_again_after_its_end_stays_ended(
    stack: AsyncExitStack, maker: Place, beside: Place
) -> None:
    await maker.stores.ledger.queue(a_restrictive(DEATH))
    address = await maker.serve(stack)
    beside.asks(stack, [address])
    await beside.share.round()
    (hold,) = await beside.stores.ledger.heard_holds()
    await beside.stores.ledger.end_hold(hold, Ending.RELEASED, actor="s002", reason="誤り")
    maker.asks(stack, [])  # signs anew: other bytes, the same words
    address = await maker.serve(stack)
    beside.asks(stack, [address])
    await beside.share.round()
    assert await beside.held() == []


async def test_no_call_of_the_contract_among_neighbours_takes_a_hold_away(
    stack: AsyncExitStack, maker: Place, beside: Place
) -> None:
    await beside.share.take([signed_by(maker.machine, a_hold(terminal="T0001"))], "T0001")
    http = maker.machine.http(await beside.serve(stack))
    stack.push_async_callback(http.close)
    (name,) = await beside.share.names()
    for method in ("DELETE", "PUT", "PATCH"):
        for path in ("/v1/holds", f"/v1/holds/{name.hex()}", f"/v1/holds?name={name.hex()}"):
            with pytest.raises((LinkDownError, RefusedError)):
                await http.call(method, path, json={"want": [], "give": []})
    (hold,) = await beside.stores.ledger.heard_holds()
    ended = replace(hold, landed_at=hold.made_at)  # not a word of it travels
    await beside.share.take([signed_by(maker.machine, ended)], "T0001")
    body = {"want": [], "give": [], "end": [hold.key], "release": [name.hex()]}
    await http.call("POST", "/v1/holds", json=body)
    assert await beside.held() == [hold.key]


async def test_what_is_forged_foreign_unsigned_or_no_hold_is_refused_and_named_without_a_person(
    stack: AsyncExitStack, town: TownOfMachines, maker: Place, beside: Place, tmp_path: Path
) -> None:
    rogue = town.machine("T0666")
    abroad = TownOfMachines(tmp_path / "abroad", "990002").machine("T0001")
    good = signed_by(maker.machine, a_hold(terminal="T0001"))
    bad = {
        "link.unsigned": signed_by(rogue, a_hold(terminal="T0001")),
        "unsigned": signed_by(abroad, a_hold(terminal="T0001")),
        "link.fault": good[:-1] + bytes([good[-1] ^ 1]),
        "refused.newer": signed_by(maker.machine, a_hold(terminal="T0001"), key=bytes(32)),
        "certificate": signed_by(replace(rogue, papers=maker.machine.papers), a_hold(terminal="T0001")),
    }
    door = box(stack, rogue, await beside.serve(stack))
    with capture_logs() as told:
        await door.exchange([], list(bad.values()))
        await door.exchange([], list(bad.values()))  # looked at once
    assert await beside.held() == []
    named = [one for one in told if one["event"] == "hold refused"]
    assert [one["refused"] for one in named] == list(bad)
    assert {one["source"] for one in named} == {"T0666"}
    assert not any(word in str(told) for word in (TARO, "death"))
    assert await beside.stores.ledger.journal_tail(1) == ()


async def test_one_taken_out_is_heard_no_more_also_by_way_of_others(
    town: TownOfMachines, maker: Place, beside: Place
) -> None:
    wire = signed_by(maker.machine, a_hold(terminal="T0001"))
    beside.machine.crl = a_list(town, maker.machine.serial)
    with capture_logs() as told:
        await beside.share.take([wire], "T0003")
    assert await beside.held() == []
    assert [one["refused"] for one in told if one["event"] == "hold refused"] == ["revoked"]


async def test_one_that_floods_is_cut_off_and_told_of_and_the_others_are_heard(
    stack: AsyncExitStack, town: TownOfMachines, maker: Place, beside: Place
) -> None:
    rogue, people = town.machine("T0666"), [AtenaNo(str(2 * 10**9 + one)) for one in range(100)]
    flood = [
        signed_by(rogue, a_hold(DEATH, *people, terminal="T0666")) for _ in range(MOST_PERSONS // 100 + 5)
    ]
    door = box(stack, rogue, await beside.serve(stack))
    with capture_logs() as told:
        await door.exchange([], flood)
    assert len(await beside.held()) == MOST_PERSONS // 100
    assert sum(one["event"] == "too many holds" for one in told) == 1
    (row,) = await beside.stores.ledger.journal_tail(1)
    assert row.entry.facts == {"what": "too_many", "terminal": "T0666", "most": MOST_PERSONS}
    ours = a_hold(DEATH, TARO, terminal="T0001")
    await beside.share.take([signed_by(maker.machine, ours)], "T0666")
    assert ours.key in await beside.held(), "another's holds count for themselves, whoever brings them"


@pytest.mark.parametrize(
    "body",
    [
        {"want": ["x"], "give": []},
        {"want": ["0" * 32] * 33, "give": []},
        {"want": [], "give": [base64.b64encode(bytes(LARGEST + 1)).decode()]},
        {"want": [], "give": [base64.b64encode(b"x").decode()] * 33},
        {"want": []},
        [],
    ],
)
async def test_what_is_asked_out_of_bounds_is_refused_whole(
    stack: AsyncExitStack, maker: Place, beside: Place, body: object
) -> None:
    http = maker.machine.http(await beside.serve(stack))
    stack.push_async_callback(http.close)
    with pytest.raises((LinkDownError, RefusedError)):
        await http.call("POST", "/v1/holds", json=body)


class Naming:
    """A neighbour that names what it never gives."""

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.all = names
        self.calls = 0

    async def names(self, known: bytes) -> tuple[bytes, ...] | None:
        return self.all

    async def exchange(self, want: object, give: object) -> tuple[bytes, ...]:
        self.calls += 1
        return ()


async def test_one_that_names_what_it_never_gives_is_not_asked_for_ever_and_keeps_it_from_nobody(
    maker: Place, beside: Place
) -> None:
    hold = a_hold(terminal="T0001")
    wire = signed_by(maker.machine, hold)
    liar = Naming((name_of(wire), *(one.to_bytes(16) for one in range(40))))
    share = ShareHolds(beside.stores.ledger, beside.sealer, {"liar": liar}, now=utc_now)
    await share.round()
    await share.round()
    assert liar.calls == 2  # forty-one names, once
    await share.take([wire], "T0001")
    assert await beside.held() == [hold.key]


async def test_a_hall_server_gives_no_giver_more_room_than_so_many_files(tmp_path: Path) -> None:
    shelf = HoldShelf(tmp_path / "holds", utc_now, most=3)
    first, *rest = (b"wire %d" % one for one in range(9))
    await shelf.take([first], "T0001")
    await shelf.take(rest, "T0666")
    assert len(await shelf.names()) == 4
    assert name_of(first) in await shelf.names()
    await shelf.clear()
    assert await shelf.names() == ()


async def test_a_locked_neighbour_says_so_and_hears_of_it_once_it_is_open(
    stack: AsyncExitStack, town: TownOfMachines, maker: Place, tmp_path: Path
) -> None:
    beside = Place(town.machine("T0002"), tmp_path / "beside")
    change = await maker.stores.ledger.queue(a_restrictive(DEATH))
    maker.asks(stack, [await beside.serve(stack)])
    with pytest.raises(LinkDownError, match=r"link\.busy"):
        await maker.share.round()
    await beside.open(stack)
    await maker.share.round()
    assert await beside.held() == [change.key]


async def test_one_without_a_lease_hands_out_nothing_of_its_own(maker: Place) -> None:
    await maker.stores.ledger.queue(a_restrictive(DEATH))
    maker.machine.papers = None
    assert await maker.share.names() == ()


async def test_what_lies_at_a_hall_server_until_nobody_could_judge_it_is_let_go(tmp_path: Path) -> None:
    later = timedelta(0)
    shelf = HoldShelf(tmp_path / "holds", lambda: utc_now() + later)
    await shelf.take([b"old"], "T0001")
    later = timedelta(days=7)
    await shelf.take([], "T0002")
    assert await shelf.names() == (name_of(b"old"),)
    later = timedelta(days=9)
    await shelf.take([], "T0002")
    assert await shelf.names() == ()

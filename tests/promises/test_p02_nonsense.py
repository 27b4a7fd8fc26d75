"""P02 over real TLS, the cloud or what lies before it answering nonsense: named, parked, safe; never taken for ours."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from client.api.reply import Reply
from client.domain.change import ChangeState, QueuedChange
from offline.store.ledger import LedgerFile
from tests.promises.p02_terminal import KEY, Terminal, Town
from tests.promises.test_p02_exactly_once import not_accepted

pytestmark = [pytest.mark.asyncio, pytest.mark.long]
Told = dict[str, Any]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = Town(tmp_path_factory.mktemp("town"))
    yield made
    made.cloud.close()


@pytest_asyncio.fixture
async def terminal(town: Town, tmp_path: Path) -> AsyncIterator[Terminal]:
    town.calm()
    made = await Terminal(town, tmp_path / "one").open()
    yield made
    town.calm()
    await made.close()


async def the_one(terminal: Terminal, key: str) -> QueuedChange:
    found = await terminal.ledger.change(key)
    assert found is not None
    return found


def stop_of(terminal: Terminal) -> str:
    stopped = terminal.sender.stopped
    return stopped.code if stopped else ""


def lie(terminal: Terminal, twist: Callable[[list[Told]], list[Told]], times: int) -> None:
    """Change the next answers to batches on the way, after the cloud has acted."""
    call, left = terminal.http.call, [times]

    async def lying(method: str, path: str, **more: Any) -> Reply:
        reply = await call(method, path, **more)
        if (method, path) != ("POST", "/v1/commands") or not left[0]:
            return reply
        left[0] -= 1
        told = msgspec.json.decode(reply.body)
        return Reply(
            reply.status, reply.headers, msgspec.json.encode({"answers": twist(list(told["answers"]))})
        )

    terminal.http.call = lying  # type: ignore[method-assign]  # the way back, twisted


def of_others(answers: list[Told]) -> list[Told]:
    return [one | {"key": f"019a9f6e-5b1c-7c3a-9c55-{n:012d}"} for n, one in enumerate(answers)]


LIES: dict[str, Callable[[list[Told]], list[Told]]] = {
    "for other keys": of_others,
    "double, the second one other": lambda answers: [
        one for told in answers for one in (told, told | {"outcome": "refused", "code": "refused.date"})
    ],
    "an outcome nobody knows": lambda answers: [one | {"outcome": "perhaps"} for one in answers],
    "one good, the others no answers": lambda answers: [*answers[:1], *({"what": 1} for _ in answers[1:])],
    "accepted without a receipt": lambda answers: [
        {name: value for name, value in one.items() if name != "receipt"} for one in answers
    ],
    "none": lambda _: [],
    "in another order": lambda answers: answers[::-1],
}


async def test_nonsense_in_the_answers_settles_nothing_and_doubles_nothing(
    town: Town, terminal: Terminal
) -> None:
    honest, homes = terminal.http.call, iter(town.households()[20:])
    for name, twist in LIES.items():
        lie(terminal, twist, 3)
        for _ in range(2):
            await terminal.issue()
            await terminal.move(next(homes))
        await terminal.sender.round()
        states = {change.state for change in await terminal.ledger.outbox()}
        assert states <= {ChangeState.UNKNOWN, ChangeState.ACCEPTED}, name
        await terminal.drain(12)
        assert await not_accepted(terminal) == [], name
        assert terminal.arrived() == terminal.wanted(), name
        terminal.http.call = honest  # type: ignore[method-assign]  # as it was


async def test_what_a_portal_a_proxy_and_a_broken_cloud_say_is_no_answer(
    town: Town, terminal: Terminal
) -> None:
    homes = iter(town.households()[40:])
    for fault in ("portal", "garbage", "wrong_length", "cut_in_chunk", "error", "refused", "reset"):
        town.plan(fault, 3)
        await terminal.issue()
        key = await terminal.move(next(homes))
        await terminal.sender.round()
        assert (await the_one(terminal, key)).state is ChangeState.UNKNOWN, fault
        await terminal.drain(12)
        assert await not_accepted(terminal) == [], fault
        assert terminal.arrived() == terminal.wanted(), fault


async def test_a_no_to_the_terminal_is_said_and_touches_no_entry_until_it_is_taken_back(
    town: Town, terminal: Terminal
) -> None:
    town.plan("refused", 0, code="terminal.revoked")
    for household in town.households()[4:7]:
        await terminal.move(household)
    await terminal.drain(5)
    assert stop_of(terminal) == "refused.terminal_revoked"
    assert {change.attempts for change in await terminal.ledger.outbox()} == {0}
    town.calm()
    await terminal.drain(2)
    assert stop_of(terminal) == ""
    assert await not_accepted(terminal) == []
    assert terminal.arrived() == terminal.wanted()


async def test_one_the_cloud_cannot_take_is_parked_and_the_others_arrive_in_the_same_round(
    town: Town, terminal: Terminal
) -> None:
    homes = town.households()[8:12]
    heavy = await terminal.move(homes[0], filer="x" * 9_000_000)  # beyond what the cloud reads of a body: 413
    for household in homes[1:]:
        await terminal.move(household)
    await terminal.sender.drain()
    change = await the_one(terminal, heavy)
    assert (change.state, change.last_words) == (ChangeState.REFUSED, "refused.cannot_be_read")
    assert [key for key, *_ in await not_accepted(terminal)] == [ChangeState.REFUSED]
    await terminal.drain(5)
    assert (await the_one(terminal, heavy)).attempts <= 2
    terminal.moves.pop(0)
    assert terminal.arrived() == terminal.wanted()


async def test_one_the_cloud_fails_over_every_time_is_parked_and_sent_again_where_a_clerk_says_so(
    town: Town, terminal: Terminal
) -> None:
    key = await terminal.move(town.households()[13])
    call, failing = terminal.http.call, [True]

    async def over_this_one(method: str, path: str, **more: Any) -> Reply:
        if failing[0] and any(one["key"] == key for one in (more.get("json") or {}).get("commands", ())):
            town.plan("error", 1)
        return await call(method, path, **more)

    terminal.http.call = over_this_one  # type: ignore[method-assign]  # which batch meets the fault
    await terminal.issue()
    await terminal.drain(12)
    change = await the_one(terminal, key)
    assert (change.is_parked, change.last_words) == (True, "refused.stumbles")
    assert len(await not_accepted(terminal)) == 1
    failing[0] = False
    town.calm()
    await terminal.ledger.send_again(key, actor="s001")
    await terminal.drain(2)
    assert await not_accepted(terminal) == []
    assert terminal.arrived() == terminal.wanted()


async def test_two_terminals_with_one_key_each_get_their_own_answer_and_the_second_is_named(
    town: Town, terminal: Terminal, tmp_path: Path
) -> None:
    other = await Terminal(town, tmp_path / "two").open()
    first, second = town.households()[14:16]
    key = await terminal.move(first)
    await terminal.drain()
    await other.move(second, key=key)
    assert await other.box.ask(key) is None  # what the other's was answered is not ours
    await other.drain(2)
    change = await the_one(other, key)
    assert (change.state, change.last_words) == (ChangeState.REFUSED, "refused.by_cloud key_taken")
    assert (await the_one(terminal, key)).state is ChangeState.ACCEPTED
    other.moves.clear()
    assert other.arrived() - other.wanted() == {"quarantine key_taken": 1}
    assert terminal.arrived() == terminal.wanted()
    await other.close()


async def test_a_key_used_again_for_other_words_by_the_same_terminal_is_not_answered_with_the_first(
    town: Town, terminal: Terminal, tmp_path: Path
) -> None:
    first, second = town.households()[16:18]
    key = await terminal.move(first)
    await terminal.drain()
    (tmp_path / "again").mkdir()
    identity = terminal.http.identity
    assert identity is not None
    terminal.ledger = LedgerFile(tmp_path / "again", terminal.facts, terminal.now, identity.sign)
    await terminal.ledger.open(KEY, begun=False)  # a ledger that has lost what it wrote
    terminal.sender = terminal.new_sender()
    await terminal.move(second, key=key)
    await terminal.drain(2)
    change = await the_one(terminal, key)
    assert (change.state, change.last_words) == (ChangeState.REFUSED, "refused.by_cloud key_taken")
    terminal.moves.pop()
    assert terminal.arrived() - terminal.wanted() == {"quarantine key_taken": 1}


async def test_a_clock_that_jumps_back_a_day_in_the_middle_loses_and_doubles_nothing(
    town: Town, terminal: Terminal
) -> None:
    homes = town.households()[18:21]
    town.plan("lost_answer", 2)
    await terminal.move(homes[0])
    await terminal.drain()
    terminal.off = -86_400
    await terminal.move(homes[1])
    await terminal.issue()
    await terminal.drain(4)
    assert await not_accepted(terminal) == []
    terminal.off = 0
    await terminal.move(homes[2])
    await terminal.drain(3)
    assert await not_accepted(terminal) == []
    assert terminal.arrived() == terminal.wanted()

"""P03 against the real cloud: several terminals, a wire that loses, doubles, delays and reorders, and sudden deaths."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from client.api.commands import CommandBox
from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.domain.change import ChangeKind, ChangeState, CloudAnswer, NewChange, QueuedChange, change_key
from client.domain.errors import LinkDownError
from client.domain.resident import AtenaNo
from client.domain.terminal import TerminalFacts, facts_of
from client.jobs.send_outbox import SendOutbox
from client.rules import outbox
from cloud import storage
from offline.store.identity import TerminalIdentity, new_key, signing_request
from offline.store.ledger import LedgerFile
from tests.api.small_cloud import SmallCloud, _person, small_cloud
from tests.fakes import MemoryLink
from tests.store_builders import an_issue

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
T = TypeVar("T")
PEOPLE = tuple(AtenaNo(f"100000020{number}") for number in range(2))
TERMINALS = 2
KEY = b"l" * 32
STUCK = {ChangeState.CONFLICT, ChangeState.REFUSED}


@dataclass
class Wire:
    """The way to the cloud: what befalls the next batches, and what is still under way somewhere."""

    box: CommandBox
    faults: list[str] = field(default_factory=list)
    late: list[tuple[QueuedChange, ...]] = field(default_factory=list)

    async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "dropped":
            raise LinkDownError("link.timeout")
        if fault == "late":
            self.late.append(changes)
            raise LinkDownError("link.timeout")
        answers = await self.box.send(changes)
        if fault == "doubled":
            self.late.append(changes)
            again = await self.box.send(changes)
            assert [(one.key, one.outcome) for one in again] == [(one.key, one.outcome) for one in answers]
        if fault == "lost":
            raise LinkDownError("link.broken")
        return answers[::-1] if fault == "reordered" else answers

    async def ask(self, key: str) -> CloudAnswer | None:
        return await self.box.ask(key)


@dataclass
class Desk:
    """A terminal, and what it wrote down, in its order."""

    folder: Path
    facts: TerminalFacts
    identity: TerminalIdentity
    wire: Wire
    ledger: LedgerFile
    ahead: timedelta = timedelta(0)
    made: dict[str, AtenaNo] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    said_no: dict[str, ChangeState] = field(default_factory=dict)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def sender(self) -> SendOutbox:
        return SendOutbox(self.wire, self.ledger, MemoryLink(), now=self.now, jitter=lambda: 0.0)

    async def again(self) -> None:
        """Die and start."""
        await self.ledger.close()
        await self.ledger.open(KEY, begun=True)

    async def move(self, who: AtenaNo, *, stale: bool) -> None:
        at, today = datetime.now(UTC), (datetime.now(UTC) + timedelta(hours=9)).date()
        payload = {
            "subject": who,
            "members": [who],
            "ido_date": today.isoformat(),
            "todoke_date": today.isoformat(),
            "to": {
                "town": "みどり県あおぞら市本町二丁目",
                "banchi": f"{len(self.made) + 1}番{self.facts.terminal_no[1:]}号",
            },
            "filer": "self",
            "whole_household": True,
        }
        base = {who: 9 if stale else 5}
        key = change_key(at, secrets.token_bytes(10))
        change = NewChange(key, ChangeKind.TENKYO, (who,), base, payload, at, "s001", todoke_date=today)
        await self.ledger.queue(change)
        self.made[key] = who
        if stale:
            self.stale.add(key)

    async def die_while_sending(self) -> None:
        """Send a batch that the cloud acts on, and die before a word of it is written down."""
        ready = await self.ledger.ready(self.now(), limit=50, alone_after=9)
        if ready:
            await self.ledger.lease(tuple(change.key for change in ready), now=self.now())
            await self.wire.box.send(ready)
        await self.again()


class Storm(RuleBasedStateMachine):
    """What a day may bring."""

    desks: tuple[Desk, ...]

    @initialize()
    def town(self) -> None:
        self.runner, self.stack = asyncio.Runner(), ExitStack()
        self.place = Path(tempfile.mkdtemp(prefix="p03-"))
        people = [("resident", _resident(who, number)) for number, who in enumerate(PEOPLE)]
        self.cloud: SmallCloud = self.stack.enter_context(small_cloud(self.place / "cloud", *people))
        self.desks = tuple(self.do(self.desk(number)) for number in range(TERMINALS))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def desk(self, number: int) -> Desk:
        http = Http(
            "https://cloud.example", None, now=lambda: datetime.now(UTC), transport=self.cloud.transport
        )
        key, folder = new_key(), self.place / str(number)
        token = self.cloud.tenant.terminals.new_token()
        told = await EnrolmentDesk(http).enrol(token, signing_request(key), f"本庁{number}")
        http.identity = identity = TerminalIdentity(told.terminal_no, key)
        facts = facts_of(told, "https://cloud.example")
        folder.mkdir()
        ledger = LedgerFile(folder, facts, lambda: datetime.now(UTC), identity.sign)
        await ledger.open(KEY, begun=False)
        return Desk(folder, facts, identity, Wire(CommandBox(http, told.terminal_no)), ledger)

    @rule(
        at=st.integers(0, TERMINALS - 1),
        who=st.sampled_from(PEOPLE),
        stale=st.lists(st.booleans(), min_size=1, max_size=3),
    )
    def takes_in(self, at: int, who: AtenaNo, stale: list[bool]) -> None:
        for one in stale:
            self.do(self.desks[at].move(who, stale=one))

    @rule(at=st.integers(0, TERMINALS - 1))
    def issues(self, at: int) -> None:
        self.do(self.desks[at].ledger.issue(an_issue(), actor="s001", clock_offset_ms=0))

    @rule(
        at=st.integers(0, TERMINALS - 1),
        fault=st.sampled_from(["lost", "doubled", "late", "dropped", "reordered"]),
    )
    def something_befalls_the_wire(self, at: int, fault: str) -> None:
        self.desks[at].wire.faults.append(fault)

    @rule(at=st.integers(0, TERMINALS - 1))
    def sends(self, at: int) -> None:
        desk = self.desks[at]
        self.do(desk.sender().drain())
        desk.ahead += timedelta(minutes=2)

    @precondition(lambda self: any(desk.wire.late for desk in self.desks))
    @rule(data=st.data())
    def what_was_under_way_arrives(self, data: st.DataObject) -> None:
        wire = data.draw(st.sampled_from([desk.wire for desk in self.desks if desk.wire.late]))
        batch = wire.late.pop(data.draw(st.integers(0, len(wire.late) - 1)))
        self.do(wire.box.send(batch))

    @rule(at=st.integers(0, TERMINALS - 1), sending=st.booleans())
    def dies(self, at: int, sending: bool) -> None:
        desk = self.desks[at]
        self.do(desk.die_while_sending() if sending else desk.again())

    @rule(at=st.integers(0, TERMINALS - 1))
    def a_clerk_withdraws(self, at: int) -> None:
        desk = self.desks[at]
        for change in self.do(desk.ledger.outbox()):
            if change.state in STUCK:
                self.do(desk.ledger.withdraw(change.key, actor="s001", reason="取下げ"))
                desk.said_no.pop(change.key)
                return

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "desks"):
            return
        book = self.book()
        assert len(book) == len(set(book)), "twice"
        for desk in self.desks:
            waiting = {change.key: change for change in self.do(desk.ledger.outbox())}
            for who in PEOPLE:
                made = [key for key, of in desk.made.items() if of == who]
                there = [key for key in book if key in made]
                assert there == [key for key in made if key in there], "out of order"
                stuck_at = next((n for n, key in enumerate(made) if key in desk.said_no), len(made))
                assert not set(made[stuck_at + 1 :]) & set(there), "went past one that is stuck"
            assert not desk.stale & set(book), "a conflict was merged"
            for key, state in desk.said_no.items():
                assert waiting[key].state is state, "a no was forgotten"
            desk.said_no |= {key: one.state for key, one in waiting.items() if one.state in STUCK}
            held = {change.key: before for change, before in outbox.held_back(waiting.values())}
            for change in waiting.values():
                stuck = [
                    one
                    for one in waiting.values()
                    if one.state in STUCK
                    and one.seq < change.seq
                    and set(one.residents) & set(change.residents)
                ]
                if stuck and not change.kind.is_fact and change.state is ChangeState.QUEUED:
                    assert change.key in held, "stuck and not listed"

    def book(self) -> list[str]:
        table = storage.intake_case
        with self.cloud.tenant.engine.connect() as connection:
            return list(
                connection.execute(sa.select(table.c.command_key).order_by(sa.text("rowid"))).scalars()
            )

    def teardown(self) -> None:
        if not hasattr(self, "desks"):
            return
        try:
            for desk in self.desks:
                desk.wire.faults.clear()
                while desk.wire.late:
                    self.do(desk.wire.box.send(desk.wire.late.pop()))
                for _ in range(4):
                    self.do(desk.sender().drain())
                    desk.ahead += timedelta(minutes=2)
                waiting = self.do(desk.ledger.outbox())
                stuck = {who for one in waiting if one.state in STUCK for who in one.residents}
                for change in waiting:
                    if change.kind.is_fact or not set(change.residents) & stuck:
                        assert change.state is ChangeState.ACCEPTED, change
            self.holds()
        finally:
            for desk in self.desks:
                self.do(desk.ledger.close())
            self.stack.close()
            self.runner.close()
            shutil.rmtree(self.place)


def _resident(who: AtenaNo, number: int) -> dict[str, object]:
    own = {"household_no": f"900000000{number}", "history_no": 5, "householder_name": "青木　一郎"}
    return _person(who, 1, "青木　一郎", "アオキ　イチロウ", "世帯主") | own


class TestStorm(Storm.TestCase):  # type: ignore[misc,valid-type]  # made by hypothesis
    settings = settings(max_examples=8, stateful_step_count=20, deadline=None)

from dataclasses import dataclass, field
from itertools import count

import pytest

from client.domain.enrolment import Enrolled
from client.domain.errors import LinkDownError, RefusedError
from client.domain.terminal import TerminalFacts
from client.jobs.enrol import Enrol
from client.jobs.ports import Identity, StoreKeys
from tests.builders import a_town_key
from tests.fakes import counted_random

pytestmark = pytest.mark.asyncio
_requests = count()


@dataclass
class Terminal:
    """ports.Enrolment in memory; also the identity it makes."""

    facts: TerminalFacts | None = None
    keys: StoreKeys | None = None
    made: int = 0

    @property
    def terminal_no(self) -> str:
        assert self.facts
        return self.facts.terminal_no

    def sign(self, data: bytes) -> bytes:
        return b"signed " + data

    async def make_identity(self) -> str:
        self.made += 1
        return f"csr {next(_requests)}"

    async def found(self, facts: TerminalFacts, keys: StoreKeys) -> bytes:
        self.facts, self.keys = facts, keys
        return b"deposit"

    @property
    def identity(self) -> Identity:
        return self

    async def forget(self) -> None:
        self.facts = self.keys = None


@dataclass
class Town:
    """ports.CloudEnrolment with one token."""

    tokens: set[str] = field(default_factory=lambda: {"token"})
    deposits: dict[str, bytes] = field(default_factory=dict)
    deaf: int = 0
    lost: int = 0
    used: dict[str, str] = field(default_factory=dict)

    async def enrol(self, token: str, csr: str, name: str) -> Enrolled:
        if token not in self.tokens or self.used.setdefault(token, csr) != csr:
            raise RefusedError("refused.enrolment")
        if self.lost:
            self.lost -= 1
            raise LinkDownError("link.broken")
        return Enrolled(
            "T0007",
            name,
            "999999",
            "あおぞら市",
            "みどり県",
            "cert",
            "ca",
            (a_town_key(b"f" * 32),),
            (a_town_key(b"c" * 32),),
            b"d" * 32,
        )

    async def leave(self, deposit: bytes, identity: Identity) -> None:
        if self.deaf:
            self.deaf -= 1
            raise LinkDownError("link.timeout")
        self.deposits[identity.terminal_no] = deposit


async def _no_sleep(seconds: float) -> None:
    return None


def _enrol(town: Town, terminal: Terminal) -> Enrol:
    return Enrol(town, terminal, random=counted_random(), sleep=_no_sleep)


async def test_a_token_makes_a_terminal_whose_keys_the_cloud_keeps() -> None:
    town, terminal = Town(), Terminal()
    facts = await _enrol(town, terminal)(" token ", "本庁1", "https://cloud.example")
    assert (facts.terminal_no, facts.terminal_name) == ("T0007", "本庁1")
    assert town.deposits == {"T0007": b"deposit"}
    assert terminal.keys
    assert terminal.keys.digest == b"d" * 32
    assert len({terminal.keys.replica, terminal.keys.ledger, terminal.keys.inbox}) == 3


async def test_a_deposit_that_does_not_arrive_is_brought_again_without_another_token() -> None:
    town, terminal = Town(deaf=5), Terminal()
    enrol = _enrol(town, terminal)
    with pytest.raises(LinkDownError):
        await enrol("token", "本庁1", "https://cloud.example")
    assert town.deposits == {}
    facts = await enrol("token", "本庁1", "https://cloud.example")
    assert town.deposits == {facts.terminal_no: b"deposit"}
    assert terminal.made == 1


async def test_a_lost_answer_costs_no_second_token() -> None:
    town, terminal = Town(lost=1), Terminal()
    enrol = _enrol(town, terminal)
    with pytest.raises(LinkDownError):
        await enrol("token", "本庁1", "https://cloud.example")
    assert (await enrol("token", "本庁1", "https://cloud.example")).terminal_no == "T0007"


async def test_a_used_token_is_refused() -> None:
    town = Town()
    await _enrol(town, Terminal())("token", "本庁1", "https://cloud.example")
    with pytest.raises(RefusedError, match=r"refused\.enrolment"):
        await _enrol(town, Terminal())("token", "本庁2", "https://cloud.example")


@pytest.mark.parametrize(("token", "name"), [("", "本庁1"), ("token", " "), ("token", "本\n庁")])
async def test_an_empty_token_or_name_goes_nowhere(token: str, name: str) -> None:
    town, terminal = Town(), Terminal()
    with pytest.raises(RefusedError, match=r"refused\.input"):
        await _enrol(town, terminal)(token, name, "https://cloud.example")
    assert terminal.made == 0

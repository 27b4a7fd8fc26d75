"""What the sync tests share: a model register, a filled replica, and hands that drive the conversation."""

from collections.abc import Callable
from typing import Any

from client.domain.feed import Feed
from client.jobs.sync_replica import SyncReplica
from client.rules.sync import REFILL_ABOVE, RoundReport, Settings, conversation
from tests.replica_fakes import (
    LandingBook,
    MemoryReplica,
    ModelRegister,
    Stand,
    a_row_change,
    at_once,
)

BLOCKS, REGISTER = Feed.BLOCKS, Feed.REGISTER
Twist = Callable[[object, object], object]  # step and its true answer → the answer given


def a_register(residents: int = 4, blocks: int = 1) -> ModelRegister:
    register = ModelRegister()
    for number in range(residents):
        register.commit(REGISTER, a_row_change(REGISTER, number, full_name="渡邉󠄐"))
    for number in range(blocks):
        register.commit(BLOCKS, a_row_change(BLOCKS, number, reason="職権"))
    return register


def hold(
    register: ModelRegister,
    replica: MemoryReplica,
    settings: Settings | None = None,
    twist: Twist = lambda _, answer: answer,
) -> tuple[RoundReport, list[str]]:
    """Hold a conversation with real ends; return what it came to and the names of its steps."""
    job = SyncReplica(register, replica, LandingBook())
    talk = conversation(at_once(replica.position()), settings or Settings())
    said: list[str] = []
    answer: Any = None
    while True:
        try:
            step = talk.send(answer)
        except StopIteration as end:
            return end.value, said
        said.append(type(step).__name__)
        answer = twist(step, at_once(job._perform(step)))


def filled(register: ModelRegister) -> MemoryReplica:
    replica = MemoryReplica()
    report, _ = hold(register, replica)
    assert report.proven
    return replica


def equal(register: ModelRegister, replica: MemoryReplica) -> bool:
    return all(replica.rows(feed) == register.rows_now(feed) for feed in Feed)


def a_hopeless_pair() -> tuple[ModelRegister, MemoryReplica]:
    register = ModelRegister()
    register.commit(REGISTER, *(a_row_change(REGISTER, number) for number in range(2 * REFILL_ABOVE)))
    replica = MemoryReplica({feed: Stand(register.head(feed)) for feed in Feed})
    return register, replica


def _cut_after(register: ModelRegister, replica: MemoryReplica, stop: int) -> bool:
    job = SyncReplica(register, replica, LandingBook())
    talk = conversation(at_once(replica.position()))
    answer: object = None
    for _ in range(stop):
        try:
            answer = at_once(job._perform(talk.send(answer)))
        except StopIteration:
            return True
    return False

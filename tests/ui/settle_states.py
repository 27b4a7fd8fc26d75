"""The states of a conflict that is looked at and of 要連絡一覧; beside those of the screens."""

from dataclasses import replace

from PySide6.QtCore import Qt

from client.domain.change import ChangeKind, ChangeState, FirstTold, QueuedChange
from client.domain.resident import Address
from tests.builders import NOW
from tests.hold_builders import a_restrictive
from tests.settle_fakes import row_of
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.world import watanabe

HANAKO = watanabe().members[1].atena_no


def request_of(counter: Counter) -> QueuedChange:
    """Return the only request that was taken in last."""
    return [one for one in counter.world.ledger.changes.values() if not one.kind.is_fact][-1]


async def filled_in(counter: Counter) -> None:
    """Fill a move in, up to its button."""
    await counter.sign_in()
    await counter.open_resident()
    await counter.hands.begin_form()
    await counter.hands.type("tenkyoTown", "みどり県あおぞら市葛󠄂城町二丁目")
    await counter.hands.type("tenkyoBanchi", "4番5号")
    await counter.hands.type("tenkyoIdoDate", "R8.11.1")


async def taken_in(counter: Counter) -> None:
    """Take a move in; the record was at version 3 as the clerk saw it."""
    await filled_in(counter)
    await counter.hands.push("tenkyoAccept")
    await counter.quiet()
    for member in watanabe().members:
        counter.world.versions.versions[member.atena_no] = [row_of(member)]


def moved_on(counter: Counter) -> None:
    """Let the register move on: the whole household lives elsewhere and one has another relationship."""
    home = watanabe()
    other = Address("みどり県あおぞら市本町四丁目", "2番9号")
    members = tuple(
        replace(
            one,
            history_no=4,
            address=other,
            relationship="同居人" if one.atena_no == HANAKO else one.relationship,
        )
        for one in home.members
    )
    for register in (counter.world.live, counter.world.replica):
        register.households[0] = replace(home, members=members)
    for member in members:
        told = {"ido_reason": "転居", "ido_date": "2026-11-15", "ido_todoke_date": "2026-11-16"}
        row = row_of(member, processed_date="2026-11-17", **told)
        counter.world.versions.versions[member.atena_no].insert(0, row)


async def answered(counter: Counter, outcome: str = "conflict", words: str = "") -> None:
    """Send it, and let the cloud say no."""
    change = request_of(counter)
    ledger = counter.world.ledger
    await ledger.lease((change.key,), now=NOW)
    await ledger.settle(change.key, ChangeState(outcome), words=words)
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()


async def opened(counter: Counter) -> None:
    await counter.hands.push("outboxSettle")
    await counter.quiet()


async def conflict(counter: Counter) -> None:
    await taken_in(counter)
    moved_on(counter)
    await answered(counter)
    await opened(counter)


async def duplicate(counter: Counter) -> None:
    await taken_in(counter)
    first = FirstTold("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d41", NOW, "T0002")
    await answered(counter, "refused", f"refused.duplicate_intake {first.words}")
    await opened(counter)


async def sealed(counter: Counter) -> None:
    await taken_in(counter)
    change = request_of(counter)
    counter.world.ledger.changes[change.key] = replace(change, payload={})
    await answered(counter)
    await opened(counter)


async def back(counter: Counter) -> None:
    """A move that landed and that the office returned; F5 shows it."""
    await taken_in(counter)
    change = request_of(counter)
    counter.world.ledger.changes[change.key] = replace(change, state=ChangeState.LANDED)
    counter.world.versions.tell(change.key, "returned", "転出証明書の原本が要ります。")
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()


async def returned(counter: Counter) -> None:
    await back(counter)
    await opened(counter)


async def reopened(counter: Counter) -> None:
    await returned(counter)
    await counter.hands.push("settleReopen")
    await counter.quiet()


async def calls(counter: Counter) -> None:
    """An intake that the office returned, one it registered, one the cloud refused."""
    await taken_in(counter)
    change = request_of(counter)
    ledger = counter.world.ledger
    for n, (state, fate) in enumerate((("landed", "returned"), ("landed", "registered"), ("refused", ""))):
        key = f"{n + 1}{change.key[1:]}"  # a key of today begins with 0
        words = "refused.date ido_date" if state == "refused" else ""
        seq = len(ledger.changes) + 1
        ledger.changes[key] = replace(change, key=key, seq=seq, state=ChangeState(state), last_words=words)
        if fate:
            counter.world.versions.tell(
                key, fate, "転出証明書の原本が要ります。" if fate == "returned" else ""
            )
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()


async def only_calls(counter: Counter) -> None:
    await calls(counter)
    await counter.hands.push("outboxCalls")


async def kept(counter: Counter) -> None:
    """The same with no line: nobody takes it back then."""
    await stopping(counter)
    counter.world.link.usable = False
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()


async def stopping(counter: Counter) -> None:
    """A death taken in by this clerk, not sent yet: it stops papers."""
    await counter.sign_in()
    await counter.world.ledger.queue(a_restrictive(ChangeKind.DEATH, HANAKO))
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()


SETTLE_STATES: dict[str, states.Play] = {
    "settle-conflict": conflict,
    "settle-duplicate": duplicate,
    "settle-sealed": sealed,
    "settle-returned": returned,
    "settle-reopened": reopened,
    "outbox-fates": calls,
    "outbox-calls": only_calls,
    "outbox-kept": kept,
}

"""P12: lines are taken out of the book after their time alone, the chain goes on, and nothing hides behind it."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from client.api.http import Http
from client.domain.change import ChangeState, Fate, Receipt
from client.domain.journal import Wanted
from client.jobs.ports import JournalEntry
from client.rules.chain import GENESIS, link
from client.rules.journal_run import pruned_words
from client.rules.retention import Retention
from cloud.journal_audit import all_troubles, audit
from offline.store import door, heads, journal
from offline.store.ledger import LedgerFile
from tests.api.small_cloud import WrongClock, small_cloud
from tests.promises.test_p12_the_book_reaches_the_cloud import KEY, Counter

pytestmark = pytest.mark.asyncio
DAY = timedelta(days=1)
YEAR = Retention(shortest=365 * DAY, longest=400 * DAY)
Harm = Callable[[sqlite3.Connection], object]


@pytest_asyncio.fixture
async def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    monkeypatch.setattr("offline.store.journal_prune.TAIL", 2)
    passed = WrongClock()
    with small_cloud(tmp_path / "cloud", now=passed) as cloud:
        cloud.clock = passed
        cloud.http = Http("https://cloud.example", None, now=passed, transport=cloud.transport)
        await cloud.enrol()
        made = Counter(cloud, tmp_path)
        await made.ledger.open(KEY, begun=False)
        yield made
        await made.ledger.close()


async def later(counter: Counter, by: timedelta) -> None:
    """Let time go by at the cloud and here, and something be written and receipted after it."""
    counter.cloud.clock.off += by
    await counter.write(3)
    await counter.until_quiet()


async def aged(counter: Counter) -> None:
    """Write and send two runs, and let the longest time go by for the first of them."""
    await counter.write(4)
    await counter.until_quiet()
    await later(counter, 390 * DAY)
    await later(counter, 20 * DAY)


async def lines(ledger: LedgerFile) -> list[int]:
    return [row.seq for row in reversed(await ledger.journal_tail(1_000))]


async def whole(counter: Counter) -> tuple[object, ...]:
    """Return what ``audit verify`` looks at; all None where nothing is wrong."""
    ledger, key = counter.ledger, counter.cloud.identity
    verdict = await ledger.verify_journal()
    return (
        verdict.first_bad,
        await ledger.journal.first_bad_run(key.has_signed),
        await ledger.journal.first_bad_pruning(key.has_signed),
    )


def at_cloud(counter: Counter) -> list[tuple[str, int, int]]:
    tenant = counter.cloud.tenant
    with tenant.register.reading() as connection:
        found = all_troubles(audit(connection, tenant.municipality))
        return [(one.trouble, one.first, one.last) for one in found]


async def test_what_is_over_goes_with_a_line_that_says_which_and_the_book_is_whole_here_and_at_the_cloud(
    counter: Counter,
) -> None:
    await aged(counter)
    before = await lines(counter.ledger)
    assert await counter.ledger.journal.prune(YEAR) == 4
    assert await lines(counter.ledger) == [*before[4:], before[-1] + 1]
    (row,) = await counter.ledger.journal_tail(1)
    assert (row.entry.kind, row.entry.facts["first"], row.entry.facts["last"], row.entry.facts["count"]) == (
        "pruned",
        1,
        4,
        4,
    )
    assert await whole(counter) == (None, None, None)
    await counter.until_quiet()
    assert at_cloud(counter) == []
    assert (await counter.ledger.journal.standing()).received == before[-1] + 1


async def test_a_second_time_goes_on_where_the_first_ended(counter: Counter) -> None:
    await aged(counter)
    await counter.ledger.journal.prune(YEAR)
    await counter.until_quiet()
    await later(counter, 395 * DAY)
    await later(counter, 8 * DAY)
    assert await counter.ledger.journal.prune(YEAR) > 0
    await counter.until_quiet()
    assert await whole(counter) == (None, None, None)
    assert at_cloud(counter) == []
    assert (await lines(counter.ledger))[0] > 5


async def test_a_book_that_was_pruned_opens_goes_on_and_is_looked_through_from_where_it_begins(
    counter: Counter, tmp_path: Path
) -> None:
    await aged(counter)
    await counter.ledger.journal.prune(YEAR)
    await counter.ledger.close()
    await counter.ledger.open(KEY, begun=True)
    await counter.write(2)
    slab = await counter.ledger.journal.search(Wanted(), below=10_000, span=20_000, most=100)
    assert (slab.lines[-1].seq, slab.below) == (5, 0)
    assert await whole(counter) == (None, None, None)


async def test_without_a_longest_time_nothing_ever_goes(counter: Counter) -> None:
    await aged(counter)
    await later(counter, 4_000 * DAY)
    assert await counter.ledger.journal.prune(Retention(365 * DAY)) == 0
    assert (await lines(counter.ledger))[0] == 1


async def test_nothing_goes_before_the_longest_nor_ever_before_the_shortest(counter: Counter) -> None:
    await counter.write(4)
    await counter.until_quiet()
    await later(counter, 396 * DAY)  # past the shortest, and in the last week before the longest
    assert await counter.ledger.journal.prune(YEAR) == 0
    await later(counter, 5 * DAY)
    assert await counter.ledger.journal.prune(YEAR) == 4
    first = (await counter.ledger.journal_tail(1_000))[-1]
    assert first.entry.kind != "pruned"
    with pytest.raises(ValueError, match="a week longer"):
        Retention(shortest=365 * DAY, longest=366 * DAY)


async def test_what_the_cloud_has_not_receipted_stays_however_old_it_is(counter: Counter) -> None:
    await counter.write(4)
    await counter.ledger.journal.cut()
    (run,) = await counter.ledger.outbox()
    await later(counter, 800 * DAY)
    await counter.ledger.forget((run.key,))  # the cloud was put back, and has it no more
    assert await counter.ledger.journal.prune(YEAR) == 0
    assert (await lines(counter.ledger))[0] == 1


async def test_nor_does_a_run_the_cloud_put_aside(counter: Counter) -> None:
    await counter.write(4)
    await counter.ledger.journal.cut()
    (run,) = await counter.ledger.outbox()
    await counter.ledger.lease((run.key,), now=counter.cloud.clock())
    await counter.ledger.settle_all(
        (Fate(run.key, ChangeState.ACCEPTED, Receipt(1, counter.cloud.clock()), words="quarantined"),)
    )
    await later(counter, 800 * DAY)
    assert await counter.ledger.journal.prune(YEAR) == 0


async def test_a_clock_of_this_pc_that_runs_years_ahead_takes_nothing_out(counter: Counter) -> None:
    await counter.write(4)
    await counter.until_quiet()
    counter.ahead += 4_000 * DAY
    await counter.write(3)
    await counter.until_quiet()
    assert await counter.ledger.journal.prune(YEAR) == 0


async def test_a_line_that_was_changed_is_evidence_and_stays(counter: Counter, tmp_path: Path) -> None:
    await aged(counter)
    await by_the_key_holder(
        counter, tmp_path, lambda c: c.execute("UPDATE journal SET actor = 's009' WHERE seq = 2")
    )
    assert await counter.ledger.journal.prune(YEAR) == 0
    assert (await whole(counter))[0] == 2


@pytest.mark.parametrize(
    "at", ["offline.store.journal_prune.pruned_words", "offline.store.ledger_file.mark_of"]
)
async def test_killed_within_it_nothing_has_gone_and_the_next_time_all_of_it_goes(
    counter: Counter, at: str
) -> None:
    await aged(counter)
    before = await lines(counter.ledger)

    def killed(*_: object, **__: object) -> bytes:
        raise RuntimeError("killed")

    with pytest.MonkeyPatch.context() as here:
        here.setattr(at, killed)
        with pytest.raises(RuntimeError):
            await counter.ledger.journal.prune(YEAR)
    await counter.ledger.close()
    await counter.ledger.open(KEY, begun=True)
    assert await lines(counter.ledger) == before
    assert await whole(counter) == (None, None, None)
    assert await counter.ledger.journal.prune(YEAR) == 4
    assert await whole(counter) == (None, None, None)


# -- somebody who has the ledger's key, and not the terminal's


async def by_the_key_holder(counter: Counter, folder: Path, harm: Harm) -> None:
    with closing(door.open_connection(folder / "ledger.db", KEY)) as connection:
        harm(connection)


def forged(counter: Counter, last: int, *, key: ec.EllipticCurvePrivateKey | None) -> Harm:
    def harm(connection: sqlite3.Connection) -> None:
        head = journal.hash_at(connection, last) or b""
        signature = b"\x30\x00"
        if key is not None:
            enrolled = counter.cloud.enrolled
            assert enrolled
            words = pruned_words(
                enrolled.municipality_code, enrolled.terminal_no, first=1, last=last, prev=GENESIS, head=head
            )
            signature = key.sign(words, ec.ECDSA(SHA256()))
        connection.execute(
            "INSERT INTO journal_pruned VALUES (1, ?, ?, ?, ?, 0)", (last, GENESIS, head, signature)
        )
        connection.execute("DELETE FROM journal WHERE seq <= ?", (last,))
        connection.execute("DELETE FROM journal_run WHERE last <= ?", (last,))

    return harm


@pytest.mark.parametrize("with_a_key", [False, True])
async def test_a_forged_pruning_hides_nothing(counter: Counter, tmp_path: Path, with_a_key: bool) -> None:
    await aged(counter)
    key = ec.generate_private_key(ec.SECP256R1()) if with_a_key else None
    await by_the_key_holder(counter, tmp_path, forged(counter, 4, key=key))
    verdict, run, pruning = await whole(counter)
    assert (verdict, run, pruning) == (None, None, 1)


async def test_nor_does_a_genuine_one_whose_numbers_were_stretched(counter: Counter, tmp_path: Path) -> None:
    await aged(counter)
    await counter.ledger.journal.prune(YEAR)

    def stretch(connection: sqlite3.Connection) -> None:
        head = journal.hash_at(connection, 6)
        connection.execute("UPDATE journal_pruned SET last = 6, head = ?", (head,))
        connection.execute("DELETE FROM journal WHERE seq <= 6")

    await by_the_key_holder(counter, tmp_path, stretch)
    assert 1 in await whole(counter)


async def test_lines_taken_away_without_one_are_missing(counter: Counter, tmp_path: Path) -> None:
    await aged(counter)
    await by_the_key_holder(counter, tmp_path, lambda c: c.execute("DELETE FROM journal WHERE seq <= 4"))
    assert (await whole(counter))[0] == 1


async def test_a_pruning_whose_note_was_taken_away_is_missed_by_its_line(
    counter: Counter, tmp_path: Path
) -> None:
    await aged(counter)
    await counter.ledger.journal.prune(YEAR)
    await by_the_key_holder(counter, tmp_path, lambda c: c.execute("DELETE FROM journal_pruned"))
    verdict, _, pruning = await whole(counter)
    assert verdict == 1
    assert pruning is not None


async def test_a_line_written_anew_to_tell_of_less_does_not_fit_its_note(
    counter: Counter, tmp_path: Path
) -> None:
    await aged(counter)
    await counter.ledger.journal.prune(YEAR)

    def tell_less(connection: sqlite3.Connection) -> None:
        seq, _ = heads.read(connection, journal.CHAIN)
        connection.execute("UPDATE journal SET facts = json_set(facts, '$.count', 1) WHERE seq = ?", (seq,))
        _, row, _ = next(iter(journal._rows(connection, after=seq - 1)))
        assert row is not None
        hashed = link(journal.hash_at(connection, seq - 1) or b"", row)
        connection.execute("UPDATE journal SET hash = ? WHERE seq = ?", (hashed, seq))
        heads.write(connection, journal.CHAIN, seq, hashed)

    await by_the_key_holder(counter, tmp_path, tell_less)
    assert await whole(counter) == (None, None, 1)


# -- the terminal itself says what is not true: its key is in other hands


@pytest.mark.parametrize(
    "lie",
    [
        {"head": "ab" * 32},
        {"prev": "ab" * 32},
        {"last": 9},
        {"last": 900, "count": 900},
        {"count": 3},
        {"first": 2, "count": 3},
    ],
)
async def test_the_cloud_finds_a_line_that_says_more_went_than_it_has(
    counter: Counter, lie: dict[str, str | int]
) -> None:
    await aged(counter)
    facts: dict[str, str | int] = {"first": 1, "last": 4, "count": 4, "prev": GENESIS.hex(), "head": ""}
    with counter.cloud.tenant.engine.connect() as connection:
        links = connection.scalar(sa.text("SELECT links FROM journal_segment WHERE first = 1"))
    facts["head"] = bytes(links)[-32:].hex()
    await counter.ledger.record(JournalEntry("pruned", "", (), facts | lie))
    await counter.until_quiet()
    assert [trouble for trouble, *_ in at_cloud(counter)] == ["pruned"]

"""P12 under kill -9: wherever in taking out old lines the terminal dies, the book is whole and no young line is gone."""

import asyncio
import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from offline.store import journal_prune
from offline.store.ledger import LedgerFile
from offline.store.slots import Mark, Slots
from tests.promises.test_p12_kept_long_enough import YEAR, aged, counter, lines, whole
from tests.promises.test_p12_the_book_reaches_the_cloud import KEY, Counter

__all__ = ["counter"]
pytestmark = [pytest.mark.asyncio, pytest.mark.slow]
OVER = 4  # the lines whose time is over, the oldest


def die_at(step: int, patch: pytest.MonkeyPatch) -> None:
    """Have this process killed at a step: before a statement of the commit, before the mark, or after it."""
    passed = 0
    take_out, write = journal_prune.prune, Slots.write

    def one_more(_said: object = None) -> None:
        nonlocal passed
        passed += 1
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(connection: sqlite3.Connection, *rest: object) -> int:
        connection.set_trace_callback(one_more)
        patch.setattr(Slots, "write", marked)
        return take_out(connection, *rest)  # type: ignore[arg-type]  # passed on as they came

    def marked(slots: Slots, mark: Mark) -> None:
        one_more()
        write(slots, mark)
        one_more()

    patch.setattr(journal_prune, "prune", watched)


def in_a_child(ledger: LedgerFile, step: int) -> bool:
    """Take out what is over in a process of its own; whether it was killed on the way."""
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            with pytest.MonkeyPatch.context() as patch:
                die_at(step, patch)
                asyncio.run(taken_out(ledger))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


async def taken_out(ledger: LedgerFile) -> None:
    await ledger.open(KEY, begun=True)
    assert await ledger.journal.prune(YEAR) == OVER


async def test_killed_at_any_step_all_of_it_has_gone_or_nothing_and_no_alarm_is_raised(
    counter: Counter, tmp_path: Path
) -> None:
    await aged(counter)
    before = await lines(counter.ledger)
    await counter.ledger.close()
    kept, away = tmp_path / "kept", set[int]()
    names = [path for path in tmp_path.iterdir() if path.name.startswith("ledger")]
    kept.mkdir()
    for path in names:
        shutil.copy2(path, kept)
    step = 0
    killed = True
    while killed:
        step += 1
        for path in tmp_path.glob("ledger*"):
            path.unlink()
        for path in kept.iterdir():
            shutil.copy2(path, tmp_path)
        killed = await asyncio.to_thread(in_a_child, counter.ledger, step)
        await counter.ledger.open(KEY, begun=True)
        left = await lines(counter.ledger)
        gone = [seq for seq in before if seq not in left]
        assert gone in ([], before[:OVER]), step
        assert await whole(counter) == (None, None, None), step
        away.add(len(gone))
        assert await counter.ledger.journal.prune(YEAR) == OVER - len(gone)
        assert await lines(counter.ledger) == [*before[OVER:], before[-1] + 1]
        assert await whole(counter) == (None, None, None), step
        await counter.ledger.close()
    assert step > 10, "the commit has more steps than these"
    assert away == {0, OVER}, "some were killed before it counted, and some after"

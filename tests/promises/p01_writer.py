"""A nursery of ledger writers to be killed: it forks one at each word, and each says what was acknowledged."""

import asyncio
import itertools
import os
import random
import signal
import sys
from pathlib import Path

from client.domain.attachment import MOST_BYTES
from client.domain.certificate import SheetState
from client.domain.change import ChangeState, Receipt, change_key
from client.jobs.ports import JournalEntry
from tests.attached_builders import a_file, a_photo
from tests.builders import NOW
from tests.store_builders import a_change, an_issue, store_keys, stores_in


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def write(folder: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - which call comes next, no secret
    stores = stores_in(folder)
    await stores.open(store_keys())
    ledger = stores.ledger
    photo = a_file(folder.with_name("stick"), a_photo(300_000))
    say("open")
    for number in itertools.count():
        name = f"{seed}.{number}"
        act = chance.choice(("record", "issue", "queue", "attach", "hand", "answer"))
        if act == "record":
            await ledger.record(JournalEntry("look_up", "s001", facts={"name": name}))
            say("record", name)
        elif act == "issue":
            copy = await ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
            say("issue", copy.serial.serial)
        elif act == "queue":
            change = a_change()
            await ledger.queue(change)
            say("queue", change.key)
        elif act == "attach":
            beside = await ledger.attachment_files.take(
                photo,
                change_key(NOW, os.urandom(10)),
                change_key(NOW, os.urandom(10)),
                most=MOST_BYTES,
                on_bytes=lambda _done, _of: None,
            )
            await ledger.queue(a_change(attachments=(beside,)))
            say("attach", beside.key)
        elif act == "hand":
            copy = await ledger.issue(an_issue(), actor="s001", clock_offset_ms=0)
            say("issue", copy.serial.serial)
            await ledger.note_sheet(copy.serial, SheetState.SENT, actor="s001")
            await ledger.note_sheet(copy.serial, SheetState.HANDED_OVER, actor="s001")
            say("hand", copy.serial.serial)
        else:
            change = a_change()
            await ledger.queue(change)
            say("queue", change.key)
            await ledger.lease((change.key,), now=NOW)
            await ledger.settle(change.key, ChangeState.ACCEPTED, receipt=Receipt(1, NOW, "仮受付"))
            say("answer", change.key)


def main() -> None:
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            asyncio.run(write(folder, int(line)))
        say("born", child)
        os.waitpid(child, 0)
        say("dead")


if __name__ == "__main__":
    main()

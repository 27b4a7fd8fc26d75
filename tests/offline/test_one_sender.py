"""One sender for one store: whatever process could send holds the data lock, and dies with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from client.config import Config
from ui.cli import exit_codes

ROOT = Path(__file__).resolve().parents[2]
_SENDER = """
import asyncio, sys
from pathlib import Path
from client.domain.errors import StoreError
from offline.store.files import InstanceLock
from offline.store.ledger import LedgerFile
from tests.builders import NOW, a_tenkyo
from tests.fakes import counted_random
from tests.jobs.test_ledger_port import FACTS, a_change
from tests.store_builders import IDENTITY

async def main(folder):
    ledger = LedgerFile(folder, FACTS, lambda: NOW, IDENTITY.sign)
    begun = (folder / "ledger.db").exists()
    await ledger.open(b"l" * 32, begun=begun)
    if begun:
        print(*[change.state.value for change in await ledger.outbox()], flush=True)
        return
    key = (await ledger.queue(a_change())).key
    await ledger.lease((key,), now=NOW)
    print("sending", flush=True)
    await asyncio.sleep(600)

folder = Path(sys.argv[1])
try:
    with InstanceLock(folder / "lock"):
        asyncio.run(main(folder))
except StoreError as error:
    print(error.code, flush=True)
"""


def sender(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{_SENDER}",
            str(folder),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@contextmanager
def sending(folder: Path) -> "Iterator[subprocess.Popen[str]]":
    process = sender(folder)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "sending\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path)


def test_while_one_process_sends_no_verb_and_no_second_counter_gets_at_the_outbox(config: Config) -> None:
    told = {"MADOGUCHI_DATA_DIR": str(config.data_dir), "MADOGUCHI_SERVE_NEIGHBOURS": "127.0.0.1:0"}
    with sending(config.terminal_dir):
        for words in (["verify"], ["hall"], ["outbox", "export", "out"], ["outbox", "import", "out"]):
            done = subprocess.run(
                [sys.executable, "-P", "-m", "ui", *words, "--json"],
                env=os.environ | told,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                cwd=ROOT,
            )
            assert done.returncode == exit_codes.IN_USE, (words, done.stdout, done.stderr)
        second = sender(config.terminal_dir)
        assert second.communicate(timeout=60)[0] == "store.in_use\n"


def test_a_sender_that_is_killed_gives_the_lock_back_and_leaves_what_it_sent_unknown(config: Config) -> None:
    with sending(config.terminal_dir) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        second = sender(config.terminal_dir)
        assert second.communicate(timeout=60)[0] == "unknown\n"

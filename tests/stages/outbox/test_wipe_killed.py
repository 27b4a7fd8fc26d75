"""P11: a wipe killed before and after every step it takes; all of it is handed over once, and in the end no key is left.

A child process does the work and dies by ``_exit``, so that nothing is tidied up; cloud, folder and keyring outlive it.
"""

import asyncio
import os
import pickle
import shutil
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from client.api.attachments import AttachmentBox
from client.api.carried import SealedBox
from client.config import Config
from client.domain.attachment import Limits
from client.domain.errors import RefusedError, StoreError
from client.jobs.attach_file import AttachFile
from client.rules.attachments import PART
from offline.store.keys import Vault
from offline.store.wipe_file import WipeFile
from tests.api.small_cloud import town
from tests.attached_builders import a_file, a_photo, no_attachments
from tests.promises.terminals import PC, Site, config_in, open_terminal
from tests.store_builders import MemoryKeyring, a_change
from ui.doors import open_doors, utc_now, wipe_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.skipif(os.name == "nt", reason="forks")]
KILLED, DONE = 9, 0
PHOTO = a_photo(PART + 500)


class FileKeyring(MemoryKeyring):
    """A keyring that outlives the process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            self.secrets = pickle.loads(path.read_bytes())  # noqa: S301 written below

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password)
        self._path.write_bytes(pickle.dumps(self.secrets))

    def delete_password(self, service: str, username: str) -> None:
        super().delete_password(service, username)
        self._path.write_bytes(pickle.dumps(self.secrets))


def a_pc(folder: Path, patched: pytest.MonkeyPatch) -> tuple[PC, Site]:
    site = Site(folder / "cloud", list(town()))
    pc = PC((site,), FileKeyring(folder / "keyring"))
    pc.plug_in(patched)
    return pc, site


async def at_work(config: Config, site: Site) -> str:
    """Issue papers and take in an intake with a scan; nothing of it is sent."""
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config, site)
        await terminal.issue(2)
        ledger = terminal.doors.stores.ledger
        attach = AttachFile(ledger.attachment_files, limits=Limits(), now=utc_now, random=os.urandom)
        key = attach.new_key()
        scan = await attach(a_file(config.data_dir / "stick", PHOTO, "0.jpg"), key, no_attachments)
        await ledger.queue(replace(a_change(), key=key, made_at=utc_now(), attachments=(scan,)))
        await ledger.journal.cut()
        return terminal.doors.facts.terminal_no


async def wipes(config: Config) -> None:
    """Do what the program does at its start, or the verb after it."""
    if WipeFile(config.terminal_dir).read() is None and not (config.terminal_dir / "terminal.json").exists():
        return  # killed when all was done
    async with AsyncExitStack() as stack:
        try:
            doors = await open_doors(stack, config)
        except (
            StoreError,
            RefusedError,
        ) as error:  # a PC that is no terminal any more, and whose token is spent
            assert error.code in {"store.wiped", "refused.enrolment"}  # noqa: PT017 anything else is a failure
            return
        job = wipe_of(config, doors.vault, doors.facts, doors.http)
        await job.begin()
        await job.go_on()


def child(folder: Path, config: Config, die_at: int) -> int:
    """Do it in a process of its own that dies at a step; returns how it ended."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    ended = 1
    try:
        steps = 0

        def step() -> None:
            nonlocal steps
            steps += 1
            if steps == die_at:
                os._exit(KILLED)

        with pytest.MonkeyPatch.context() as patched:
            for owner, name in ((os, "replace"), (Path, "unlink"), (FileKeyring, "delete_password")):
                patched.setattr(owner, name, between(getattr(owner, name), step))
            for box, name in ((SealedBox, "put"), (AttachmentBox, "announce"), (AttachmentBox, "put")):
                patched.setattr(box, name, awaited_between(getattr(box, name), step))
            a_pc(folder, patched)
            asyncio.run(wipes(config))
        ended = DONE
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(ended)


def between(work: Callable[..., object], step: Callable[[], None]) -> Callable[..., object]:
    def stepped(*words: object, **more: object) -> object:
        step()
        result = work(*words, **more)
        step()
        return result

    return stepped


def awaited_between(
    work: Callable[..., Awaitable[object]], step: Callable[[], None]
) -> Callable[..., object]:
    async def stepped(*words: object, **more: object) -> object:
        step()
        result = await work(*words, **more)
        step()
        return result

    return stepped


def test_killed_before_and_after_each_step_all_is_handed_over_once_and_no_key_is_left(tmp_path: Path) -> None:
    folder, whole = tmp_path / "pc and cloud", tmp_path / "whole"
    with pytest.MonkeyPatch.context() as patched:
        _, site = a_pc(folder, patched)
        config = config_in(folder / "pc", site)
        number = asyncio.run(at_work(config, site))
        site.tenant.close()
    folder.rename(whole)  # it is put back where it was each time: the keyring knows the folder by its path
    tried = 0
    for die_at in range(1, 400):
        shutil.copytree(whole, folder)
        ended = child(folder, config, die_at)
        if ended == KILLED:
            tried += 1
            assert child(folder, config, 0) == DONE, f"after step {die_at}"
        else:
            assert ended == DONE
        _is_over(folder, config, number, die_at)
        shutil.rmtree(folder)
        if ended == DONE:
            break
    assert tried > 30, "a wipe has many steps"


def _is_over(folder: Path, config: Config, number: str, die_at: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        pc, site = a_pc(folder, patched)
        everything = site.everything()
        assert len(everything["issue_book"]) == 2, die_at
        aside = [line for line in everything["quarantine"] if "todoke." in line]
        assert len(aside) + len(everything["intake_case"]) == 1, die_at
        assert len(everything["attachment"]) == 1, die_at
        assert [line for line in everything["attachment"] if "open" in line] == [], "the whole scan"
        assert len([line for line in everything["quarantine"] if "fact.erased" in line]) >= 1, die_at
        assert pc.ring.secrets == {}, die_at
        left = {path.name for path in config.terminal_dir.iterdir()} - {"lock", "logs"}
        assert left == {f"erased-{number}.json"}, die_at
        assert WipeFile(config.terminal_dir).read() is None
        assert Vault(config.terminal_dir, config.environment).facts is None
        site.tenant.close()

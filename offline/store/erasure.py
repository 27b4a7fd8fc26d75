"""A terminal erased from this PC: its keys first, so that what a kill leaves of its files can be read by nobody."""

import asyncio
import json
import secrets
import shutil
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import msgspec

from client.api.codec import command_to_wire
from client.domain.change import ChangeKind, ChangeState, NewChange, QueuedChange, change_key
from client.domain.enrolment import key_in_force
from client.domain.erasure import Certificate, Wipe
from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from client.jobs.ports import Now
from client.rules.authorship import signed_words
from offline.store import files
from offline.store.keys import Vault
from offline.store.order_file import FILE as ORDERS
from offline.store.pack import packed
from offline.store.seal import sealed_batch, sealed_command
from offline.store.unsent import DAMAGED, is_whole
from offline.store.unsent_files import FolderUnsent
from offline.store.wipe_file import FILE as WIPE

_SIGNED = b"madoguchi-erasure-v1\n"  # before what is signed, so that no other signature fits
_FACTS = "terminal.json"
# What goes on with the wipe, the lock of the folder, and the logs, which name nobody.
_STAYS = frozenset({_FACTS, ORDERS, WIPE, "lock", "logs"})


class _Kept(msgspec.Struct):
    words: str


class _Erased(msgspec.Struct):
    municipality: str
    terminal_no: str


class TerminalOnDisk:
    """The terminal in a data folder and its keyring items; fulfils the port ``Erasable``. No store is open meanwhile."""

    def __init__(self, folder: Path, vault: Vault, facts: TerminalFacts, now: Now) -> None:
        self._folder = folder
        self._vault = vault
        self._facts = facts
        self._now = now

    async def lock_out(self) -> None:
        """Take every clerk's box out of the wraps; what the device secret is for stays until all is handed over."""
        await self._vault.lock_out()

    async def copies_are_kept(self) -> bool:
        """Tell whether what is unsent lies beside the ledger."""
        return await asyncio.to_thread(lambda: FolderUnsent(self._folder, self._facts, self._now).is_kept)

    async def found(self) -> tuple[str, ...]:
        """Return the names of what is to be erased, and how many accounts have a keyring that is out of reach from here.

        Where some of what was unsent could not be read, ``unsent.damaged`` is among them.
        """
        names = await asyncio.to_thread(self._names)
        others = self._vault.other_accounts
        return (
            *names,
            "keyring",
            *((f"not reached: keyrings of {others} other accounts",) if others else ()),
        )

    async def erase(self) -> None:
        """Erase; what cannot be removed now is a StoreError, and is removed when this is called again."""
        await self._vault.forget_stores()
        await asyncio.to_thread(self._erase_files)

    async def is_told(self) -> bool:
        """Tell whether the certificate is kept: then the cloud has it."""
        return await asyncio.to_thread((self._folder / self._kept_as).exists)

    def certificate(self, wipe: Wipe) -> Certificate:
        """Say what was erased, when, by which order, and what was handed over before."""
        at = self._now()
        words = json.dumps(
            {
                "municipality": self._facts.municipality_code,
                "terminal_no": self._facts.terminal_no,
                "order_id": wipe.order_id,
                "begun_at": wipe.begun_at.isoformat(),
                "erased_at": at.isoformat(),
                "handed_over": {"changes": wipe.handed.changes, "attachments": wipe.handed.attachments},
                "lost_attachments": wipe.handed.lost,
                "erased": list(wipe.found),
            },
            ensure_ascii=False,
        )
        signature = self._vault.identity.sign(_SIGNED + words.encode())
        return Certificate(words, signature, self._sealed(words, signature))

    async def forget(self, certificate: Certificate) -> None:
        """Keep the certificate beside the logs, then let the rest go; the wipe's own file is the last."""
        await asyncio.to_thread(self._keep, certificate)
        await self._vault.forget()
        await asyncio.to_thread(forget_wipe, self._folder)

    def _sealed(self, words: str, signature: bytes) -> bytes:
        """Return it as a fact of this terminal's, for POST /v1/carried; there is no ledger left to queue it in."""
        now, number = self._now(), self._facts.terminal_no
        to = key_in_force(self._facts.command_keys, now)
        payload = {"words": words, "signature": b64encode(signature).decode()}
        change = NewChange(
            key=change_key(now, secrets.token_bytes(10)),
            kind=ChangeKind.ERASED,
            residents=(),
            base={},
            payload=payload,
            made_at=now,
            made_by="terminal",
        )
        sealed = sealed_command(packed(payload), to, change.key, change.kind.value, number)
        queued = QueuedChange(
            key=change.key,
            kind=change.kind,
            residents=(),
            base={},
            payload=payload,
            made_at=now,
            made_by=change.made_by,
            clock_offset_ms=0,
            todoke_date=None,
            supersedes=None,
            attempts=0,
            next_try_at=None,
            last_words="",
            receipt=None,
            seq=0,
            state=ChangeState.QUEUED,
            sealed=sealed,
            signature=self._vault.identity.sign(signed_words(change, number, sealed)),
        )
        batch = msgspec.json.encode({"commands": [command_to_wire(queued, number)]})
        return sealed_batch(batch, to, self._facts.municipality_code)

    @property
    def _kept_as(self) -> str:
        return f"erased-{self._facts.terminal_no}.json"

    def _to_erase(self) -> list[Path]:
        try:
            return sorted(
                path
                for path in self._folder.iterdir()
                if path.name not in _STAYS and not path.name.startswith("erased-")
            )
        except OSError as error:
            raise StoreError("store.unreadable") from error

    def _names(self) -> tuple[str, ...]:
        damaged = () if is_whole(self._folder) else (DAMAGED,)
        return tuple(dict.fromkeys((*(path.name for path in self._to_erase()), *damaged)))

    def _erase_files(self) -> None:
        try:
            for path in self._to_erase():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            files.sync_folder(self._folder)
        except OSError as error:
            raise StoreError("store.unreadable") from error

    def _keep(self, certificate: Certificate) -> None:
        told = {"words": certificate.words, "signature": b64encode(certificate.signature).decode()}
        files.write_whole(
            self._folder / self._kept_as, msgspec.json.format(msgspec.json.encode(told), indent=1)
        )


async def forget_erased(folder: Path, vault: Vault) -> None:
    """Let this account's keyring lose what it has of terminals that were erased here under another account.

    A certificate that cannot be read, and a keyring that does not answer, keep nothing else back: it is looked at again.
    """
    for path in await asyncio.to_thread(lambda: sorted(folder.glob("erased-*.json"))):
        with suppress(StoreError, msgspec.MsgspecError):
            kept = msgspec.json.decode(files.read_whole(path) or b"", type=_Kept)
            words = msgspec.json.decode(kept.words, type=_Erased)
            if vault.facts is None or vault.facts.terminal_no != words.terminal_no:
                await vault.forget_erased(words.municipality, words.terminal_no)


def forget_wipe(folder: Path) -> None:
    """Let go what goes on with a wipe; its own file is the last. StoreError."""
    try:
        for name in (ORDERS, _FACTS, WIPE):
            (folder / name).unlink(missing_ok=True)
        files.sync_folder(folder)
    except OSError as error:
        raise files.trouble(error) from error

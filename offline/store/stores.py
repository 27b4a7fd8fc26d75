"""The two files of a terminal, opened together with keys and closed on lock."""

import asyncio
import gc
from collections.abc import Callable
from pathlib import Path

from client.domain.errors import StoreError
from client.domain.terminal import NOTHING_SEEN, TerminalFacts, TerminalSeen
from client.jobs.ports import Now, StoreKeys
from offline.store.anchor import Anchor
from offline.store.checks import Checks
from offline.store.files import make_folder
from offline.store.ledger import LedgerFile
from offline.store.outbox import Signer
from offline.store.replica import Replica
from offline.store.shelf import Shelf


class FileStores:
    """Replica and ledger of one terminal in one folder; the two objects stay the same over open and close.

    While closed, each call on them raises StoreError ``store.no_keys``; the shelf needs no key.
    Opening and closing take turns: whoever signs in while the last one's files are still being closed finds
    them closed first, and open after.
    """

    def __init__(
        self,
        data_dir: Path,
        facts: TerminalFacts,
        now: Now,
        sign: Signer,
        *,
        anchor: Anchor | None = None,
        forgotten: Callable[[], None] | None = None,
    ) -> None:
        self._dir = data_dir
        self._forgotten = forgotten  # called in a thread once the keys are let go of
        self._checks = Checks(data_dir / "stores.json")
        self.replica = Replica(data_dir / "replica.db", now)
        self.ledger = LedgerFile(data_dir, facts, now, sign, anchor=anchor)
        self.shelf = Shelf(data_dir / "shelf", lambda: facts.feed_keys)
        self._keys: StoreKeys | None = None
        self._seen = NOTHING_SEEN
        self._turn = asyncio.Lock()

    async def open(self, keys: StoreKeys, *, seen: TerminalSeen = NOTHING_SEEN) -> None:
        """Open, migrate after a verified backup, check the ledger against mark, anchor and cloud. StoreError.

        Open already with these keys, nothing happens: a second clerk's sign-in disturbs no work under way, unless
        the cloud has seen more of this ledger than there is.
        A damaged replica does not keep the counter shut: it is left closed and every call on it says
        ``store.damaged_replica`` until a new fill.
        """
        async with self._turn:
            self._seen = self._seen if seen == NOTHING_SEEN else seen
            if keys == self._keys:
                await self._check()
            else:
                await self._open(keys, accept_loss_by=None)

    async def accept_loss(self, keys: StoreKeys, *, actor: str) -> None:
        """Open although the ledger is behind its mark: an officer's act, recorded, with a new number series."""
        async with self._turn:
            await self._open(keys, accept_loss_by=actor)

    async def _open(self, keys: StoreKeys, *, accept_loss_by: str | None) -> None:
        make_folder(self._dir)
        self._checks.verify("ledger", keys.ledger)
        self._checks.verify("replica", keys.replica)
        await self._shut()
        try:
            begun = self._checks.begun
            await self.ledger.open(keys.ledger, begun=begun, seen=self._seen, accept_loss_by=accept_loss_by)
            self._checks.begin(ledger=keys.ledger, replica=keys.replica)  # after: a kill before is no loss
            await self.replica.open(keys.replica, keys.digest)
        except BaseException:  # given up in the middle too: never half open
            await self._shut()
            raise
        self._keys = keys

    async def _check(self) -> None:
        try:
            await self.ledger.check(self._seen)
        except StoreError:
            await self._shut()
            raise

    @property
    def is_shut(self) -> bool:
        """Tell whether every file is closed, and none is being opened."""
        return self._keys is None and not self._turn.locked()

    async def close(self) -> None:
        """Close every handle and forget the keys."""
        async with self._turn:
            await self._shut()

    async def _shut(self) -> None:
        self._keys = None
        await self.replica.close()
        await self.ledger.close()
        await self.overwrite_freed()

    async def overwrite_freed(self) -> None:
        """Overwrite what was let go of, of the secrets of a try that let nobody in too."""
        if self._forgotten is not None:
            # Here and not on a thread, where it would destroy what Qt has on the window's own, and Qt ends there.
            gc.collect()
            await asyncio.to_thread(self._forgotten)

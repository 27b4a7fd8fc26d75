"""The two files of a terminal, opened together with keys and closed on lock."""

from pathlib import Path

from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from client.jobs.ports import Now, StoreKeys
from offline.store.checks import Checks
from offline.store.files import make_folder
from offline.store.ledger import LedgerFile
from offline.store.replica import Replica


class FileStores:
    """Replica and ledger of one terminal in one folder; the two objects stay the same over open and close.

    While closed, each call on them raises StoreError ``store.no_keys``.
    """

    def __init__(self, data_dir: Path, facts: TerminalFacts, now: Now) -> None:
        self._dir = data_dir
        self._checks = Checks(data_dir / "stores.json")
        self.replica = Replica(data_dir / "replica.db", now)
        self.ledger = LedgerFile(data_dir, facts, now)
        self._keys: StoreKeys | None = None

    async def open(self, keys: StoreKeys) -> None:
        """Open, migrate after a verified backup, check the ledger against its mark. StoreError.

        Open already with these keys, nothing happens: a second clerk's sign-in disturbs no work under way.
        A damaged replica does not keep the counter shut: it is left closed and every call on it says
        ``store.damaged_replica`` until a new fill.
        """
        if keys != self._keys:
            await self._open(keys, accept_loss_by=None)

    async def accept_loss(self, keys: StoreKeys, *, actor: str) -> None:
        """Open although the ledger is behind its mark: an officer's act, recorded, with a new number series."""
        await self._open(keys, accept_loss_by=actor)

    async def _open(self, keys: StoreKeys, *, accept_loss_by: str | None) -> None:
        make_folder(self._dir)
        self._checks.verify("ledger", keys.ledger)
        self._checks.verify("replica", keys.replica)
        await self.close()
        try:
            await self.ledger.open(keys.ledger, begun=self._checks.begun, accept_loss_by=accept_loss_by)
            self._checks.begin(ledger=keys.ledger, replica=keys.replica)  # after: a kill before is no loss
            await self.replica.open(keys.replica, keys.digest)
        except StoreError:
            await self.close()
            raise
        self._keys = keys

    async def close(self) -> None:
        """Close every handle and forget the keys."""
        self._keys = None
        await self.replica.close()
        await self.ledger.close()

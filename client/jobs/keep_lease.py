"""Keep this machine's lease and the revocation list young: once a day, and at once where there is none."""

from datetime import datetime, timedelta
from typing import Protocol

from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError, RefusedError
from client.domain.peer import PeerPapers, SignedLease
from client.jobs.ports import Now
from client.rules.peers import read_lease, revoked_serials

EVERY = timedelta(days=1)


class CloudPeers(Protocol):
    """What the cloud gives a machine for its neighbours."""

    async def lease(self) -> SignedLease:
        """Return this machine's lease."""
        ...

    async def revoked(self) -> bytes:
        """Return the revocation list."""
        ...


class PeerKeeper(Protocol):
    """Where lease and list are kept; neither is secret."""

    def read(self) -> PeerPapers | None:
        """Return what was kept."""
        ...

    def write(self, papers: PeerPapers) -> None:
        """Keep it."""
        ...

    def forget(self) -> None:
        """Take it away."""
        ...


class KeepLease:
    """One look at a time; what the town did not sign is never kept."""

    def __init__(
        self, cloud: CloudPeers, keeper: PeerKeeper, keys: tuple[TownKey, ...], ca: str, *, now: Now
    ) -> None:
        self._cloud = cloud
        self._keeper = keeper
        self._keys = keys
        self._ca = ca
        self._now = now

    async def round(self) -> None:
        """Fetch both where it is time. LinkDownError, StoreError, RefusedError ``refused.terminal_revoked``."""
        if not self._is_due(self._keeper.read(), self._now()):
            return
        try:
            lease, crl = await self._cloud.lease(), await self._cloud.revoked()
        except RefusedError as error:
            if error.code == "refused.terminal_revoked":
                self._keeper.forget()
                raise
            return  # an older cloud's no, and no clerk's affair
        read_lease(lease, self._keys)
        revoked_serials(crl, self._ca)
        self._keeper.write(PeerPapers(lease, crl))

    def _is_due(self, kept: PeerPapers | None, now: datetime) -> bool:
        if kept is None:
            return True
        try:
            made_at = read_lease(kept.lease, self._keys).made_at
        except LinkDownError:
            return True  # of a town this PC was enrolled at before
        return abs(now - made_at) >= EVERY

"""What a machine needs among its neighbours, as the cloud gives it: its own lease, and who was taken out."""

from client.api.http import Http
from client.domain.peer import SignedLease
from client.rules.peers import lease_from_json

_CRL_BYTES = 20_000


class PeerDesk:
    """Speaks to the cloud as the machine itself; fulfils the port ``CloudPeers``."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def lease(self) -> SignedLease:
        """Return this machine's lease. LinkDownError, RefusedError ``refused.terminal_revoked``."""
        reply = await self._http.call("GET", "/v1/terminals/self/peer")
        return lease_from_json(reply.body)

    async def revoked(self) -> bytes:
        """Return the revocation list of the town's authority (DER), its signature not yet looked at. LinkDownError."""
        return (await self._http.call("GET", "/v1/ca/crl", expect_bytes=_CRL_BYTES)).body

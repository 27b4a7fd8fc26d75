"""A terminal's hand and eye for holds: it signs its own as itself, and opens others' while its stores are open."""

import os
from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from client.domain.hold import Hold
from client.domain.peer import PeerPapers
from client.rules.hold_wire import Maker, read_hold, sealed_hold
from client.rules.parcels import parcel_key
from client.rules.peers import OwnTown

_NONCE = 12


class HoldSealer:
    """Fulfils hold_ports.HoldSeal; ``digest_key`` raises StoreError while the stores are shut."""

    def __init__(
        self,
        certificate: Callable[[], str],
        sign: Callable[[bytes], bytes],
        papers: Callable[[], PeerPapers | None],
        town: Callable[[], OwnTown],
        digest_key: Callable[[], bytes],
    ) -> None:
        self._certificate = certificate  # PEM; it may be renewed meanwhile
        self._sign = sign
        self._papers = papers
        self._town = town
        self._digest_key = digest_key

    def seal(self, hold: Hold) -> bytes | None:
        """Return an own hold signed and sealed; None where there is no lease to show. StoreError."""
        papers = self._papers()
        if papers is None:
            return None
        der = x509.load_pem_x509_certificate(self._certificate().encode("ascii")).public_bytes(Encoding.DER)
        maker = Maker(der, papers.lease, self._sign)
        return sealed_hold(hold, maker, parcel_key(self._digest_key()), os.urandom(_NONCE))

    def open(self, wire: bytes, now: datetime) -> Hold:
        """Return a hold whose maker is one of the town's. LinkDownError, RefusedError, StoreError."""
        return read_hold(wire, parcel_key(self._digest_key()), self._town(), now)

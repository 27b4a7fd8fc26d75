"""Machines of a town as the reference cloud makes them: certificates of its authority, leases signed by its keys."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from client.api.neighbours import NeighbourHttp
from client.domain.enrolment import TownKey
from client.domain.peer import PeerPapers, SignedLease
from client.rules.peers import OwnTown, revoked_serials
from cloud.authority import Authority, open_authority
from cloud.enrolment import Terminal
from cloud.keys import TenantKeys, open_keys
from cloud.peers import PeerLeases
from offline.hall.answers import Answers, Kept
from offline.hall.server import PeerServer
from offline.hall.talk import DEFAULT_LIMITS, Limits
from offline.hall.tls import calling, serving
from offline.store.identity import TerminalIdentity, new_key, signing_request
from offline.store.shelf import Shelf
from tests.parcel_builders import TOWN_KEY

CODE = "990001"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class TownOfMachines:
    """A town's authority and keys, without the rest of its cloud; its parcels are those of ``parcel_builders``."""

    folder: Path
    code: str = CODE
    keys: TenantKeys = field(init=False)
    authority: Authority = field(init=False)

    def __post_init__(self) -> None:
        self.keys = open_keys(self.folder / "keys", utc_now())
        self.authority = open_authority(self.folder / "keys", f"Madoguchi {self.code}", utc_now())

    @property
    def feed_keys(self) -> tuple[TownKey, ...]:
        return (TOWN_KEY, *(TownKey(one.key_id, one.public, one.since) for one in self.keys.feed))

    def machine(self, number: str, *, until: timedelta = timedelta(days=7)) -> "Machine":
        key = new_key()
        csr = x509.load_pem_x509_csr(signing_request(key).encode())
        pem = self.authority.certify_terminal(csr, number, utc_now())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        made_at = min(utc_now(), utc_now() + until - timedelta(seconds=1))
        told = PeerLeases(self.code, self.keys, lambda: made_at, term=utc_now() + until - made_at).lease(
            Terminal(number, public, pem, revoked=False)
        )
        signature = told["signature"]
        assert isinstance(signature, bytes)
        lease = SignedLease(str(told["words"]), str(told["key_id"]), signature)
        return Machine(self, TerminalIdentity(number, key), pem, PeerPapers(lease))


@dataclass
class Machine:
    """A terminal or hall server of a town."""

    town: TownOfMachines
    identity: TerminalIdentity
    certificate: str
    papers: PeerPapers | None
    crl: bytes = b""

    @property
    def serial(self) -> int:
        return x509.load_pem_x509_certificate(self.certificate.encode()).serial_number

    def own_town(self) -> OwnTown:
        ca = self.town.authority.pem
        return OwnTown(self.town.code, self.town.feed_keys, ca, revoked_serials(self.crl, ca))

    def http(self, address: str) -> NeighbourHttp:
        trust = partial(calling, self.identity, self.certificate, self.town.authority.pem)
        return NeighbourHttp(address, trust, self.own_town, lambda: self.papers, now=utc_now)

    def shelf(self, folder: Path) -> Shelf:
        return Shelf(folder, lambda: self.town.feed_keys)

    async def serve(self, stack: AsyncExitStack, kept: Kept, limits: Limits = DEFAULT_LIMITS) -> str:
        """Begin to serve until the stack is closed; returns the address."""
        answers = Answers(kept, lambda: self.papers, utc_now)
        server = PeerServer(answers, self.own_town, lambda: self.papers, now=utc_now, limits=limits)
        context = serving(self.identity, self.certificate, self.town.authority.pem)
        port = await server.open(context, "127.0.0.1", 0)
        stack.push_async_callback(server.close)
        return f"127.0.0.1:{port}"

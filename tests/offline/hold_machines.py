"""Machines of a town that share holds over real TLS, each with a real ledger."""

from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from client.api.holds import HoldBox
from client.domain.hold import Hold
from client.jobs.share_holds import ShareHolds
from client.rules.hold_wire import Maker, sealed_hold
from client.rules.parcels import parcel_key
from offline.hall.answers import Kept
from offline.hall.hold_seal import HoldSealer
from offline.store.stores import FileStores
from tests.offline.hall_builders import Machine, utc_now
from tests.parcel_builders import DIGEST_KEY
from tests.store_builders import facts, store_keys

KEY = parcel_key(DIGEST_KEY)


def der_of(machine: Machine) -> bytes:
    """Return a machine's certificate as it travels."""
    return x509.load_pem_x509_certificate(machine.certificate.encode()).public_bytes(Encoding.DER)


def signed_by(machine: Machine, hold: Hold, *, key: bytes = KEY, nonce: bytes = bytes(12)) -> bytes:
    """Return a hold as a machine hands it out."""
    assert machine.papers is not None
    maker = Maker(der_of(machine), machine.papers.lease, machine.identity.sign)
    return sealed_hold(hold, maker, key, nonce)


class Place:
    """A terminal with its ledger open, that shares what it holds."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        self.machine = machine
        self.folder = folder
        self.stores = FileStores(folder, facts(machine.identity.terminal_no), utc_now, machine.identity.sign)
        self.sealer = HoldSealer(
            lambda: machine.certificate,
            machine.identity.sign,
            lambda: machine.papers,
            machine.own_town,
            lambda: DIGEST_KEY,
        )
        self.share = ShareHolds(self.stores.ledger, self.sealer, {}, now=utc_now)

    async def open(self, stack: AsyncExitStack) -> "Place":
        """Open the ledger."""
        await self.stores.open(store_keys())
        stack.push_async_callback(self.stores.close)
        return self

    async def serve(self, stack: AsyncExitStack) -> str:
        """Begin to serve; returns the address."""
        shelf = self.machine.shelf(self.folder / "shelf")
        return await self.machine.serve(stack, Kept(shelf, held=self.share))

    def asks(self, stack: AsyncExitStack, addresses: Iterable[str]) -> None:
        """Let it ask these neighbours from now on; what was said before is forgotten, as after a restart."""
        https = [self.machine.http(address) for address in addresses]
        for http in https:
            stack.push_async_callback(http.close)
        boxes = {http.address: HoldBox(http) for http in https}
        self.share = ShareHolds(self.stores.ledger, self.sealer, boxes, now=utc_now)

    async def held(self) -> list[str]:
        """Return the keys of what it has heard and nothing has ended."""
        return [hold.key for hold in await self.stores.ledger.heard_holds()]


def of_terminal(hold: Hold, number: str) -> Hold:
    """Return a hold as made at another terminal."""
    return replace(hold, terminal=number)

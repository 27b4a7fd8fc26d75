"""A CTAP 2 authenticator made of software, with one discoverable credential and a PIN (PIN/UV protocol one)."""

import hmac
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Event
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.ctap2.pin import PinProtocolV1
from fido2.hid import CAPABILITY

from tests.cloud.soft_key import PRESENT, VERIFIED, SoftKey

MAKE_CREDENTIAL, GET_ASSERTION, GET_INFO, CLIENT_PIN = 0x01, 0x02, 0x04, 0x06
GET_RETRIES, GET_AGREEMENT, GET_TOKEN = 0x01, 0x02, 0x05


@dataclass
class SoftAuthenticator(CtapDevice):
    """Signs for its credential once its PIN was right and somebody touched it."""

    credential: SoftKey
    pin: str = "2580"
    tries: int = 8
    touched: bool = True
    pulled: bool = False
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    _token: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def capabilities(self) -> int:
        return int(CAPABILITY.CBOR)

    @classmethod
    def list_devices(cls) -> Iterator[CtapDevice]:
        return iter(())

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: Event | None = None,
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        if self.pulled:
            raise OSError("no such device")
        asked: Any = cbor.decode(data[1:]) if data[1:] else {}
        try:
            if data[0] == GET_INFO:
                told = self._info()
            elif data[0] == CLIENT_PIN:
                told = self._client_pin(asked)
            elif data[0] == MAKE_CREDENTIAL:
                told = self._made(asked)
            else:
                told = self._assertion(asked, event)
        except CtapError as error:
            return bytes([int(error.code)])
        return b"\0" + cbor.encode(told)

    def _info(self) -> dict[int, Any]:
        options = {"rk": True, "up": True, "clientPin": True}
        return {1: ["FIDO_2_0"], 3: bytes(16), 4: options, 6: [1]}

    def _client_pin(self, asked: Mapping[int, Any]) -> dict[int, Any]:
        if asked[2] == GET_RETRIES:
            return {3: self.tries}
        if asked[2] == GET_AGREEMENT:
            numbers = self._key.public_key().public_numbers()
            return {
                1: {1: 2, 3: -25, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
            }
        peer = asked[3]
        protocol: Any = PinProtocolV1()  # untyped
        x, y = (int.from_bytes(peer[name], "big") for name in (-2, -3))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        shared = sha256(self._key.exchange(ec.ECDH(), public)).digest()
        if not self.tries:
            raise CtapError(CtapError.ERR.PIN_BLOCKED)
        self.tries -= 1
        if protocol.decrypt(shared, asked[6]) != sha256(self.pin.encode()).digest()[:16]:
            raise CtapError(CtapError.ERR.PIN_INVALID if self.tries else CtapError.ERR.PIN_BLOCKED)
        self.tries = 8
        return {2: protocol.encrypt(shared, self._token)}

    def _made(self, asked: Mapping[int, Any]) -> dict[int, Any]:
        """Make a credential in place of the one before; it is discoverable, and the PIN was asked (CTAP 2.1, 6.1)."""
        protocol: Any = PinProtocolV1()
        verified = hmac.compare_digest(protocol.authenticate(self._token, asked[1]), asked[8])
        if not asked[7].get("rk") or asked[4] != [{"alg": -7, "type": "public-key"}]:
            raise CtapError(CtapError.ERR.UNSUPPORTED_OPTION)
        made = SoftKey(asked[2]["id"], credential_id=secrets.token_bytes(16))
        self.credential = made
        flags = PRESENT | 0x40 | (VERIFIED if verified else 0)
        data = sha256(made.host.encode()).digest() + bytes([flags]) + made.counter.to_bytes(4, "big")
        return {1: "none", 2: data + made.secret(), 3: {}}

    def _assertion(self, asked: Mapping[int, Any], event: Event | None) -> dict[int, Any]:
        while not self.touched:
            if event is not None and event.is_set():
                raise CtapError(CtapError.ERR.KEEPALIVE_CANCEL)
            time.sleep(0.01)
        if asked[1] != self.credential.host:
            raise CtapError(CtapError.ERR.NO_CREDENTIALS)
        protocol: Any = PinProtocolV1()
        verified = hmac.compare_digest(protocol.authenticate(self._token, asked[2]), asked[6])
        self.credential.counter += 1
        flags = PRESENT | (VERIFIED if verified else 0)
        data = sha256(self.credential.host.encode()).digest() + bytes([flags])
        data += self.credential.counter.to_bytes(4, "big")
        signature = self.credential.key.sign(data + asked[2], ec.ECDSA(SHA256()))
        return {
            1: {"id": self.credential.credential_id, "type": "public-key"},
            2: data,
            3: signature,
            4: {"id": b"s001"},
        }

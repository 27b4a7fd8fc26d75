"""A session with the TPM whose key only this process and that TPM have: what crosses the bus is encrypted and signed.

The salt is made by ECDH to the TPM's key (TPM 2.0 Library, part 1, 11.4.10, 19.6, 21; annex C.6). Without it a wire on the
bus of the chip reads every secret that is unsealed.
"""

import hmac
import secrets
import struct
from hashlib import sha256

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from offline.tpm import wire
from offline.tpm.wire import BadAnswerError, Reader

NONCE = 32
_KEY_BITS, _BLOCK_BITS = 128, 128


def salt_for(public: bytes) -> tuple[bytes, bytes]:
    """Return a salt of 32 bytes, and what tells it to the TPM that has the key of this public area. BadAnswerError."""
    x, y = wire.point_of(public)
    try:
        theirs = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1())
        ours = ec.generate_private_key(ec.SECP256R1())
        shared = ours.exchange(ec.ECDH(), theirs.public_key())
    except ValueError as error:
        raise BadAnswerError from error
    told = ours.public_key().public_numbers()
    ours_x, ours_y = told.x.to_bytes(32), told.y.to_bytes(32)
    salt = sha256(struct.pack(">I", 1) + shared + b"SECRET\0" + ours_x + x.rjust(32, b"\0")).digest()
    return salt, wire.sized(ours_x) + wire.sized(ours_y)


def derived(key: bytes, label: bytes, first: bytes, second: bytes, bits: int) -> bytes:
    """Derive bits by KDFa with SHA-256, at most 256 of them (part 1, 11.4.10.2)."""
    words = struct.pack(">I", 1) + label + b"\0" + first + second + struct.pack(">I", bits)
    return hmac.digest(key, words, sha256)[: bits // 8]


class Session:
    """One session: signs commands, checks answers, encrypts the first parameter of either."""

    def __init__(self, handle: int, salt: bytes, ours: bytes, theirs: bytes) -> None:
        self.handle = handle
        self._ours = ours
        self._theirs = theirs
        self._key = derived(salt, b"ATH", theirs, ours, 256)

    def command(
        self, code: int, handle: tuple[int, bytes], first: bytes, rest: bytes, *, attributes: int
    ) -> bytes:
        """Return a command about one object (handle and name), its first TPM2B encrypted where the attributes say so."""
        self._ours = secrets.token_bytes(NONCE)
        if attributes & wire.DECRYPT:
            first = first[:2] + self._cipher(self._ours, self._theirs).encryptor().update(first[2:])
        body = first + rest
        about = sha256(struct.pack(">I", code) + handle[1] + body).digest()
        mac = self._mac(about, self._ours, self._theirs, attributes)
        return wire.command(
            code, (handle[0],), body, wire.authorized(self.handle, self._ours, attributes, mac)
        )

    def answer(self, code: int, answer: bytes, *, attributes: int) -> Reader:
        """Return the parameters of the answer to it, once it is proved that the TPM gave them. BadAnswerError."""
        read = Reader(answer[wire.HEADER :])
        body = read.take(read.number(4))
        self._theirs, said, mac = read.sized(), read.number(1), read.sized()
        about = sha256(struct.pack(">II", 0, code) + body).digest()
        if not hmac.compare_digest(mac, self._mac(about, self._theirs, self._ours, said)):
            raise BadAnswerError
        if attributes & wire.ENCRYPT:
            first, rest = Reader(body).sized(), Reader(body)
            rest.sized()
            clear = self._cipher(self._theirs, self._ours).decryptor().update(first)
            body = wire.sized(clear) + rest.rest()
        return Reader(body)

    def _mac(self, about: bytes, newer: bytes, older: bytes, attributes: int) -> bytes:
        return hmac.digest(self._key, about + newer + older + bytes([attributes]), sha256)

    def _cipher(self, newer: bytes, older: bytes) -> Cipher[CFB]:
        made = derived(self._key, b"CFB", newer, older, _KEY_BITS + _BLOCK_BITS)
        return Cipher(AES(made[: _KEY_BITS // 8]), CFB(made[_KEY_BITS // 8 :]))

"""The town's escrow: a key pair whose private half nobody keeps whole. Officers have shares of it, each under a passphrase.

Bundles that are carried by hand are sealed to it, so two officers must come together to open one. Shares are points on a
line over GF(256) (Shamir 1979; docs/CONTRACT.md, Bundles), written so that they can be typed in from paper.
"""

import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cloud.clock import stamp
from cloud.keys import TenantKeys, write_private

THRESHOLD = 2
_SIGNED = b"madoguchi-escrow-v1\n"
_MAGIC = b"M\1"
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LINE, _GROUP = 10, 4
_SALT = 16
_PERSON = b"madoguchi-share"


@dataclass(frozen=True, slots=True)
class ShareCost:
    """What a guess at an officer's passphrase costs: Argon2id."""

    passes: int = 3
    log2_kib: int = 18  # 256 MiB: a share is opened once in years, and may be guessed at for as long
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class Share:
    """One officer's share: a point of the line."""

    number: int
    value: bytes = field(repr=False)


def new_escrow() -> tuple[bytes, bytes]:
    """Return a public key and its private half, which is to be split and dropped at once."""
    private = X25519PrivateKey.generate()
    return private.public_key().public_bytes_raw(), private.private_bytes_raw()


def split(secret: bytes, of: int) -> list[Share]:
    """Return shares, any two of which give the secret, and one of which says nothing about it."""
    if not THRESHOLD <= of <= 20:
        raise ValueError("an escrow has two to twenty officers")
    slope = secrets.token_bytes(len(secret))
    return [
        Share(
            number, bytes(height ^ _times(rise, number) for height, rise in zip(secret, slope, strict=True))
        )
        for number in range(1, of + 1)
    ]


def written(share: Share, of: int, public: bytes, passphrase: str, cost: ShareCost) -> str:
    """Return a share closed under its officer's passphrase, as eight lines that check themselves."""
    salt = secrets.token_bytes(_SALT)
    head = _MAGIC + bytes([THRESHOLD, of, share.number]) + bytes.fromhex(key_id(public))
    head += bytes([cost.passes, cost.log2_kib, cost.lanes]) + salt
    key = hash_secret_raw(
        unicodedata.normalize("NFKC", passphrase).encode("utf-8"),
        salt,
        time_cost=cost.passes,
        memory_cost=1 << cost.log2_kib,
        parallelism=cost.lanes,
        hash_len=32,
        type=Type.ID,
    )
    content = head + AESGCM(key).encrypt(bytes(12), share.value, head)
    parts = [content[at : at + _LINE] for at in range(0, len(content), _LINE)]
    return "\n".join(_line(number, part) for number, part in enumerate(parts, 1)) + "\n"


def key_id(public: bytes) -> str:
    """Return what an escrow key is called."""
    return blake2b(public, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Card:
    """What the town tells everybody: the escrow's public key, and the keys a bundle's maker is known by."""

    municipality: str
    name: str
    public: bytes
    ca: str = field(repr=False)


def signed_card(card: Card, keys: TenantKeys, now: datetime) -> bytes:
    """Return the card as a file, signed by the town's feed key."""
    said = {
        "municipality": card.municipality,
        "name": card.name,
        "key_id": key_id(card.public),
        "key": b64encode(card.public).decode("ascii"),
        "made_at": stamp(now),
        "feed_keys": [b64encode(key.public).decode("ascii") for key in keys.feed],
        "ca": card.ca,
    }
    words = msgspec.json.encode(said).decode()
    key = keys.feed_at(now)
    signature = key.private.sign(_SIGNED + words.encode("utf-8"))
    file = {"words": words, "key_id": key.key_id, "signature": b64encode(signature).decode("ascii")}
    return msgspec.json.format(msgspec.json.encode(file), indent=1)


def keep_public(folder: Path, public: bytes, now: datetime) -> None:
    """Keep the public key beside the town's others, by the moment it came into force."""
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"escrow-{moment}.pub"
    if path.exists():
        raise FileExistsError(path.name)
    write_private(path, public)


def public_keys(folder: Path) -> Sequence[bytes]:
    """Return the escrow's public keys, oldest first."""
    return [path.read_bytes() for path in sorted(folder.glob("escrow-*.pub"))]


def _line(number: int, content: bytes) -> str:
    hashed = blake2b(bytes([number]) + content, digest_size=4, person=_PERSON).digest()
    value = int.from_bytes(content, "big") << 20 | int.from_bytes(hashed, "big") >> 12
    letters = ""
    for _ in range((len(content) * 8 + 20) // 5):
        letters = _LETTERS[value & 31] + letters
        value >>= 5
    groups = [letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP)]
    return f"{number}  {'-'.join(groups[:-1])}  {groups[-1]}"


def _times(left: int, right: int) -> int:
    """Multiply in GF(256), the field of AES: add left, shifted, for every bit of right; reduce at once."""
    product = 0
    for bit in range(8):
        if right >> bit & 1:
            product ^= left << bit
    for bit in range(14, 7, -1):
        if product >> bit & 1:
            product ^= 0x11B << (bit - 8)
    return product

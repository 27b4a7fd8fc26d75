"""Commands as they are sealed and signed: HPKE (RFC 9180) to a command key of the tenant's, the author's signature."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from hashlib import sha256
from math import isfinite
from typing import TypeAlias

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cloud.clock import read_stamp, stamp
from cloud.command import Command
from cloud.keys import TenantKeys

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ID_SIZE = 8  # bytes of a key's id, before what is sealed to it
_SIGNED = b"madoguchi-command-v1\n"
_pack = msgspec.msgpack.Encoder().encode
Payload: TypeAlias = Mapping[str, object]


class UnreadableError(Exception):
    """An envelope that is not for us, was changed, or holds no payload; the message says which."""


def open_payload(keys: TenantKeys, command: Command) -> Payload:
    """Open a command's envelope and read its payload (msgpack map); UnreadableError."""
    key_id, sealed = command.sealed[:_ID_SIZE].hex(), command.sealed[_ID_SIZE:]
    private_key = keys.command_of(key_id)
    if private_key is None:
        raise UnreadableError("unknown_key")
    bound = ("madoguchi command v1", command.key, command.kind, command.terminal, key_id)
    try:
        content = _SUITE.decrypt(sealed, private_key, "\0".join(bound).encode("utf-8"))
        payload = msgspec.msgpack.decode(content, type=dict[str, object])
        if not _is_kept_as_it_is(payload):
            raise UnreadableError("unreadable")
    except (InvalidTag, ValueError, msgspec.DecodeError, msgspec.ValidationError, RecursionError):
        raise UnreadableError("unreadable") from None
    return payload


def _is_kept_as_it_is(value: object) -> bool:
    """Tell whether a value can be written down as JSON text; no PostgreSQL text holds a zero byte."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_kept_as_it_is(name) for name in value) and all(
            map(_is_kept_as_it_is, value.values())
        )
    if isinstance(value, list):
        return all(map(_is_kept_as_it_is, value))
    return value is None or isinstance(value, int | bytes) or (isinstance(value, float) and isfinite(value))


def signed_words(command: Command) -> bytes:
    """Return what the author of a command signed: all that stands in the clear, and the envelope by its hash."""
    return _SIGNED + _pack(
        [
            command.key,
            command.kind,
            list(command.residents),
            [[one, command.base[one]] for one in sorted(command.base)],
            command.written_at,
            command.clock_offset_ms,
            command.made_by,
            command.terminal,
            command.todoke_date.isoformat() if command.todoke_date else None,
            command.supersedes,
            sha256(command.sealed).digest(),
        ]
    )


def read_words(words: bytes, sealed: bytes, signature: bytes) -> Command:
    """Return the command whose author signed these words; ValueError where they are not a command's."""
    try:
        if not words.startswith(_SIGNED):
            raise ValueError("not the words of a command")
        said = msgspec.msgpack.decode(words[len(_SIGNED) :], type=_Words)
    except msgspec.MsgspecError:
        raise ValueError("not the words of a command") from None
    return Command(
        key=said.key,
        kind=said.kind,
        residents=tuple(said.residents),
        base=dict(said.base),
        made_at=stamp(read_stamp(said.written_at)),
        written_at=said.written_at,
        clock_offset_ms=said.clock_offset_ms,
        made_by=said.made_by,
        terminal=said.terminal,
        sealed=sealed,
        signature=signature,
        todoke_date=said.todoke_date,
        supersedes=said.supersedes,
    )


class _Words(msgspec.Struct, array_like=True):
    key: str
    kind: str
    residents: list[str]
    base: list[tuple[str, int]]
    written_at: str
    clock_offset_ms: int
    made_by: str
    terminal: str
    todoke_date: date | None
    supersedes: str | None
    sealed_hash: bytes


def open_attachment(keys: TenantKeys, sealed: bytes, words: Sequence[str]) -> bytes:
    """Open an attachment's content, bound to ``words``: its key, its command's and its terminal; UnreadableError."""
    key_id, content = sealed[:_ID_SIZE].hex(), sealed[_ID_SIZE:]
    private_key = keys.command_of(key_id)
    if private_key is None:
        raise UnreadableError("unknown_key")
    bound = ("madoguchi attachment v1", *words, key_id)
    try:
        return _SUITE.decrypt(content, private_key, "\0".join(bound).encode("utf-8"))
    except (InvalidTag, ValueError):
        raise UnreadableError("unreadable") from None


def open_carried(keys: TenantKeys, municipality: str, sealed: bytes) -> bytes:
    """Open what a terminal gave a neighbour for us: the body it would have sent to /v1/commands; UnreadableError."""
    key_id, content = sealed[:_ID_SIZE].hex(), sealed[_ID_SIZE:]
    private_key = keys.command_of(key_id)
    if private_key is None:
        raise UnreadableError("unknown_key")
    bound = ("madoguchi carried v1", municipality, key_id)
    try:
        return _SUITE.decrypt(content, private_key, "\0".join(bound).encode("utf-8"))
    except (InvalidTag, ValueError):
        raise UnreadableError("unreadable") from None


def is_signed(command: Command, public_key: bytes) -> bool:
    """Tell whether a command bears the signature of a terminal's key (PEM)."""
    key = _read_key(public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(command.signature, signed_words(command), ec.ECDSA(SHA256()))
    except (InvalidSignature, UnicodeEncodeError):
        return False
    return True


@lru_cache(maxsize=1024)
def _read_key(public_key: bytes) -> object:
    return load_pem_public_key(public_key)

"""``terminal.json``: the public facts of this terminal."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from client.domain.enrolment import TownKey
from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from offline.store.files import read_whole, write_whole

FORMAT = (
    2  # from 2 on a terminal's has a seal; a hall server's, which has no keyring, has none and is of format 1
)
_UNSEALED = 1


class _Municipality(msgspec.Struct, frozen=True):
    code: str
    name: str
    prefecture: str


class _Key(msgspec.Struct, frozen=True):
    id: str
    key: bytes
    since: datetime = msgspec.field(name="from")


_Keys = Annotated[tuple[_Key, ...], msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, frozen=True):
    format: int
    terminal_no: str
    terminal_name: str
    municipality: _Municipality
    cloud_url: str
    certificate: str
    ca: str
    feed_keys: _Keys
    command_keys: _Keys
    written: int = 0
    seal: bytes = b""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file as it lies: its facts, how often it was written, its seal (HMAC-SHA256), and the bytes the seal is of."""

    facts: TerminalFacts
    written: int
    seal: bytes
    content: bytes


class _Format(msgspec.Struct, frozen=True):
    format: int


def read_facts(path: Path) -> TerminalFacts | None:
    """Return the facts, or None where this PC was never enrolled. StoreError."""
    content = read_whole(path)
    return None if content is None else read_sealed(content).facts


def read_sealed(content: bytes, *, as_format: int | None = None) -> Sealed:
    """Return what a file says, its seal unchecked; ``as_format`` as if it said that one. StoreError.

    ``store.unreadable``, ``store.newer``.
    """
    try:
        if as_format is None and msgspec.json.decode(content, type=_Format).format > FORMAT:
            raise StoreError("store.newer")
        kept = msgspec.json.decode(content, type=_File)
        if as_format is not None:
            kept = msgspec.structs.replace(kept, format=as_format)
        return Sealed(_facts(kept), kept.written, kept.seal, _under_seal(kept))
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreError("store.unreadable") from error


def write_facts(path: Path, facts: TerminalFacts) -> None:
    """Write the facts down without a seal."""
    _write(path, _kept(facts))


def write_sealed(path: Path, facts: TerminalFacts, written: int, seal: Callable[[bytes], bytes]) -> None:
    """Write the facts down, with how often that was done, under the seal of what is written."""
    kept = msgspec.structs.replace(_kept(facts), format=FORMAT, written=written)
    _write(path, msgspec.structs.replace(kept, seal=seal(_under_seal(kept))))


def _under_seal(kept: _File) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(kept, seal=b""))


def _write(path: Path, kept: _File) -> None:
    write_whole(path, msgspec.json.format(msgspec.json.encode(kept), indent=1))


def _kept(facts: TerminalFacts) -> _File:
    return _File(
        format=_UNSEALED,
        terminal_no=facts.terminal_no,
        terminal_name=facts.terminal_name,
        municipality=_Municipality(facts.municipality_code, facts.municipality_name, facts.prefecture),
        cloud_url=facts.cloud_url,
        certificate=facts.certificate,
        ca=facts.ca,
        feed_keys=_written(facts.feed_keys),
        command_keys=_written(facts.command_keys),
    )


def _facts(kept: _File) -> TerminalFacts:
    return TerminalFacts(
        terminal_no=kept.terminal_no,
        terminal_name=kept.terminal_name,
        municipality_code=kept.municipality.code,
        municipality_name=kept.municipality.name,
        prefecture=kept.municipality.prefecture,
        cloud_url=kept.cloud_url,
        certificate=kept.certificate,
        ca=kept.ca,
        feed_keys=_read(kept.feed_keys),
        command_keys=_read(kept.command_keys),
    )


def _read(keys: tuple[_Key, ...]) -> tuple[TownKey, ...]:
    return tuple(TownKey(one.id, one.key, one.since) for one in keys)


def _written(keys: tuple[TownKey, ...]) -> tuple[_Key, ...]:
    return tuple(_Key(one.key_id, one.key, one.since) for one in keys)

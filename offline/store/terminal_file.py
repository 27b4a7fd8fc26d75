"""``terminal.json``: the public facts of this terminal."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from client.domain.enrolment import TownKey
from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from offline.store.files import read_whole, write_whole

FORMAT = 1


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


class _Format(msgspec.Struct, frozen=True):
    format: int


def read_facts(path: Path) -> TerminalFacts | None:
    """Return the facts, or None where this PC was never enrolled. StoreError."""
    content = read_whole(path)
    if content is None:
        return None
    try:
        if msgspec.json.decode(content, type=_Format).format > FORMAT:
            raise StoreError("store.newer")
        return _facts(msgspec.json.decode(content, type=_File))
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreError("store.unreadable") from error


def write_facts(path: Path, facts: TerminalFacts) -> None:
    """Write the facts down."""
    kept = _File(
        format=FORMAT,
        terminal_no=facts.terminal_no,
        terminal_name=facts.terminal_name,
        municipality=_Municipality(facts.municipality_code, facts.municipality_name, facts.prefecture),
        cloud_url=facts.cloud_url,
        certificate=facts.certificate,
        ca=facts.ca,
        feed_keys=_written(facts.feed_keys),
        command_keys=_written(facts.command_keys),
    )
    write_whole(path, msgspec.json.format(msgspec.json.encode(kept), indent=1))


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

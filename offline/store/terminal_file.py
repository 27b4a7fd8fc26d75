"""``terminal.json``: the public facts of this terminal."""

from pathlib import Path

import msgspec

from client.domain.errors import StoreError
from client.domain.terminal import TerminalFacts
from offline.store.files import read_whole, write_whole

FORMAT = 1


class _Municipality(msgspec.Struct, frozen=True):
    code: str
    name: str
    prefecture: str


class _File(msgspec.Struct, frozen=True):
    format: int
    terminal_no: str
    terminal_name: str
    municipality: _Municipality
    cloud_url: str
    certificate: str
    ca: str
    feed_key: bytes
    command_key: bytes


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
        kept = msgspec.json.decode(content, type=_File)
    except msgspec.DecodeError as error:
        raise StoreError("store.unreadable") from error
    return TerminalFacts(
        terminal_no=kept.terminal_no,
        terminal_name=kept.terminal_name,
        municipality_code=kept.municipality.code,
        municipality_name=kept.municipality.name,
        prefecture=kept.municipality.prefecture,
        cloud_url=kept.cloud_url,
        certificate=kept.certificate,
        ca=kept.ca,
        feed_key=kept.feed_key,
        command_key=kept.command_key,
    )


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
        feed_key=facts.feed_key,
        command_key=facts.command_key,
    )
    write_whole(path, msgspec.json.format(msgspec.json.encode(kept), indent=1))

"""The list sent along: each file with its rows and its SHA-256, by which a file cut off or missing is found."""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from cloud.layout.faults import DeliveryError
from cloud.layout.items import Limits
from cloud.layout.records import QuoteError, cells_of, record_text, records
from cloud.layout.source import Source, opened

_HEAD = ["ファイル", "行数", "SHA-256"]


class Listed(NamedTuple):
    """What the list says of a file."""

    rows: int
    sha256: str


def read_manifest(source: Source, name: str, limits: Limits) -> dict[str, Listed]:
    """Read the list; DeliveryError where it cannot be read."""
    found: dict[str, Listed] = {}
    try:
        with opened(source, name, "utf-8") as file:
            few = islice(records(file.text, limits.record), limits.files + 2)
            lines = [cells_of(record.text or "") for record in few]
        if len(lines) > limits.files + 1 or not lines or lines[0] != _HEAD:
            raise DeliveryError("manifest_broken", name)
        for place, (file_name, rows, sha256) in enumerate(lines[1:], 2):
            if not file_name or not rows or not sha256 or file_name in found:
                raise DeliveryError("manifest_broken", name, place)
            found[file_name] = Listed(int(rows), sha256)
    except (QuoteError, ValueError) as error:
        raise DeliveryError("manifest_broken", name) from error
    return found


def manifest_text(listed: Iterable[tuple[str, Listed]]) -> str:
    """Return the list as text."""
    lines = [record_text(_HEAD)]
    lines += [record_text([name, str(told.rows), told.sha256]) for name, told in listed]
    return "".join(lines)

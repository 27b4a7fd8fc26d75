"""What was last done for the replica, in plain sight for ``madoguchi status``: moments, counts and codes, nobody's data."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from client.domain.errors import StoreError
from client.jobs.ports import Now
from offline.store.files import read_whole, write_whole

NAME = "upkeep.json"
Facts = Mapping[str, str | int]


class UpkeepFile:
    """``upkeep.json`` beside the stores: last repair, last proof on demand, what is not taken in, attachments left."""

    def __init__(self, folder: Path, now: Now) -> None:
        self._path = folder / NAME
        self._now = now

    def tell(self, what: str, facts: Facts) -> None:
        """Write down what has just happened; where that cannot be written, nothing else suffers."""
        moment = self._now().isoformat(timespec="seconds")
        told = {**read_upkeep(self._path.parent), what: {"at": moment, **facts}}
        with suppress(StoreError):
            write_whole(self._path, msgspec.json.encode(told))


def read_upkeep(folder: Path) -> dict[str, object]:
    """Return what was written down last; empty where nothing was, or it cannot be read."""
    try:
        found: dict[str, object] = msgspec.json.decode(read_whole(folder / NAME) or b"{}", type=dict)
    except (StoreError, msgspec.DecodeError):
        return {}
    return found

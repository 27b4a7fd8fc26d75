"""Holds among neighbours: how they are asked for and handed in; and a hall server's shelf of what it cannot read."""

from collections.abc import Collection, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Protocol

import msgspec

from client.jobs.ports import Now
from client.rules.hold_wire import LARGEST, MOST_AT_ONCE, name_of
from offline.hall.server import problem
from offline.hall.talk import Asked, Given
from offline.store.files import make_folder, read_whole, write_whole
from offline.store.turns import Turns

MOST_OF_A_GIVER = 2_000  # of a hall server's files
_KEPT_S = 8 * 86_400  # a day longer than the lease inside lasts: nobody could judge it then
_ENDING = ".hold"
_ROUTE = "/v1/holds"

Name = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Wire = Annotated[bytes, msgspec.Meta(min_length=1, max_length=LARGEST)]


class Held(Protocol):
    """Who has holds to give, and takes others."""

    async def names(self) -> tuple[bytes, ...]:
        """Return the names of what there is. StoreError."""
        ...

    async def wires(self, wanted: Collection[bytes]) -> tuple[bytes, ...]:
        """Return some of it. StoreError."""
        ...

    async def take(self, wires: Iterable[bytes], giver: str) -> None:
        """Take what a neighbour hands in. StoreError."""
        ...


class _Exchange(msgspec.Struct):
    want: Annotated[list[Name], msgspec.Meta(max_length=MOST_AT_ONCE)]
    give: Annotated[list[Wire], msgspec.Meta(max_length=MOST_AT_ONCE)]


async def answer(held: Held, asked: Asked) -> Given:
    """Answer a neighbour; there is no call that takes anything back."""
    if asked.call.method == "GET":
        names = await held.names()
        if asked.call.query.get("known") == sha256(b"".join(names)).hexdigest():
            return Given(204, route=_ROUTE)
        return Given(200, msgspec.json.encode({"names": [one.hex() for one in names]}), route=_ROUTE)
    if asked.call.method != "POST":
        return problem(405, "request.method")
    try:
        said = msgspec.json.decode(asked.call.body, type=_Exchange)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return problem(422, "request.malformed")
    await held.take(said.give, asked.peer.terminal_no)
    wires = await held.wires([bytes.fromhex(one) for one in said.want])
    return Given(200, msgspec.json.encode({"holds": list(wires)}), route=_ROUTE)


class HoldShelf:
    """A hall server's folder of holds: files by whose they are who brought them, and by the hash of their bytes."""

    def __init__(self, folder: Path, now: Now, *, most: int = MOST_OF_A_GIVER) -> None:
        self._folder = folder
        self._now = now
        self._most = most
        self._off_loop = Turns()

    async def names(self) -> tuple[bytes, ...]:
        """Return the names of what lies here. StoreError."""
        return await self._off_loop(lambda: tuple(sorted({*map(_name, self._files())})))

    async def wires(self, wanted: Collection[bytes]) -> tuple[bytes, ...]:
        """Return some of it, each whole. StoreError."""
        return await self._off_loop(lambda: self._read(set(wanted)))

    async def take(self, wires: Iterable[bytes], giver: str) -> None:
        """Keep what is new, on disk when this returns; of one giver's, the oldest make room. StoreError."""
        await self._off_loop(lambda: self._take(tuple(wires), giver))

    async def clear(self) -> None:
        """Let go of everything. StoreError."""
        await self._off_loop(lambda: _remove(self._files()))

    def _take(self, wires: tuple[bytes, ...], giver: str) -> None:
        make_folder(self._folder)
        there = {*map(_name, self._files())}
        for wire in wires:
            if name_of(wire) not in there:
                write_whole(self._folder / f"{giver}-{name_of(wire).hex()}{_ENDING}", wire)
        old = self._now().timestamp() - _KEPT_S
        theirs = sorted(self._folder.glob(f"{giver}-*{_ENDING}"), key=lambda path: path.stat().st_mtime)
        gone = {*theirs[: max(len(theirs) - self._most, 0)]}
        _remove((*gone, *(one for one in self._files() if one.stat().st_mtime < old)))

    def _read(self, wanted: set[bytes]) -> tuple[bytes, ...]:
        found = {_name(path): read_whole(path) for path in self._files() if _name(path) in wanted}
        return tuple(wire for name, wire in found.items() if wire is not None and name_of(wire) == name)

    def _files(self) -> list[Path]:
        return list(self._folder.glob(f"*-*{_ENDING}"))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _name(path: Path) -> bytes:
    return bytes.fromhex(path.stem.rpartition("-")[2])

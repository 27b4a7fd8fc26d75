"""The shelf: parcels as they came from the town, kept for a while; sealed, so that it tells a thief nothing.

What arrives while the stores are shut waits here until somebody unlocks; neighbours that are behind are served from it;
a delta carried by hand is copied out of it. Every parcel read is verified again: whoever can write to the disk can put
nothing here that the town has not signed.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError, StoreError
from client.domain.feed import Feed, FeedPosition, Position
from client.domain.parcel import Parcel
from client.rules.parcels import read_parcel
from offline.store.files import make_folder, open_own, read_whole, write_all
from offline.store.turns import Turns

KEPT_FOR = timedelta(days=14)
MOST_BYTES = 256 * 1024 * 1024
_WORD_EVERY = timedelta(minutes=1)  # the word that there is nothing new goes to disk no oftener
_ENDING = ".parcel"
_POSITION = "position.json"
Keys = Callable[[], Iterable[TownKey]]


class Shelf:
    """A folder of parcels, by feed and version; its work is done off the loop, one at a time."""

    def __init__(
        self, folder: Path, keys: Keys, *, kept_for: timedelta = KEPT_FOR, most_bytes: int = MOST_BYTES
    ) -> None:
        self._folder = folder
        self._keys = keys
        self._kept_for = kept_for
        self._most_bytes = most_bytes
        self._words: dict[Feed, Parcel] = {}  # the newest "nothing new" of each feed
        self._written: dict[Feed, datetime] = {}
        self._sound: set[str] = set()  # names of parcels that were verified since the program began
        self._off_loop = Turns()

    async def put(self, parcel: Parcel) -> None:
        """Keep a parcel. StoreError ``store.full`` and others."""
        await self._off_loop(lambda: self._put(parcel))

    async def next(self, feed: Feed, after: int, *, across: bool = False) -> Parcel | None:
        """Return what takes a feed on from a version, the longest way; or the word that it was the newest; or None.

        With ``across`` also what begins before the version and leads beyond it, where nothing begins there.
        """
        return await self._off_loop(lambda: self._next(feed, after, across=across))

    async def note(self, position: Position) -> None:
        """Write down where the replica stands, for the time when it is shut."""
        await self._off_loop(lambda: self._note(position))

    async def position(self) -> Position | None:
        """Return where the replica stood when that was last written down; None where it never was."""
        return await self._off_loop(self._position)

    async def reached(self, feed: Feed, after: int) -> int:
        """Return the version that parcels here lead to from a version, one after the other."""
        return await self._off_loop(lambda: self._reached(feed, after))

    async def said(self, feed: Feed, version: int) -> Parcel | None:
        """Return a parcel by which a version was the newest, news or the word that there is none; or None."""
        return await self._off_loop(lambda: self._said(feed, version))

    async def earliest(self, feed: Feed) -> int:
        """Return the version from which on parcels here lead to the newest of them, or to the word that it was newest."""
        return await self._off_loop(lambda: self._earliest(feed))

    async def clear(self) -> None:
        """Take everything away: the terminal is another one's now, or wiped."""
        await self._off_loop(self._clear)

    def _put(self, parcel: Parcel) -> None:
        if not parcel.is_news:
            known = self._words.get(parcel.feed)
            if known is None or parcel.at >= known.at:
                self._words[parcel.feed] = parcel
            written = self._written.get(parcel.feed)
            if written is not None and parcel.at - written < _WORD_EVERY:
                return
            self._written[parcel.feed] = parcel.at
        self._write(_name(parcel), parcel.wire, parcel.at)
        if parcel.is_news:
            self._sound.add(_name(parcel))
            self._prune(parcel.at)

    def _next(self, feed: Feed, after: int, *, across: bool) -> Parcel | None:
        fitting = _longest_first(self._named(f"{feed.value}-{after:012d}-"))
        if across:
            fitting += [path for path in _longest_first(self._of(feed)) if _begin(path) < after < _end(path)]
        for path in fitting:
            if parcel := self._read(path):
                return parcel
        word = self._words.get(feed) or self._read(self._folder / _word_name(feed))
        return word if word is not None and word.to == after else None

    def _reached(self, feed: Feed, after: int) -> int:
        """Go from parcel to parcel, none of them torn: what one would have brought is to be fetched again."""
        leading: dict[int, list[Path]] = {}
        for path in _longest_first(self._of(feed)):
            leading.setdefault(_begin(path), []).append(path)
        while sound := next(filter(self._is_sound, leading.pop(after, ())), None):
            after = _end(sound)
        return after

    def _is_sound(self, path: Path) -> bool:
        if path.name not in self._sound and self._read(path) is not None:
            self._sound.add(path.name)
        return path.name in self._sound

    def _ends(self, feed: Feed) -> dict[int, int]:
        """Return how far the longest parcel from each version leads."""
        ends: dict[int, int] = {}
        for path in self._of(feed):
            ends[_begin(path)] = max(ends.get(_begin(path), 0), _end(path))
        return ends

    def _said(self, feed: Feed, version: int) -> Parcel | None:
        ending = (path for path in self._of(feed) if _end(path) == version)
        found = (self._words.get(feed), self._read(self._folder / _word_name(feed)), *map(self._read, ending))
        fitting = [parcel for parcel in found if parcel is not None and parcel.to == parcel.head == version]
        return max(fitting, key=lambda parcel: parcel.at, default=None)

    def _earliest(self, feed: Feed) -> int:
        word = self._words.get(feed) or self._read(self._folder / _word_name(feed))
        newest = max([*map(_end, self._of(feed)), 0 if word is None else word.to])
        ends = self._ends(feed)
        led: dict[int, int] = {}
        for begin in sorted(ends, reverse=True):
            led[begin] = led.get(ends[begin], ends[begin])
        return min((begin for begin, end in led.items() if end == newest), default=newest)

    def _read(self, path: Path) -> Parcel | None:
        """Read a parcel; what is none, or not the one its name says, is taken away: it can be fetched again."""
        try:
            content = read_whole(path)
        except StoreError:
            return None  # a sector that cannot be read: here too it can be fetched again
        if content is None:
            return None
        with suppress(LinkDownError):
            parcel = read_parcel(content, self._keys())
            if isinstance(parcel, Parcel) and _name(parcel) == path.name:
                return parcel
        path.unlink(missing_ok=True)
        return None

    def _write(self, name: str, content: bytes, at: datetime) -> None:
        """Write a file whole; not brought to the platter, for a torn one is seen by its signature and fetched again.

        It bears the moment the town said it, so that a wrong clock of this PC makes it neither old nor young.
        """
        make_folder(self._folder)
        draft = self._folder / f"{name}.new"
        try:
            handle = open_own(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0))
            try:
                write_all(handle, content)
            finally:
                os.close(handle)
            os.utime(draft, (at.timestamp(), at.timestamp()))
            draft.replace(self._folder / name)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise

    def _prune(self, now: datetime) -> None:
        """Let go of what is far from what came now, by the town's clock, and what a killed program left half written."""
        known = [
            (abs(now.timestamp() - _written_at(path)), -_end(path), path)
            for feed in Feed
            for path in self._of(feed)
        ]
        left = self._most_bytes
        for away, _, path in sorted(known):
            left -= path.stat().st_size
            if left < 0 or away > self._kept_for.total_seconds():
                path.unlink(missing_ok=True)
        for draft in self._folder.glob("*.new"):
            draft.unlink(missing_ok=True)

    def _of(self, feed: Feed) -> list[Path]:
        return self._named(f"{feed.value}-")

    def _named(self, beginning: str) -> list[Path]:
        names = os.listdir(self._folder) if self._folder.is_dir() else ()
        fitting = (name for name in names if name.startswith(beginning) and name.endswith(_ENDING))
        return [self._folder / name for name in fitting if name.count("-") == 2]  # feed, begin and end

    def _note(self, position: Position) -> None:
        if position.blocks is None or position.register is None:
            return
        stand = {
            feed.value: [at.version, at.at]
            for feed, at in ((Feed.BLOCKS, position.blocks), (Feed.REGISTER, position.register))
        }
        self._write(_POSITION, msgspec.json.encode(stand), position.register.at)

    def _position(self) -> Position | None:
        content = read_whole(self._folder / _POSITION)
        if content is None:
            return None
        try:
            stand = msgspec.json.decode(content, type=_Stand)
        except (msgspec.DecodeError, RecursionError):
            return None  # torn: the replica says it again when it is opened
        return Position(FeedPosition(*stand.blocks), FeedPosition(*stand.register))

    def _clear(self) -> None:
        self._words.clear()
        self._written.clear()
        self._sound.clear()
        for path in (
            *self._folder.glob(f"*{_ENDING}"),
            *self._folder.glob("*.new"),
            self._folder / _POSITION,
        ):
            path.unlink(missing_ok=True)


class _Stand(msgspec.Struct):
    blocks: tuple[int, datetime]
    register: tuple[int, datetime]


def _name(parcel: Parcel) -> str:
    if not parcel.is_news:
        return _word_name(parcel.feed)
    return f"{parcel.feed.value}-{parcel.after:012d}-{parcel.to:012d}{_ENDING}"


def _word_name(feed: Feed) -> str:
    return f"{feed.value}{_ENDING}"


def _longest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=_end, reverse=True)


def _begin(path: Path) -> int:
    return _number(path, 1)


def _end(path: Path) -> int:
    return _number(path, 2)


def _number(path: Path, place: int) -> int:
    part = path.name.removesuffix(_ENDING).split("-")[place]
    return int(part) if part.isdecimal() else -1


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0

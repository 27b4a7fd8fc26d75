"""What lies beside an intake that is being written: files added, taken off, and what is said of each. No toolkit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from client.domain.attachment import Attachment, Limits, MediaType
from client.domain.errors import CounterError
from ui.notices import Note, note_of
from ui.status import megabytes
from ui.text import Words
from ui.work import Starter

SAID_AFTER = 1.0  # seconds of reading after which it is said how far it is
_NAME = 40  # letters of a file's name that are shown
_KINDS = {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG", MediaType.PDF: "PDF"}
_BYTES_OF_MB = 1_000_000


class Attach(Protocol):
    """The job behind it (client/jobs/attach_file.py)."""

    limits: Limits

    def new_key(self) -> str:
        """Return a key for an intake about to be written."""
        ...

    def __call__(
        self,
        source: Path,
        command_key: str,
        beside: Callable[[], Sequence[Attachment]],
        on_bytes: Callable[[int, int], None],
    ) -> Awaitable[Attachment]:
        """Take a file in. RefusedError, StoreError."""
        ...

    async def drop(self, attachment: Attachment) -> None:
        """Take one back, before the intake was accepted."""
        ...


@dataclass(frozen=True, slots=True)
class _Item:
    attachment: Attachment
    name: str = field(repr=False)  # of the source: on the screen while the form is open, and nowhere else


@dataclass(frozen=True, slots=True)
class AttachedAside:
    """Attachments of a form put aside: they stay sealed on the disk. ``reading`` of them were not there yet and are gone."""

    command_key: str
    items: tuple[_Item, ...] = field(repr=False)
    reading: int = 0


class AttachedModel:
    """The attachments of one form. ``attachments`` is what the form hands to its job; the change takes their key.

    ``begin`` with each new form, ``forget`` when it is left or another clerk sits down.
    """

    def __init__(self, words: Words, attach: Attach, starter: Starter) -> None:
        self.words = words
        self._attach = attach
        self._starter = starter
        self._command_key = ""
        self._items: tuple[_Item, ...] = ()
        self._reading = 0  # how many were chosen and are not here yet
        self._count = 0
        self._bytes = (0, 0)
        self._turn = asyncio.Lock()
        self.progress = ""
        self.note: Note | None = None
        self.changed: Callable[[], None] = lambda: None

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Return what lies beside the intake."""
        return tuple(item.attachment for item in self._items)

    @property
    def busy(self) -> bool:
        """Tell whether a file is being read: the form is accepted after it."""
        return self._reading > 0

    @property
    def lines(self) -> tuple[str, ...]:
        """Return a line for each: its number, kind, size and the name it had where it came from."""
        return tuple(
            self.words(
                "attached.line",
                n=number,
                kind=_KINDS[item.attachment.media_type],
                size=size_words(item.attachment.size),
                name=item.name,
            )
            for number, item in enumerate(self._items, 1)
        )

    @property
    def summary(self) -> str:
        """Return how many there are and how large they are together."""
        if not self._items:
            return self.words("attached.none")
        total = sum(one.size for one in self.attachments)
        return self.words(
            "attached.sum", n=len(self._items), size=size_words(total), most=self._attach.limits.count
        )

    def begin(self) -> None:
        """Begin for another form; what is left of the last one goes."""
        self.forget()
        self._command_key = self._attach.new_key()

    def add(self, source: Path) -> None:
        """Take a file in; it is sealed on the disk before it shows in the list."""
        self._reading += 1
        self._count += 1
        self.note = None
        self.changed()
        command_key = self._command_key
        self._starter.start(f"attach {self._count}", lambda: self._add(source, command_key))

    def remove(self, place: int) -> None:
        """Take one off the list and off the disk."""
        if 0 <= place < len(self._items):
            gone = self._items[place]
            self._items = self._items[:place] + self._items[place + 1 :]
            self._drop(gone.attachment)
            self.changed()

    def forget(self) -> None:
        """Forget everything; what no intake was written with leaves the disk."""
        for item in self._items:
            self._drop(item.attachment)
        self._items, self._command_key = (), ""
        self.note, self.progress = None, ""
        self.changed()

    def put_aside(self) -> AttachedAside:
        """Let go of everything without taking it off the disk."""
        aside = AttachedAside(self._command_key, self._items, self._reading)
        self._items = ()
        self.forget()
        return aside

    def take_up(self, aside: AttachedAside) -> None:
        """Go on with what was put aside."""
        self.forget()
        self._command_key, self._items = aside.command_key, aside.items
        self.changed()

    def drop_aside(self, aside: AttachedAside) -> None:
        """Take what was put aside off the disk: nobody comes back to it."""
        for item in aside.items:
            self._drop(item.attachment)

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    async def _add(self, source: Path, command_key: str) -> None:
        try:
            async with self._turn:  # the next one is counted with those that are in the list
                if command_key == self._command_key:
                    await self._read(source, command_key)
        except CounterError as error:
            self.note = note_of(error, self.words)
        finally:
            self._reading -= 1
            self.progress = ""
            self.changed()

    async def _read(self, source: Path, command_key: str) -> None:
        self._bytes = (0, 0)
        work = asyncio.ensure_future(
            self._attach(source, command_key, lambda: self.attachments, self._note_bytes)
        )
        try:
            while not (await asyncio.wait({work}, timeout=SAID_AFTER))[0]:
                self._tell_progress()
        finally:
            work.cancel()
        attachment = work.result()
        if command_key == self._command_key:
            self._items = (*self._items, _Item(attachment, shown_name(source.name)))
        else:  # the form was left meanwhile
            await self._attach.drop(attachment)

    def _note_bytes(self, done: int, of: int) -> None:
        """Hear from the reading thread; shown by the loop."""
        self._bytes = (done, of)

    def _tell_progress(self) -> None:
        done, of = self._bytes
        told = {"done": size_words(done), "of": size_words(of)}
        self.progress = self.words("attached.reading", **told) if of else self.words("attached.waiting")
        self.changed()

    def _drop(self, attachment: Attachment) -> None:
        self._starter.start(f"drop {attachment.key}", lambda: self._attach.drop(attachment))


def size_words(size: int) -> str:
    """Return a size as people read it: 24 kB, 1.2 MB."""
    return f"{megabytes(size)} MB" if size >= _BYTES_OF_MB else f"{-(-size // 1000)} kB"


def shown_name(name: str) -> str:
    """Return a file's name as it may stand in a list: one line, letters that print, not too many of them."""
    plain = "".join(letter if letter.isprintable() else "�" for letter in name)
    return plain if len(plain) <= _NAME else plain[: _NAME - 1] + "…"

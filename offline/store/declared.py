"""What two declared at a terminal, a disaster or a 職務代理者, in the file of wraps: under its seal, and counted."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from client.domain.declaration import Declaration
from client.domain.deputy import Deputy
from client.domain.errors import StoreError
from offline.store.declared_notes import declaration_in, declared_note, deputy_in, deputy_note
from offline.store.wrap_keeper import WrapKeeper
from offline.store.wraps import Place, WrapBook


class InTurn(Protocol):
    """One act on the keys after the other, in a thread."""

    def __call__(self, work: Callable[[], None], /) -> Awaitable[None]:
        """Do it in its turn."""
        ...


class Declarations:
    """Reads, writes and ends it; ``present`` is what was read or written last, known without the disk."""

    def __init__(self, wraps: WrapKeeper, ours: Callable[[], tuple[bytes, Place]], in_turn: InTurn) -> None:
        self._wraps = wraps
        self._ours = ours
        self._in_turn = in_turn
        self.present: Declaration | None = None
        self.deputies = Deputies(wraps, ours, in_turn)

    async def load(self) -> None:
        """Read it; where the keys cannot be had there is none. StoreError is left to whoever signs in."""
        await self._in_turn(self._load)

    async def declare(self, declaration: Declaration) -> None:
        """Write one down, in place of one before. StoreError."""
        await self._in_turn(lambda: self._write(declaration))

    async def end(self) -> None:
        """Write down that there is none. StoreError."""
        await self._in_turn(lambda: self._write(None))

    def _load(self) -> None:
        try:
            book = self._wraps.read(*self._ours())
            self.present = None if book is None else declaration_in(book)
        except StoreError:
            self.present = None

    def _write(self, declaration: Declaration | None) -> None:
        def change(book: WrapBook) -> WrapBook:
            return msgspec.structs.replace(book, declared=declared_note(declaration))

        self._wraps.change(change, *self._ours())
        self.present = declaration


class Deputies:
    """Fulfils deputy_ports.Deputies; read from the disk once, for nobody else writes there while the program runs."""

    def __init__(self, wraps: WrapKeeper, ours: Callable[[], tuple[bytes, Place]], in_turn: InTurn) -> None:
        self._wraps = wraps
        self._ours = ours
        self._in_turn = in_turn
        self._read = False
        self._present: Deputy | None = None

    @property
    def present(self) -> Deputy | None:
        """Return the same as it was read or written last, without the disk."""
        return self._present

    async def known(self) -> Deputy | None:
        """Return what was declared last, over or not; None where there is none, or where the keys cannot be had."""
        if not self._read:
            await self._in_turn(self._load)
        return self._present

    async def declare(self, deputy: Deputy) -> None:
        """Write one down, in place of one before. StoreError."""
        await self._in_turn(lambda: self._write(deputy))

    async def end(self, deputy: Deputy) -> None:
        """Write down that there is none any more, unless another was declared since. StoreError."""
        if await self.known() == deputy:
            await self._in_turn(lambda: self._write(None))

    def _load(self) -> None:
        try:
            book = self._wraps.read(*self._ours())
        except StoreError:
            return  # tried again: who signs in is told of it
        self._present, self._read = None if book is None else deputy_in(book), True

    def _write(self, deputy: Deputy | None) -> None:
        def change(book: WrapBook) -> WrapBook:
            return msgspec.structs.replace(book, deputy=deputy_note(deputy))

        self._wraps.change(change, *self._ours())
        self._present, self._read = deputy, True

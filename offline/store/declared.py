"""The declaration of disaster of one terminal, as the file of wraps keeps it: under its seal, and counted."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from client.domain.declaration import Declaration
from client.domain.errors import StoreError
from offline.store.wrap_keeper import WrapKeeper
from offline.store.wraps import Place


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
            self.present = self._wraps.declared(*self._ours())
        except StoreError:
            self.present = None

    def _write(self, declaration: Declaration | None) -> None:
        self._wraps.declare(declaration, *self._ours())
        self.present = declaration

"""Wipe this terminal: locked at once; what the cloud does not have is handed over, then keys and files go, then it says so.

Each step is written down before it begins and may be done again, so that a kill at any moment is gone on from.
Nothing that the cloud would not take is erased: then the terminal stays locked, and the files stay.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Literal, Protocol

from client.domain.erasure import Certificate, Counts, Wipe, WipeStep
from client.domain.errors import RefusedError, StoreError
from client.jobs.hand_over_unsent import HandedOver
from client.jobs.pass_on import CloudBox
from client.jobs.ports import Now


class WipeKeeper(Protocol):
    """Where a wipe under way is remembered; needs no key."""

    def read(self) -> Wipe | None:
        """Return it, or None where there is none. StoreError."""
        ...

    def write(self, wipe: Wipe) -> None:
        """Keep it. StoreError."""
        ...


class Erasable(Protocol):
    """The terminal on this PC. All of it may be done again."""

    async def lock_out(self) -> None:
        """Let no clerk's secrets open anything here any more. StoreError."""
        ...

    async def copies_are_kept(self) -> bool:
        """Tell whether what is unsent can be handed over without opening the ledger."""
        ...

    async def found(self) -> tuple[str, ...]:
        """Return what is to be erased. StoreError."""
        ...

    async def erase(self) -> None:
        """Erase keys, then files, all but the terminal's own key. StoreError."""
        ...

    def certificate(self, wipe: Wipe) -> Certificate:
        """Sign what was done."""
        ...

    async def is_told(self) -> bool:
        """Tell whether the cloud has the certificate: it is kept from then on."""
        ...

    async def forget(self, certificate: Certificate) -> None:
        """Keep the certificate; let the terminal's own key and facts go. StoreError."""
        ...


class OrderDone(Protocol):
    """Whom the town hears from that an order is done."""

    async def done(self, order_id: str, result: Literal["done", "impossible"]) -> None:
        """Say it. LinkDownError, RefusedError."""
        ...


class WipeTerminal:
    """Goes as far as it can, each time it is asked to."""

    def __init__(
        self,
        keeper: WipeKeeper,
        terminal: Erasable,
        hand_over: Callable[[], Awaitable[HandedOver]],
        box: CloudBox,
        orders: OrderDone,
        *,
        now: Now,
    ) -> None:
        self._keeper = keeper
        self._terminal = terminal
        self._hand_over = hand_over
        self._box = box
        self._orders = orders
        self._now = now

    @property
    def under_way(self) -> bool:
        """Tell whether this terminal is being wiped: nobody may sign in."""
        return self._keeper.read() is not None

    async def begin(self, order_id: str = "") -> None:
        """Begin, with no line too; a wipe that is under way goes on as it was begun. StoreError."""
        if self._keeper.read() is None:
            self._keeper.write(Wipe(self._now(), order_id))
        await self._terminal.lock_out()

    async def go_on(self) -> bool:
        """Go on; True once all is done. LinkDownError, SignInNeededError, StoreError ``store.not_handed_over``."""
        wipe = self._keeper.read()
        if wipe is None:
            return False
        if wipe.step is WipeStep.HANDING_OVER:
            wipe = await self._handed_over(wipe)
        if wipe.step is WipeStep.ERASING:
            await self._terminal.erase()
            certificate = self._terminal.certificate(wipe)
            wipe = self._written(replace(wipe, step=WipeStep.TELLING, certificate=certificate))
        await self._tell(wipe)
        return True

    async def _handed_over(self, wipe: Wipe) -> Wipe:
        await self._terminal.lock_out()
        if not await self._terminal.copies_are_kept():
            raise StoreError("store.not_handed_over", items=1)
        handed = await self._hand_over()
        counts = Counts(
            wipe.handed.changes + handed.changes,
            wipe.handed.attachments + handed.attachments,
            wipe.handed.lost + handed.lost,
        )
        if handed.left:
            self._written(replace(wipe, handed=counts))
            raise StoreError("store.not_handed_over", items=handed.left)
        found = await self._terminal.found()
        return self._written(replace(wipe, handed=counts, found=found, step=WipeStep.ERASING))

    async def _tell(self, wipe: Wipe) -> None:
        if wipe.certificate is None:
            raise StoreError("store.unreadable")
        if not await self._terminal.is_told():
            await self._box.put(wipe.certificate.sealed)
            if wipe.order_id:
                with suppress(RefusedError):  # an order that is no more
                    await self._orders.done(wipe.order_id, "done")
        await self._terminal.forget(wipe.certificate)

    def _written(self, wipe: Wipe) -> Wipe:
        self._keeper.write(wipe)
        return wipe

"""What the town ordered this terminal, kept twice: in ``orders.json``, read at once, and under the seal of the wraps.

The file may be taken away, edited or put back by who can write the folder; then what the wraps say counts. Without the
keyring, or where the wraps are damaged, the file alone is heard: nothing opens off line then.
"""

from collections.abc import Callable

import msgspec

from client.rules.orders import Obedience
from offline.store.declared import InTurn
from offline.store.order_file import OrderFile
from offline.store.wrap_keeper import WrapKeeper
from offline.store.wraps import OrderNote, Place, WrapBook


class KeptOrders:
    """Fulfils the port ``OrderKeeper``."""

    def __init__(
        self, file: OrderFile, wraps: WrapKeeper, ours: Callable[[], tuple[bytes, Place]], in_turn: InTurn
    ) -> None:
        self._file = file
        self._wraps = wraps
        self._ours = ours
        self._in_turn = in_turn

    def read(self) -> Obedience:
        """Return what the file says, unchecked."""
        return self._file.read()

    async def known(self) -> Obedience:
        """Return what is under the seal; what an older program heard is put there. StoreError."""
        found: list[Obedience] = []
        await self._in_turn(lambda: found.append(self._known()))
        return found[0]

    async def keep(self, stand: Obedience) -> None:
        """Keep it in both, the file too where the wraps cannot be written. StoreError."""
        await self._in_turn(lambda: self._keep(stand))

    def _known(self) -> Obedience:
        book, told = self._wraps.read(*self._ours()), self._file.read()
        if book is None:
            return told
        if book.ordered is None:
            if told != Obedience():
                self._seal(told)
            return told
        note = book.ordered
        return Obedience(note.newest, note.locked, note.to_be_erased, note.erase_by)

    def _keep(self, stand: Obedience) -> None:
        try:
            if self._wraps.read(*self._ours()) is not None:
                self._seal(stand)
        finally:
            self._file.write(stand)

    def _seal(self, stand: Obedience) -> None:
        note = OrderNote(
            newest=stand.newest,
            locked=stand.locked,
            to_be_erased=stand.to_be_erased,
            erase_by=stand.erase_by,
        )

        def change(book: WrapBook) -> WrapBook:
            return msgspec.structs.replace(book, ordered=note)

        self._wraps.change(change, *self._ours())

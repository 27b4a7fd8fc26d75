"""``wraps.json`` and its second copy on the disk: written one after the other, read by seal and count."""

from pathlib import Path

import msgspec

from client.domain.errors import StoreError
from offline.store import wraps
from offline.store.files import read_whole, sync_folder, trouble, write_whole
from offline.store.wrap_mark import WrapMark
from offline.store.wraps import Place, WrapBook

COPY = "wraps.copy.json"


class WrapFile:
    """The file of wraps of one terminal; the device secret is handed in.

    A damaged file is mended from the copy; one that is sound but older is refused, for a disk does not do that.
    """

    def __init__(self, path: Path, mark: WrapMark) -> None:
        self.path = path
        self.copy = path.with_name(COPY)
        self._mark = mark

    @property
    def exists(self) -> bool:
        """Tell whether there is one of the two: an erasure takes the copy first, a loss may take either."""
        return self.path.exists() or self.copy.exists()

    def found(self) -> tuple[WrapBook, ...]:
        """Return what can be read, file before copy, unchecked. StoreError ``store.no_keys``, ``store.newer``."""
        both = (_decoded(read_whole(path) or b"") for path in (self.path, self.copy))
        books = tuple(book for book in both if book is not None)
        if not books:
            raise StoreError("store.no_keys")
        ours = tuple(book for book in books if book.format <= wraps.FORMAT)
        if not ours:  # a newer program writes both: where one alone says so its number is damaged
            raise StoreError("store.newer")
        return ours

    def read(self) -> WrapBook:
        """Return the book, unchecked. StoreError ``store.no_keys``, ``store.newer``."""
        return self.found()[0]

    def write(self, book: WrapBook, secret: bytes, place: Place) -> None:
        """Write the book under its seal, its copy, then how often it was written to the keyring. StoreError.

        In this order: a kill before the last leaves a file that is newer than the keyring knows, which counts, and
        a copy that counts too: nothing rests on the file before the keyring was told.
        """
        generation = max(book.generation, self._mark.reached()) + 1
        book = msgspec.structs.replace(book, generation=generation)
        content = msgspec.json.format(msgspec.json.encode(wraps.under_seal(book, secret, place)), indent=1)
        write_whole(self.path, content)
        write_whole(self.copy, content)
        self._mark.reach(generation)

    def read_checked(self, secret: bytes, place: Place) -> WrapBook:
        """Return the book as it was last written. StoreError ``store.wraps_changed``, ``store.wraps_behind``.

        Of file and copy one may be damaged: it is written anew from the other, and the book counts that. Where
        neither is as it was last written nothing opens any more: whoever the cloud lets in begins it anew.
        """
        self.found()  # nothing at all, or a newer program's
        content, beside = read_whole(self.path) or b"", read_whole(self.copy)
        main = self._sealed(content, secret, place)
        if main and main.generation < self._mark.reached():
            raise StoreError("store.wraps_behind")
        if main and content == beside:
            return main
        copy = None if beside is None else self._sealed(beside, secret, place)
        if main and (
            beside is None or copy
        ):  # the program was killed before it wrote the copy, or knew of none
            write_whole(self.copy, content)
            return main
        if main is None and (copy is None or copy.generation < self._mark.reached()):
            raise StoreError("store.wraps_changed")
        return self._mended(main or copy, secret, place)

    def write_for(self, book: WrapBook, secret: bytes, place: Place) -> None:
        """Write the book under another secret; a kill on the way leaves the one or the other. StoreError."""
        try:
            self.copy.unlink(missing_ok=True)  # it would not be the copy of what comes, but a damaged one
            sync_folder(self.copy.parent)
        except OSError as error:
            raise trouble(error) from error
        self.write(book, secret, place)

    def forget(self) -> None:
        """Erase both, the copy first. StoreError."""
        try:
            if self.copy.exists():
                self.copy.unlink()
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise trouble(error) from error

    def _sealed(self, content: bytes, secret: bytes, place: Place) -> WrapBook | None:
        book = _decoded(content)
        return wraps.as_sealed(book) if book and wraps.seal_holds(book, secret, place) else None

    def _mended(self, sound: WrapBook | None, secret: bytes, place: Place) -> WrapBook:
        if sound is None:
            raise StoreError("store.wraps_changed")
        self.write(msgspec.structs.replace(sound, mended=sound.mended + 1), secret, place)
        return self.read()


def _decoded(content: bytes) -> WrapBook | None:
    try:
        return msgspec.json.decode(content, type=WrapBook)
    except (msgspec.DecodeError, ValueError):  # and bytes that are no UTF-8
        return None

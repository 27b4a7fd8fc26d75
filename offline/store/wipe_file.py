"""``wipe.json``: how far the wipe of this terminal has come; read before anybody signs in, so not encrypted."""

from datetime import datetime
from pathlib import Path

import msgspec

from client.domain.erasure import Certificate, Counts, Wipe, WipeStep
from client.domain.errors import StoreError
from offline.store.files import read_whole, write_whole

FILE = "wipe.json"


class _Counts(msgspec.Struct):
    changes: int = 0
    attachments: int = 0
    lost: int = 0


class _Certificate(msgspec.Struct):
    words: str
    signature: bytes
    sealed: bytes


class _File(msgspec.Struct):
    begun_at: datetime
    order_id: str
    step: WipeStep
    handed: _Counts
    found: tuple[str, ...] = ()
    certificate: _Certificate | None = None


class WipeFile:
    """The file in a data folder; fulfils the port ``WipeKeeper``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def read(self) -> Wipe | None:
        """Return it. StoreError where it cannot be read: nothing is opened then, and nothing erased."""
        content = read_whole(self._path)
        if content is None:
            return None
        try:
            kept = msgspec.json.decode(content, type=_File)
        except (msgspec.DecodeError, ValueError) as error:
            raise StoreError("store.unreadable") from error
        told = kept.certificate
        return Wipe(
            kept.begun_at,
            kept.order_id,
            kept.step,
            Counts(kept.handed.changes, kept.handed.attachments, kept.handed.lost),
            kept.found,
            None if told is None else Certificate(told.words, told.signature, told.sealed),
        )

    def write(self, wipe: Wipe) -> None:
        """Keep it. StoreError."""
        told = wipe.certificate
        kept = _File(
            wipe.begun_at,
            wipe.order_id,
            wipe.step,
            _Counts(wipe.handed.changes, wipe.handed.attachments, wipe.handed.lost),
            wipe.found,
            None if told is None else _Certificate(told.words, told.signature, told.sealed),
        )
        write_whole(self._path, msgspec.json.encode(kept))

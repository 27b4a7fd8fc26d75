"""``peer.json``: the lease this machine shows its neighbours, and who was taken out; nothing in it is secret."""

from pathlib import Path

import msgspec

from client.domain.peer import PeerPapers, SignedLease
from offline.store.files import read_whole, write_whole

NAME = "peer.json"


class _Lease(msgspec.Struct):
    words: str
    key_id: str
    signature: bytes


class _File(msgspec.Struct):
    lease: _Lease
    crl: bytes


class PeerFile:
    """The file in a data folder; fulfils the port ``PeerKeeper``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def read(self) -> PeerPapers | None:
        """Return what was kept, or None where there is nothing that can be read: it is fetched again. StoreError."""
        content = read_whole(self._path)
        if content is None:
            return None
        try:
            kept = msgspec.json.decode(content, type=_File)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return PeerPapers(SignedLease(kept.lease.words, kept.lease.key_id, kept.lease.signature), kept.crl)

    def write(self, papers: PeerPapers) -> None:
        """Keep what the cloud gave. StoreError."""
        lease = papers.lease
        kept = _File(_Lease(lease.words, lease.key_id, lease.signature), papers.crl)
        write_whole(self._path, msgspec.json.encode(kept))

    def forget(self) -> None:
        """Take it away: this machine is one of the town's no longer."""
        self._path.unlink(missing_ok=True)

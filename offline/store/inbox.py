"""The sealed inbox: what arrives while locked lies here, readable only with the key inside the store."""

from pathlib import Path

from offline.store.files import make_folder, read_whole, write_whole
from offline.store.seal import info_of, opened, sealed

_INFO = info_of("madoguchi inbox v1")


class Inbox:
    """A folder of sealed messages, kept in the order they came."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, message: bytes, public_key: bytes) -> None:
        """Seal a message and bring it to disk; needs no secret."""
        make_folder(self._folder)
        last = max((int(path.stem) for path in self._boxes()), default=0)
        write_whole(self._folder / f"{last + 1:08d}.box", sealed(message, public_key, _INFO))

    def read(self, private_key: bytes) -> list[tuple[str, bytes]]:
        """Return names and contents, oldest first. StoreError where one was changed."""
        found = ((path, read_whole(path)) for path in self._boxes())
        return [
            (path.name, opened(content, private_key, _INFO)) for path, content in found if content is not None
        ]

    def remove(self, name: str) -> None:
        """Take a message out, once it was applied."""
        (self._folder / Path(name).name).unlink(missing_ok=True)

    def _boxes(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.box") if path.stem.isdecimal())

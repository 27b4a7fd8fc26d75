"""What terminals handed over for the cloud: files nobody here can open, brought to disk before anybody is told so."""

from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

from offline.store.files import make_folder, read_whole, write_whole
from offline.store.turns import Turns

MOST_FILES = 20_000
MOST_BYTES = 1_000_000_000
ENDING = ".sealed"


class Carried:
    """A folder of sealed batches, oldest first; what is inside, and about whom, is for the cloud alone."""

    def __init__(self, folder: Path, *, most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_files = most_files
        self._most_bytes = most_bytes
        self._off_loop = Turns()

    async def put(self, sealed: bytes) -> bool:
        """Take a batch, on disk when this returns; False where there is no more room. StoreError."""
        return await self._off_loop(lambda: self._put(sealed))

    async def oldest(self, but: Collection[str] = ()) -> tuple[str, bytes] | None:
        """Return the batch that has waited longest, with its name, some left out. StoreError."""
        return await self._off_loop(lambda: self._oldest(frozenset(but)))

    async def drop(self, name: str) -> None:
        """Let go of a batch: the cloud has it, or can do nothing with it. StoreError."""
        await self._off_loop(lambda: (self._folder / name).unlink(missing_ok=True))

    async def count(self) -> int:
        """Return how many wait. StoreError."""
        return await self._off_loop(lambda: len(self._files()))

    def _put(self, sealed: bytes) -> bool:
        files = self._files()
        used = sum(path.stat().st_size for path in files)
        if len(files) >= self._most_files or used + len(sealed) > self._most_bytes:
            return False
        make_folder(self._folder)
        for draft in self._folder.glob(f"*{ENDING}.new"):
            draft.unlink(
                missing_ok=True
            )  # of a program killed while it wrote: nobody was told that it is kept
        number = int(files[-1].name.split("-")[0]) + 1 if files else 1
        write_whole(self._folder / f"{number:012d}-{sha256(sealed).hexdigest()[:16]}{ENDING}", sealed)
        return True

    def _oldest(self, but: frozenset[str]) -> tuple[str, bytes] | None:
        for path in self._files():
            content = None if path.name in but else read_whole(path)
            if content is not None:
                return path.name, content
        return None

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"*-*{ENDING}"))

"""P10 and P08: nothing of a photo, its name or its content, is ever on this PC in the clear, nor can be opened here."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.domain.attachment import MOST_BYTES
from client.domain.change import change_key
from client.domain.errors import StoreError
from offline.store.seal import info_of, opened
from tests.attached_builders import a_file, a_photo
from tests.builders import NOW
from tests.store_builders import a_change, facts, store_keys, stores_in

pytestmark = pytest.mark.asyncio
NAME = "鸕鶿草葺不合_支援措置_診断書.jpg"
WINDOW, STEP = 16, 8  # any sixteen bytes of it that lie on an eighth


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Send every temporary file where the search will look."""
    folder = tmp_path / "terminal" / "tmp"
    folder.mkdir(parents=True)
    for name in ("TMPDIR", "SQLITE_TMPDIR", "TEMP"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    tempfile.tempdir = None


def leaks_of(photo: bytes, folder: Path) -> list[str]:
    """Return every file that holds some of a photo, or a name that holds some of its name."""
    windows = {photo[at : at + WINDOW] for at in range(0, len(photo) - WINDOW, STEP)}
    name = NAME.removesuffix(".jpg")
    found = []
    for path in (one for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        seen = any(content[at : at + WINDOW] in windows for at in range(len(content) - WINDOW))
        named = any(
            part.encode(code) in content for part in name.split("_") for code in ("utf-8", "utf-16-le")
        )
        if seen or named or name[:4] in path.name:
            found.append(path.name)
    return found


async def test_the_search_would_find_a_single_piece_of_it(tmp_path: Path) -> None:
    photo = a_photo(5000)
    (tmp_path / "swap").write_bytes(os.urandom(77) + photo[1000:1040])
    (tmp_path / "log").write_text(f"took in {NAME}")
    assert sorted(leaks_of(photo, tmp_path)) == ["log", "swap"]


async def test_no_byte_of_a_photo_and_no_letter_of_its_name_stays_on_this_pc(
    tmp_path: Path, temporary: Path
) -> None:
    folder, photo = tmp_path / "terminal" / "training", a_photo(200_000, seed=99)
    stick = a_file(tmp_path / "stick", photo, NAME)
    stores, keys = stores_in(folder), store_keys()
    await stores.open(keys)
    seen = asyncio.Event()
    halfway: list[list[str]] = []

    def while_reading(_done: int, _of: int) -> None:
        halfway.append(leaks_of(photo, tmp_path / "terminal"))
        seen.set()

    one = await stores.ledger.attachment_files.take(
        stick,
        change_key(NOW, os.urandom(10)),
        change_key(NOW, os.urandom(10)),
        most=MOST_BYTES,
        on_bytes=while_reading,
    )
    assert (seen.is_set(), halfway) == (True, [[]])
    await stores.ledger.queue(a_change(attachments=(one,)))
    assert leaks_of(photo, tmp_path / "terminal") == []  # while open: WAL and shared memory too
    shutil.copytree(folder, tmp_path / "terminal" / "killed")
    await stores.close()
    assert leaks_of(photo, tmp_path / "terminal") == []
    assert list(temporary.iterdir()) == []
    assert [path.name for path in (folder / "attachments").iterdir()] == [f"{one.key}.sealed"]


async def test_no_key_of_this_pc_opens_what_lies_sealed(tmp_path: Path) -> None:
    stores, keys = stores_in(tmp_path), store_keys()
    await stores.open(keys)
    one = await stores.ledger.attachment_files.take(
        a_file(tmp_path / "stick", a_photo()),
        change_key(NOW, os.urandom(10)),
        change_key(NOW, os.urandom(10)),
        most=MOST_BYTES,
        on_bytes=lambda _done, _of: None,
    )
    sealed = (tmp_path / "attachments" / f"{one.key}.sealed").read_bytes()
    words = info_of(
        "madoguchi attachment v1", one.key, one.command_key, "0007", facts().command_keys[0].key_id
    )
    for key in (keys.ledger, keys.replica, keys.digest, keys.inbox):
        with pytest.raises(StoreError):
            opened(sealed[8:], key, words)
    await stores.close()

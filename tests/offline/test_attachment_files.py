"""Attachments on the disk: sealed before the first byte is written, and bad files refused with nothing left behind."""

import asyncio
import errno
import os
import tracemalloc
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from client.domain.attachment import MOST_BYTES, Attachment, MediaType
from client.domain.change import change_key
from client.domain.errors import CounterError, RefusedError, StoreError
from offline.store import files
from offline.store.attachment_files import SealedFiles
from offline.store.seal import info_of, opened
from tests.attached_builders import JPEG, PDF, PNG, a_file, a_photo
from tests.builders import NOW
from tests.store_builders import COMMAND_PRIVATE, facts

pytestmark = pytest.mark.asyncio
COMMAND = change_key(NOW, b"c" * 10)


def nobody(_done: int, _of: int) -> None:
    return


def sealed_in(folder: Path) -> SealedFiles:
    return SealedFiles(folder / "attachments", facts(), lambda: NOW)


async def take(
    folder: Path,
    source: Path,
    *,
    most: int = MOST_BYTES,
    on_bytes: Callable[[int, int], None] = nobody,
    key: str = "",
) -> Attachment:
    key = key or change_key(NOW, os.urandom(10))
    return await sealed_in(folder).take(source, key, COMMAND, most=most, on_bytes=on_bytes)


def left_in(folder: Path) -> list[Path]:
    return list((folder / "attachments").rglob("*"))


async def refused(folder: Path, source: Path, **more: object) -> str:
    """Return the code a file is refused with; nothing of it may be left."""
    with pytest.raises(CounterError) as caught:
        await take(folder, source, **more)  # type: ignore[arg-type]  # a table of keyword arguments
    assert left_in(folder) == []
    assert source.name not in repr(caught.value) + str(caught.value.facts)
    return caught.value.code


@pytest.mark.parametrize(
    ("begins", "kind"), [(JPEG, MediaType.JPEG), (PNG, MediaType.PNG), (PDF, MediaType.PDF)]
)
async def test_a_file_is_sealed_for_the_cloud_under_its_key_and_no_other_name(
    tmp_path: Path, begins: bytes, kind: MediaType
) -> None:
    photo = a_photo(begins=begins)
    one = await take(tmp_path, a_file(tmp_path, photo, "渡邉太郎 診断書.heic"))
    (path,) = left_in(tmp_path)
    sealed = path.read_bytes()
    assert (path.name, one.media_type) == (f"{one.key}.sealed", kind)
    assert (one.size, one.sha256) == (len(sealed), sha256(sealed).hexdigest())
    key_id = facts().command_keys[0].key_id
    info = info_of("madoguchi attachment v1", one.key, COMMAND, "0007", key_id)
    assert sealed[:8].hex() == key_id
    assert opened(sealed[8:], COMMAND_PRIVATE.private_bytes_raw(), info) == photo
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_film_of_two_gigabytes_is_refused_by_its_size_before_a_byte_is_read(tmp_path: Path) -> None:
    film = a_file(tmp_path, JPEG)
    os.truncate(film, 2 * 1024**3)
    read: list[int] = []
    tracemalloc.start()
    assert await refused(tmp_path, film, on_bytes=lambda done, _: read.append(done)) == "attachment.too_large"
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert read == []


async def test_the_limit_is_of_what_is_sealed_and_holds_to_the_byte(tmp_path: Path) -> None:
    assert (await take(tmp_path, a_file(tmp_path, a_photo(944)), most=1000)).size == 1000
    with pytest.raises(RefusedError) as caught:
        await take(tmp_path, a_file(tmp_path, a_photo(945)), most=1000)
    assert (caught.value.code, caught.value.facts) == ("attachment.too_large", {"most": 1})


async def test_what_is_no_file_or_no_picture_is_refused_by_its_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    cases = {
        tmp_path: "attachment.not_a_file",
        tmp_path / "pipe": "attachment.not_a_file",
        Path("/dev/zero"): "attachment.not_a_file",
        tmp_path / "dangling": "attachment.unreadable",
        tmp_path / "gone.jpg": "attachment.unreadable",
        a_file(tmp_path, b"", "empty.jpg"): "attachment.empty",
        a_file(tmp_path, b"\x00\x00\x00\x18ftypheic" + bytes(99), "photo.jpg"): "attachment.type",
        a_file(tmp_path, "仮受付".encode(), "text.pdf"): "attachment.type",
    }
    async with asyncio.timeout(5):  # a pipe nobody writes to must not be waited for
        assert {path: await refused(tmp_path, path) for path in cases} == cases


@pytest.mark.parametrize("change", [b"more", None, b""])
async def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, change: bytes | None) -> None:
    source = a_file(tmp_path, a_photo(3_000_000))

    def meanwhile(done: int, _of: int) -> None:
        if done < 3_000_000:
            if change is None:
                os.truncate(source, 2_000_000)
            elif change:
                with source.open("ab") as file:
                    file.write(change)
            else:
                os.utime(source, ns=(1, 1))  # written over in place, no byte longer

    assert await refused(tmp_path, source, on_bytes=meanwhile) == "attachment.changed"


async def test_a_file_that_vanishes_while_it_is_read_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    photo = a_photo(3_000_000)
    source = a_file(tmp_path, photo)
    one = await take(tmp_path, source, on_bytes=lambda _done, _of: source.unlink(missing_ok=True))
    assert one.size == len(photo) + 56


@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.ESTALE])
async def test_a_stick_pulled_out_while_it_is_read_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    source, pieces, real = a_file(tmp_path, a_photo(3_000_000)), list[int](), os.read

    def read(handle: int, size: int) -> bytes:
        if pieces:
            raise OSError(number, "gone")
        pieces.append(size)
        return real(handle, size)

    monkeypatch.setattr(os, "read", read)
    assert await refused(tmp_path, source) == "attachment.unreadable"


async def test_a_full_disk_leaves_nothing_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(handle: int, content: bytes) -> None:
        os.write(handle, content[:1000])
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(files, "write_all", write)
    assert await refused(tmp_path, a_file(tmp_path, a_photo())) == "store.full"


async def test_progress_is_told_piece_by_piece(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    await take(tmp_path, a_file(tmp_path, a_photo(2_500_000)), on_bytes=lambda *words: told.append(words))
    assert told[-1] == (2_500_000, 2_500_000)
    assert len(told) == 3


async def test_a_part_is_read_from_its_place_and_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    sealed = sealed_in(tmp_path)
    one = await sealed.take(
        a_file(tmp_path, a_photo()), change_key(NOW, b"a" * 10), COMMAND, most=MOST_BYTES, on_bytes=nobody
    )
    (path,) = left_in(tmp_path)
    assert await sealed.read(one, 100, 50) == path.read_bytes()[100:150]
    assert await sealed.is_whole(one)
    assert await sealed.missing((one,)) == ()
    content = bytearray(path.read_bytes())
    content[70_000] ^= 1
    path.write_bytes(content)
    assert not await sealed.is_whole(one)
    path.unlink()
    assert not await sealed.is_whole(one)
    assert await sealed.missing((one,)) == (one,)
    with pytest.raises(StoreError) as caught:
        await sealed.read(one, 0, 10)
    assert caught.value.code == "store.attachment_lost"


async def test_a_disk_that_cannot_be_read_now_is_not_called_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = sealed_in(tmp_path)
    one = await sealed.take(
        a_file(tmp_path, a_photo()), change_key(NOW, b"a" * 10), COMMAND, most=MOST_BYTES, on_bytes=nobody
    )

    def broken(*_: object, **__: object) -> object:
        raise OSError(errno.EIO, "broken")

    for name in ("open", "stat"):
        monkeypatch.setattr(Path, name, broken)
    for ask in (lambda: sealed.is_whole(one), lambda: sealed.missing((one,)), lambda: sealed.read(one, 0, 1)):
        with pytest.raises(StoreError) as caught:
            await ask()
        assert caught.value.code == "store.unreadable"

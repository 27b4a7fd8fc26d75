"""Every page of an encrypted file in the clear: tables, indexes, search tokens, free pages, and the frames of its WAL.

Not by way of SQL, which shows only what is still a row: with the raw key and the page layout of SQLCipher 4 (AES-256-CBC,
4,096 bytes a page with 80 in reserve: the vector and the seal; the first sixteen bytes of the file are salt).
"""

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE, RESERVE, SALT = 4096, 80, 16
_WAL_HEAD, _FRAME_HEAD = 32, 24


def opened_pages(path: Path, key: bytes) -> Iterator[bytes]:
    """Yield the pages of a file and of its WAL, decrypted."""
    content = path.read_bytes()
    for number, start in enumerate(range(0, len(content), PAGE), 1):
        yield _opened(content[start : start + PAGE], key, first=number == 1)
    wal = path.with_name(path.name + "-wal")
    frames = wal.read_bytes()[_WAL_HEAD:] if wal.exists() else b""
    for start in range(0, len(frames) - _FRAME_HEAD - PAGE + 1, _FRAME_HEAD + PAGE):
        head, page = frames[start : start + _FRAME_HEAD], frames[start + _FRAME_HEAD :][:PAGE]
        yield _opened(page, key, first=int.from_bytes(head[:4]) == 1)


def _opened(page: bytes, key: bytes, *, first: bool) -> bytes:
    body = page[SALT if first else 0 : PAGE - RESERVE]
    vector = page[PAGE - RESERVE : PAGE - RESERVE + 16]
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(vector)).decryptor()
    return decryptor.update(body) + decryptor.finalize()

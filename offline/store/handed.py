"""What one account of this PC hands to another: device secret and terminal key, sealed under a code shown once.

The file lies in the terminal's folder for a quarter of an hour at most. Town, terminal, environment, account and times are
bound into its key (HKDF-SHA256 over Argon2id of the code) and again as associated data (AES-256-GCM). Count of tries and
end are held by this program: a copy of the file is held off by the 80 bits of the code alone.
"""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import msgspec
from argon2.exceptions import HashingError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from client.domain.errors import RefusedError
from client.rules.share_text import LINE_BYTES, read_line, written_line
from offline.store import wraps
from offline.store.files import read_whole, sync_folder, trouble, write_whole
from offline.store.wraps import Argon2Cost, Place, Stretch

FILE = "account.handed"
FORMAT = 1
LIFE = timedelta(minutes=15)
TRIES = 3
_LINE = 1  # the code is written like one line of a share: 80 bits, and a group that tells a slip
_MOST_PASSES, _MOST_LANES = (
    16,
    16,
)  # as much as a changed file may cost us before its code is known to be wrong
_WRONG = (InvalidTag, HashingError, ValueError, OverflowError, msgspec.DecodeError)


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """What the second account's keyring is to have: both secrets, 32 bytes and PKCS#8, and how far things had come."""

    device: bytes
    identity: bytes
    generation: int  # how often wraps.json was written at least
    anchor: bytes | None  # what the first keyring knew of the ledger

    def __repr__(self) -> str:
        return "Handed(…)"


class HandedFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; all but ``tries`` is bound into the key of the box."""

    format: int = FORMAT
    note: str  # what the book calls it
    account: str
    made_at: datetime
    until: datetime
    argon2: Stretch
    nonce: bytes
    box: bytes
    tries: int = 0  # begun and not known to be right

    def is_over(self, now: datetime) -> bool:
        """Tell whether it opens no more; nor before it was made, where a clock was set back."""
        return not self.made_at <= now < self.until


def sealed(
    handed: Handed, account: str, where: tuple[str, Place], now: datetime, cost: Argon2Cost
) -> tuple[HandedFile, str]:
    """Return the file for an account, and the code that opens it: five groups of four letters."""
    code = secrets.token_bytes(LINE_BYTES)
    made_at = now.astimezone(UTC)
    stretch = Stretch(
        salt=secrets.token_bytes(wraps.SALT), time=cost.time, memory_kib=cost.memory_kib, lanes=cost.lanes
    )
    file = HandedFile(
        note=secrets.token_hex(8),
        account=account,
        made_at=made_at,
        until=made_at + LIFE,
        argon2=stretch,
        nonce=secrets.token_bytes(wraps.NONCE),
        box=b"",
    )
    info = _info(file, where)
    box = AESGCM(_key(file, code, info)).encrypt(file.nonce, msgspec.msgpack.encode(handed), info)
    return msgspec.structs.replace(file, box=box), written_line(_LINE, code)


def read_code(written: str) -> bytes:
    """Read a code as it was typed. RefusedError ``account.slip``: no try was used."""
    try:
        return read_line(_LINE, written)
    except RefusedError:
        raise RefusedError("account.slip") from None


def read(path: Path) -> HandedFile:
    """Read a file. RefusedError ``account.file``, StoreError."""
    content = read_whole(path)
    try:
        file = msgspec.json.decode(content or b"", type=HandedFile)
    except (msgspec.DecodeError, ValueError):
        raise RefusedError("account.file") from None
    if file.format != FORMAT or file.made_at.tzinfo is None or file.until.tzinfo is None:
        raise RefusedError("account.file")
    return file


def write(path: Path, file: HandedFile) -> None:
    """Write a file, in place of one before: its code then opens nothing. StoreError."""
    write_whole(path, msgspec.json.encode(file))


def remove(path: Path) -> None:
    """Remove a file. StoreError."""
    try:
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise trouble(error) from error


def opened(path: Path, file: HandedFile, code: bytes, where: tuple[str, Place]) -> Handed:
    """Try a code, counted before it is tried; the third wrong one removes the file. RefusedError ``account.code``."""
    tries = file.tries + 1
    if 0 < tries <= TRIES:
        write(path, msgspec.structs.replace(file, tries=tries))
        info = _info(file, where)
        try:
            content = AESGCM(_key(file, code, info)).decrypt(file.nonce, file.box, info)
            found = msgspec.msgpack.decode(content, type=Handed)
        except _WRONG:
            pass
        else:
            write(path, file)  # nothing was guessed
            return found
    if not 0 < tries < TRIES:
        remove(path)
    raise RefusedError("account.code", left=max(TRIES - tries, 0) if tries > 0 else 0)


def in_the_book(account: str) -> str:
    """Return what the book calls an account: a uid as it is, a name as what it is known by (BLAKE2b, 8 bytes)."""
    kind, _, name = account.partition(":")
    return account if kind == "uid" else f"{kind}:{blake2b(name.encode(), digest_size=8).hexdigest()}"


def _info(file: HandedFile, where: tuple[str, Place]) -> bytes:
    environment, place = where
    times = (moment.astimezone(UTC).isoformat() for moment in (file.made_at, file.until))
    return place.info("madoguchi handed account v1", environment, file.note, file.account, *times)


def _key(file: HandedFile, code: bytes, info: bytes) -> bytes:
    if file.argon2.time > _MOST_PASSES or file.argon2.lanes > _MOST_LANES:
        raise ValueError("no file of ours asks for so much work")
    return wraps.wrap_key(code.hex(), b"", file.argon2, info)

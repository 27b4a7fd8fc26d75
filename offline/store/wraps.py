"""``wraps.json``: for each member of staff the store keys in a box that takes password and device secret to open.

Wrong passwords are counted outside the boxes, under a seal keyed from the device secret: counted before the
password is tried, so that killing the program does not give another try. The seal covers the whole file, and the
keyring knows how often it was written, so that neither a changed file nor an older copy of it opens anything.
"""

import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from offline.store.pack import packed

FORMAT = 2
COUNTERS_SEALED = 1  # the format whose seal covers the counters alone
TOTP, CARD = "totp", "card"  # second factors a wrap may ask for
KEY = 32
NONCE = 12
_TAG = 16
MOST_TRIES = 1_000  # kept until somebody signs in; each id may be tried some dozen times a day
SALT = 16
FLOOR_KIB = 64 * 1024
_MOST_KIB = 1024 * 1024
_ROOM = 4096  # bytes for a box in the clear: it does not have to move as it grows
_PACKER = msgspec.msgpack.Encoder()


class Argon2Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a guess at a password costs; below the floor only where a test lowers the floor by name."""

    time: int = 3
    memory_kib: int = FLOOR_KIB
    lanes: int = 1

    def check(self, floor_kib: int = FLOOR_KIB) -> None:
        """Raise ValueError where a guess would be too cheap."""
        if self.memory_kib < floor_kib or self.time < 1 or self.lanes < 1:
            raise ValueError("Argon2id below the floor")


USUAL_COST = Argon2Cost()


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """How one password is stretched: the salt, and the cost at the time of writing."""

    salt: bytes
    time: int
    memory_kib: int
    lanes: int


class StaffWrap(msgspec.Struct, frozen=True, kw_only=True):
    """One clerk's box, and the wrong tries since the last right one.

    ``factor`` says what is asked for beside the password, and ``card`` which card, where it is one; both stand
    outside the box, for they are needed to open it, and are bound into its key.
    """

    staff_id: str
    version: int
    factor: str
    card: bytes = b""
    argon2: Stretch
    nonce: bytes
    box: bytes
    failures: int = 0
    locked_until: datetime | None = None


class TryNote(msgspec.Struct, frozen=True):
    """A wrong secret that no line of the book tells of yet: its running number, whose id, and when."""

    no: int
    staff_id: str
    at: datetime


class KeyringNote(msgspec.Struct, frozen=True):
    """Which keyring of which account of this PC the device secret is in, and what it is known by."""

    account: str
    backend: str
    fingerprint: str


class DeclaredNote(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration of disaster in force here; ``most`` in seconds."""

    officer: str
    other: str
    cause: str
    made_at: datetime
    until: datetime
    since: datetime
    most: int


class DeputyNote(msgspec.Struct, frozen=True, kw_only=True):
    """A 職務代理者 declared here; title and name are a public officer's, as papers bear them."""

    officer: str
    other: str
    title: str
    name: str
    first_day: date
    last_day: date
    made_at: datetime
    register_at: datetime


class OrderNote(msgspec.Struct, frozen=True, kw_only=True):
    """How this terminal stands to the town's orders: while it is shut by one no box is opened, nor a new one written."""

    newest: str
    locked: bool = False
    to_be_erased: bool = False
    erase_by: str = ""

    @property
    def shut(self) -> bool:
        """Tell whether nobody may sign in here."""
        return self.locked or self.to_be_erased


class WrapBook(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; ``seen`` is the latest time any try was made at.

    ``generation`` counts how often it was written, ``mac`` seals all of it; in format 1 counters and ``seen`` only.
    ``mended`` counts how often a damaged file or copy was written anew from the other since somebody was let in.
    ``declared`` is a declaration of disaster: it takes seal and count like the rest, so none of before comes back.
    ``deputy`` is who was declared here to act for the mayor, kept in the same way.
    ``ordered`` is what the town ordered, as ``orders.json`` has it with no seal: taking that away undoes no lock.
    ``tried`` counts every wrong secret there ever was, ``tries`` keeps those the book does not tell of yet.
    """

    format: int
    keyrings: tuple[KeyringNote, ...]
    inbox_public: bytes
    staff: tuple[StaffWrap, ...] = ()
    seen: datetime | None = None
    generation: int = 0
    mac: bytes = b""
    tried: int = 0
    tries: tuple[TryNote, ...] = ()
    mended: int = 0
    declared: DeclaredNote | None = None
    deputy: DeputyNote | None = None
    ordered: OrderNote | None = None

    @property
    def shut(self) -> bool:
        """Tell whether the town shut this terminal."""
        return self.ordered is not None and self.ordered.shut

    def wrap_of(self, staff_id: str) -> StaffWrap | None:
        """Return a clerk's wrap."""
        return next((wrap for wrap in self.staff if wrap.staff_id == staff_id), None)

    def note_of(self, account: str) -> KeyringNote | None:
        """Return where an account keeps the device secret."""
        return next((note for note in self.keyrings if note.account == account), None)

    def with_note(self, note: KeyringNote) -> "WrapBook":
        """Return the book with an account's note put in its place."""
        others = tuple(kept for kept in self.keyrings if kept.account != note.account)
        return msgspec.structs.replace(self, keyrings=(*others, note))

    def without_wrap(self, staff_id: str) -> "WrapBook":
        """Return the book without a clerk's wrap."""
        return msgspec.structs.replace(
            self, staff=tuple(kept for kept in self.staff if kept.staff_id != staff_id)
        )

    def with_try(self, staff_id: str, at: datetime) -> "WrapBook":
        """Return the book with one more wrong secret; of very many the oldest go, and their numbers are missing."""
        note = TryNote(self.tried + 1, staff_id, at)
        return msgspec.structs.replace(self, tried=note.no, tries=(*self.tries, note)[-MOST_TRIES:])

    def with_wrap(self, wrap: StaffWrap) -> "WrapBook":
        """Return the book with a wrap put in its place."""
        others = tuple(kept for kept in self.staff if kept.staff_id != wrap.staff_id)
        return msgspec.structs.replace(self, staff=(*others, wrap))


class _SealedFirst(msgspec.Struct, frozen=True, kw_only=True):
    """What format 2 sealed before tries were kept: a book without any, never mended, bears the same seal as then."""

    format: int
    keyrings: tuple[KeyringNote, ...]
    inbox_public: bytes
    staff: tuple[StaffWrap, ...]
    seen: datetime | None
    generation: int
    mac: bytes


class ClerkNote(msgspec.Struct, frozen=True):
    """The clerk, as the cloud last said."""

    staff_id: str
    name: str
    section: str
    rights: tuple[str, ...]
    by_item: bool = False  # a note from before items were rights of their own does not say it
    secrets_since: datetime | None = None
    by_block: bool = False  # nor this a note from before acts on blocks were


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """What a wrap holds: replica, ledger, digest and inbox key, the second factor, and the offline lease."""

    keys: tuple[bytes, bytes, bytes, bytes]
    totp_seed: bytes
    totp_last_step: int
    totp_failures: int
    clerk: ClerkNote
    lease_until: datetime
    written_at: datetime
    let_in_by: tuple[str, ...] = ()  # who answered for the clerk off line; the next sign-in on line ends that
    measures_key: bytes = b""  # of who may see whom measures protect from

    def __repr__(self) -> str:
        return f"Box({self.clerk.staff_id})"


@dataclass(frozen=True, slots=True)
class Place:
    """The terminal a secret belongs to; part of every derivation, so that no box opens elsewhere."""

    town: str
    terminal_no: str

    def info(self, purpose: str, *more: str) -> bytes:
        """Return the words a key is bound to."""
        return "\0".join((purpose, self.town, self.terminal_no, *more)).encode()


def derived(secret: bytes, info: bytes) -> bytes:
    """Derive a key for one purpose."""
    return HKDF(algorithm=SHA256(), length=KEY, salt=None, info=info).derive(secret)


def wrap_info(place: Place, staff_id: str, version: int, *, factor: str, card: bytes) -> bytes:
    """Return what a staff wrap is bound to, in its key and again as associated data."""
    return place.info("madoguchi staff wrap v1", staff_id, str(version), factor, card.hex())


def info_of_wrap(place: Place, wrap: StaffWrap) -> bytes:
    """Return what a wrap at hand is bound to."""
    return wrap_info(place, wrap.staff_id, wrap.version, factor=wrap.factor, card=wrap.card)


def wrap_key(
    password: str, device_secret: bytes, stretch: Stretch, info: bytes, card_secret: bytes = b""
) -> bytes:
    """Derive a wrap's key from what the clerk knows, what the PC has, and a card where there is one."""
    if stretch.memory_kib > _MOST_KIB:
        raise ValueError("no wrap of ours asks for so much memory")
    stretched = hash_secret_raw(
        unicodedata.normalize("NFKC", password).encode(),
        stretch.salt,
        time_cost=stretch.time,
        memory_cost=stretch.memory_kib,
        parallelism=stretch.lanes,
        hash_len=KEY,
        type=Type.ID,
    )
    return derived(stretched + device_secret + card_secret, info)


def closed_box(box: Box, key: bytes, nonce: bytes, info: bytes) -> bytes:
    """Encrypt a box."""
    clear = bytearray(_ROOM)
    _PACKER.encode_into(box, clear)
    try:
        return AESGCM(key).encrypt(nonce, clear, info)
    finally:
        clear[:] = bytes(len(clear))  # the allocator keeps what is freed, and would keep the keys in it


def opened_box(wrap: StaffWrap, key: bytes, info: bytes) -> Box | None:
    """Decrypt a box; None where the key is not right."""
    clear = bytearray(max(len(wrap.box) - _TAG, 0))
    try:
        AESGCM(key).decrypt_into(wrap.nonce, wrap.box, info, clear)
        return msgspec.msgpack.decode(clear, type=Box)
    except (InvalidTag, ValueError, msgspec.DecodeError):
        return None
    finally:
        clear[:] = bytes(len(clear))


def closed_deposit(keys: Sequence[bytes], device_secret: bytes, place: Place, nonce: bytes) -> bytes:
    """Seal the store keys for the cloud to keep: the device secret alone opens them, the cloud cannot."""
    info = place.info("madoguchi deposit v1")
    return nonce + AESGCM(derived(device_secret, info)).encrypt(nonce, packed(list(keys)), info)


def opened_deposit(
    deposit: bytes, device_secret: bytes, place: Place
) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Open a deposit; None where it was not sealed by this terminal."""
    info = place.info("madoguchi deposit v1")
    clear = bytearray(max(len(deposit) - NONCE - _TAG, 0))
    try:
        AESGCM(derived(device_secret, info)).decrypt_into(deposit[:NONCE], deposit[NONCE:], info, clear)
        return msgspec.msgpack.decode(clear, type=tuple[bytes, bytes, bytes, bytes])
    except (InvalidTag, ValueError, msgspec.DecodeError):
        return None
    finally:
        clear[:] = bytes(len(clear))


def counters_mac(book: WrapBook, device_secret: bytes, place: Place) -> bytes:
    """Return the seal of format 1: over every counter and the latest time seen."""
    key = derived(device_secret, place.info("madoguchi wraps v1"))
    counters = [[wrap.staff_id, wrap.version, wrap.failures, wrap.locked_until] for wrap in book.staff]
    return hmac.digest(key, packed([book.seen, counters]), sha256)


def whole_mac(book: WrapBook, device_secret: bytes, place: Place) -> bytes:
    """Return the seal over all that stands in the book."""
    key = derived(device_secret, place.info("madoguchi wraps v2"))
    first = _SealedFirst(
        format=book.format,
        keyrings=book.keyrings,
        inbox_public=book.inbox_public,
        staff=book.staff,
        seen=book.seen,
        generation=book.generation,
        mac=b"",
    )
    sealed = msgspec.msgpack.encode(first)
    if book.tried or book.tries:
        sealed += msgspec.msgpack.encode((book.tried, book.tries))
    if book.mended:
        sealed += msgspec.msgpack.encode(("mended", book.mended))
    if book.declared:
        sealed += msgspec.msgpack.encode(("declared", book.declared))
    if book.deputy:
        sealed += msgspec.msgpack.encode(("deputy", book.deputy))
    if book.ordered:
        sealed += msgspec.msgpack.encode(("ordered", book.ordered))
    return hmac.digest(key, sealed, sha256)


def under_seal(book: WrapBook, device_secret: bytes, place: Place) -> WrapBook:
    """Return the book in today's format, sealed."""
    book = msgspec.structs.replace(book, format=FORMAT)
    return msgspec.structs.replace(book, mac=whole_mac(book, device_secret, place))


def seal_holds(book: WrapBook, device_secret: bytes, place: Place) -> bool:
    """Tell whether nobody but this program wrote the book."""
    mac = counters_mac if book.format == COUNTERS_SEALED else whole_mac
    return hmac.compare_digest(book.mac, mac(book, device_secret, place))


def as_sealed(book: WrapBook) -> WrapBook:
    """Return a book whose seal holds without what its format did not have: in format 1 that would stand there unsealed.

    So a file of format 1 was never written as far as the count goes, and is none any more once one was counted.
    """
    if book.format != COUNTERS_SEALED:
        return book
    return WrapBook(
        format=book.format,
        keyrings=book.keyrings,
        inbox_public=book.inbox_public,
        staff=book.staff,
        seen=book.seen,
        mac=book.mac,
    )

"""The keeper of keys: what the clerk knows and what this PC has, brought together for one sign-in."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from keyring.backend import KeyringBackend

from client.domain.clerk import CloudSignIn
from client.domain.errors import StoreError
from client.domain.keys import NewFactor
from client.domain.terminal import TerminalFacts
from client.jobs.ports import StoreKeys, Unlocked
from client.rules import sign_in as rules
from offline.factors.card import CardDoor
from offline.store import wraps
from offline.store.anchor import ANCHOR, Anchor
from offline.store.declared import Declarations
from offline.store.device_secret import DeviceKeeping
from offline.store.facts_file import FACTS, IDENTITY, FactsFile
from offline.store.files import make_folder
from offline.store.handed import Handed
from offline.store.identity import TerminalIdentity, key_bytes, key_from, new_key, signing_request
from offline.store.kept_orders import KeptOrders
from offline.store.keyring_door import KeyringDoor, backend_id, fingerprint, system_backend
from offline.store.keyring_door import account as this_account
from offline.store.order_file import OrderFile
from offline.store.seal import public_of
from offline.store.wrap_file import WrapFile
from offline.store.wrap_keeper import FourKeys, WrapKeeper
from offline.store.wrap_mark import WRAPS, WrapMark
from offline.store.wraps import Argon2Cost, Place, WrapBook

T = TypeVar("T")


class Vault:
    """Wraps and keyring of one terminal in one folder; fulfils ports.Keys and ports.Enrolment.

    Nothing here opens a network connection. With a ``card`` the town asks for one: a clerk's keys open with it
    only. ``floor_kib`` is lowered by tests alone.
    """

    def __init__(
        self,
        data_dir: Path,
        environment: str,
        *,
        backend: KeyringBackend | None = None,
        account: str | None = None,
        cost: Argon2Cost = wraps.USUAL_COST,
        floor_kib: int = wraps.FLOOR_KIB,
        lockout: rules.LockoutRules = rules.DEFAULT_LOCKOUT,
        card: CardDoor | None = None,
        device: DeviceKeeping | None = None,
    ) -> None:
        cost.check(floor_kib)
        self._dir = data_dir
        self._environment = environment
        self._given_backend = backend
        self._account = account or this_account()
        self._device = device or DeviceKeeping()
        mark = WrapMark(lambda: self._door(self._need_facts()))
        self._file = WrapFile(data_dir / "wraps.json", mark)
        self._wraps = WrapKeeper(self._file, cost, lockout, card)
        self._facts_file = FactsFile(data_dir / "terminal.json", environment, lambda: self._backend)
        self.declarations = Declarations(self._wraps, self._ours, self._in_turn)
        self.orders = KeptOrders(OrderFile(data_dir), self._wraps, self._ours, self._in_turn)
        self._new: EllipticCurvePrivateKey | None = None
        self._identity: TerminalIdentity | None = None
        self._facts: TerminalFacts | None = None
        self._turn = Lock()

    @property
    def facts(self) -> TerminalFacts | None:
        """Return the terminal's public facts, or None before the enrolment."""
        if self._facts is None:
            self._facts = self._facts_file.read()
        return self._facts

    @property
    def enrolled(self) -> bool:
        """Tell whether this PC is a terminal."""
        return self.facts is not None and self._file.exists

    @property
    def identity(self) -> TerminalIdentity:
        """Return the terminal's own key, usable before any sign-in, for facts nobody changed. StoreError."""
        if self._identity is None:
            facts = self._need_facts()
            key = self._facts_file.key_of(facts)
            self._facts_file.check(facts, key)
            self._identity = TerminalIdentity(facts.terminal_no, key_from(key))
        return self._identity

    @property
    def anchor(self) -> Anchor:
        """Return what the keyring keeps of this terminal's ledger. StoreError."""
        return Anchor(self._door(self._need_facts()))

    @property
    def inbox_public(self) -> bytes:
        """Return the public key of the sealed inbox, known while locked."""
        book, *others = self._file.found()
        if any(other.inbox_public != book.inbox_public for other in others):  # one of the two is damaged
            book = self._file.read_checked(self._device_secret(), place_of(self._need_facts()))
        return book.inbox_public

    async def make_identity(self) -> str:
        """Make the terminal's key and return a signing request (PEM); the keyring gets it with its number."""
        self._new = await asyncio.to_thread(new_key)
        return signing_request(self._new)

    async def signing_request(self) -> str:
        """Return a signing request (PEM) for the key this terminal has. StoreError."""
        return await self._in_turn(self._request)

    async def keep(self, facts: TerminalFacts) -> None:
        """Write down facts that changed: a renewed certificate. StoreError."""
        await self._in_turn(lambda: self._keep(facts))

    async def found(self, facts: TerminalFacts, keys: StoreKeys) -> bytes:
        """Write the facts down and return the store keys sealed under the device secret, for the cloud to keep."""
        return await self._in_turn(lambda: self._found(facts, keys))

    async def unlock(self, staff_id: str, password: str, code: str, *, now: datetime) -> Unlocked:
        """Unwrap off line: SignInNeededError, StoreError ``store.no_keyring``, ``store.no_keys``."""
        return await self._in_turn(lambda: self._unlock(staff_id, password, code, now))

    async def note_time(self, seen: datetime) -> None:
        """Write down how late it was, against a clock set back while the stores are shut. StoreError."""
        await self._in_turn(lambda: self._note_time(seen))

    async def note_failure(self, staff_id: str, *, now: datetime, counted: bool = True) -> None:
        """Keep a wrong secret shown at an online sign-in, and count it unless the cloud has. StoreError."""
        await self._in_turn(lambda: self._wraps.note_failure(staff_id, *self._ours(), now, counted=counted))

    @property
    def staff_here(self) -> frozenset[str]:
        """Return whose boxes lie here. StoreError."""
        return frozenset(wrap.staff_id for wrap in self._file.read().staff)

    async def erase(self, staff_id: str) -> None:
        """Take one clerk's box out of the wraps. StoreError."""
        await self._in_turn(lambda: self._wraps.erase(staff_id, *self._ours()))

    async def forget_tries(self, up_to: int) -> None:
        """Forget the wrong secrets up to a number, once the book tells of them. StoreError."""
        await self._in_turn(lambda: self._wraps.forget_tries(up_to, *self._ours()))

    async def admit(self, cloud: CloudSignIn, password: str, *, now: datetime) -> Unlocked:
        """Open the deposit with the device secret after an online sign-in, and (re)write this clerk's wrap."""
        return await self._in_turn(lambda: self._admit(cloud, password, now))

    async def check_vouching(self) -> None:
        """Raise RefusedError ``refused.card_needed`` where two can let nobody in."""
        self._wraps.check_vouching()

    async def vouch(self, made: Unlocked, factor: NewFactor, password: str, *, now: datetime) -> None:
        """Write the wrap of a clerk whom two let in off line. StoreError."""
        await self._in_turn(lambda: self._wraps.vouch(made, factor, password, *self._ours(), now=now))

    async def forget(self) -> None:
        """Erase keys and facts; what the stores hold can then be read by nobody."""
        await self._in_turn(self._forget)

    async def forget_erased(self, municipality: str, terminal_no: str) -> None:
        """Erase what this account's keyring still has of a terminal that was erased under another account. StoreError."""
        await self._in_turn(lambda: self._forget_items(municipality, terminal_no))

    async def lock_out(self) -> None:
        """Take every clerk's box out of the wraps: no password opens anything here any more. StoreError."""
        await self._in_turn(self._lock_out)

    async def forget_stores(self) -> None:
        """Erase what opens the stores, this account's keyring items first; the terminal's own key stays. StoreError."""
        await self._in_turn(self._forget_stores)

    async def check_device(self) -> None:
        """Be sure that a device secret made now could be kept as the settings say. StoreError ``tpm.…``."""
        await self._in_turn(self._device.check)

    async def device_is_sealed(self) -> bool:
        """Tell whether this account's device secret takes the TPM to open, once it was opened. StoreError."""
        return await self._in_turn(self._is_sealed)

    async def rekeep_device(self) -> None:
        """Write the device secret anew as the settings say: sealed by the TPM, or as it is. StoreError."""
        await self._in_turn(self._rekeep)

    async def begin_rotation(self, keys: StoreKeys) -> bytes:
        """Return the store keys sealed under the device secret to come, for the cloud to keep. StoreError."""
        return await self._in_turn(lambda: self._begin_rotation(keys))

    async def rotate(self, who: tuple[str, str, str]) -> None:
        """Change the device secret for the one to come; who asks has a wrap under it, nobody else. SignInNeededError."""
        await self._in_turn(lambda: self._rotate(who))

    @property
    def account(self) -> str:
        """Return what the account that runs this program is known by on this PC."""
        return self._account

    async def hand_out(self) -> Handed:
        """Return what another account's keyring is to have, for a file sealed under a code. StoreError."""
        return await self._in_turn(self._hand_out)

    async def unlock_handed(self, handed: Handed, who: tuple[str, str, str], *, now: datetime) -> Unlocked:
        """Let a clerk in with secrets that are not in this account's keyring yet. SignInNeededError, StoreError."""
        return await self._in_turn(lambda: self._unlock_handed(handed, who, now))

    async def take_over(self, handed: Handed) -> None:
        """Put what was handed into this account's keyring, and then its note into the wraps. StoreError."""
        await self._in_turn(lambda: self._take_over(handed))

    @property
    def other_accounts(self) -> int:
        """Return in how many keyrings of other accounts the device secret lies: out of reach here."""
        try:
            return sum(note.account != self._account for note in self._file.read().keyrings)
        except StoreError:
            return 0

    async def _in_turn(self, work: Callable[[], T]) -> T:
        def alone() -> T:
            with self._turn:
                return work()

        return await asyncio.to_thread(alone)

    def _found(self, facts: TerminalFacts, keys: StoreKeys) -> bytes:
        if self._new is None:
            raise StoreError("store.no_keys")
        make_folder(self._dir)
        secret = secrets.token_bytes(wraps.KEY)
        door = self._door(facts)
        door.forget(WRAPS)
        door.forget(ANCHOR)  # a number given anew, by a cloud founded anew: what is kept is of another ledger
        self._device.forget(door)
        self._device.put(door, secret)
        door.put(IDENTITY, key_bytes(self._new))
        note, inbox = self._note(secret), public_of(keys.inbox)
        book = WrapBook(format=wraps.FORMAT, keyrings=(note,), inbox_public=inbox)
        self._facts_file.begin(facts, key_bytes(self._new))
        self._facts = facts
        self._file.write(book, secret, place_of(facts))
        self._identity, self._new = TerminalIdentity(facts.terminal_no, self._new), None
        nonce = secrets.token_bytes(wraps.NONCE)
        return wraps.closed_deposit(in_order(keys), secret, place_of(facts), nonce)

    def _keep(self, facts: TerminalFacts) -> None:
        self._facts_file.write(facts, self._facts_file.key_of(facts))
        self._facts = facts

    def _request(self) -> str:
        return self.identity.request()

    def _unlock(self, staff_id: str, password: str, code: str, now: datetime) -> Unlocked:
        unlocked = self._wraps.unlock((staff_id, password, code), *self._ours(), now)
        self._facts_file.seal_old(self._need_facts())
        return unlocked

    def _admit(self, cloud: CloudSignIn, password: str, now: datetime) -> Unlocked:
        door = self._door(self._need_facts())
        self._facts_file.seal_old(self._need_facts())
        self.declarations.present = None  # the cloud answers
        return self._wraps.admit(
            cloud, password, *self._ours(), now=now, to_come=lambda: self._device.next(door)
        )

    def _note_time(self, seen: datetime) -> None:
        self._wraps.note_time(seen, *self._ours())

    def _hand_out(self) -> Handed:
        device, door = self._device_secret(), self._door(self._need_facts())
        identity = self._facts_file.key_of(self._need_facts())
        generation = self._file.read_checked(device, place_of(self._need_facts())).generation
        return Handed(device=device, identity=identity, generation=generation, anchor=door.get(ANCHOR))

    def _unlock_handed(self, handed: Handed, who: tuple[str, str, str], now: datetime) -> Unlocked:
        facts = self._need_facts()
        door = self._door(facts)
        if not self._device.has(
            door, handed.device
        ):  # what else it knows is of another secret, or of nothing
            door.forget(WRAPS)
            door.forget(ANCHOR)
        mark = WrapMark(lambda: door)
        mark.reach(max(mark.reached(), handed.generation))
        if handed.anchor is not None and door.get(ANCHOR) is None:
            door.put(ANCHOR, handed.anchor)
        return self._wraps.unlock(who, handed.device, place_of(facts), now)

    def _take_over(self, handed: Handed) -> None:
        facts = self._need_facts()
        door, place = self._door(facts), place_of(facts)
        book = self._file.read_checked(handed.device, place)
        self._facts_file.check(facts, handed.identity, old_ones=False)
        self._device.put(door, handed.device)
        door.put(IDENTITY, handed.identity)
        self._file.write(book.with_note(self._note(handed.device)), handed.device, place)
        self._identity = None

    def _is_sealed(self) -> bool:
        self._device_secret()
        return self._device.is_sealed(self._door(self._need_facts()))

    def _rekeep(self) -> None:
        self._device.put(self._door(self._need_facts()), self._device_secret())

    def _begin_rotation(self, keys: StoreKeys) -> bytes:
        facts = self._need_facts()
        secret = self._device.make_next(self._door(facts))
        return wraps.closed_deposit(in_order(keys), secret, place_of(facts), secrets.token_bytes(wraps.NONCE))

    def _rotate(self, who: tuple[str, str, str]) -> None:
        facts, old = self._need_facts(), self._device_secret()
        door = self._door(facts)
        new = self._device.make_next(door)
        self._wraps.rotate(who, (old, new), self._note(new), place_of(facts))
        self._device.change(door, new)

    def _note(self, secret: bytes) -> wraps.KeyringNote:
        return wraps.KeyringNote(self._account, backend_id(self._backend), fingerprint(secret))

    def _ours(self) -> tuple[bytes, Place]:
        return self._device_secret(), place_of(self._need_facts())

    def _device_secret(self) -> bytes:
        # The copy's note too: a damaged file is no lost keyring. Which of the two counts is found with the secret.
        notes = [note for book in self._file.found() if (note := book.note_of(self._account))]
        known = [note.fingerprint for note in notes if note.backend == backend_id(self._backend)]
        secret = self._device.known_as(self._door(self._need_facts()), known) if known else None
        if secret is None:
            raise self._facts_file.lost(self._need_facts())
        return secret

    def _forget(self) -> None:
        if (facts := self.facts) is not None:
            self._forget_items(facts.municipality_code, facts.terminal_no)
        self._file.forget()
        (self._dir / "terminal.json").unlink(missing_ok=True)
        self._facts = self._identity = self._new = None

    def _forget_items(self, municipality: str, terminal_no: str) -> None:
        door = KeyringDoor(self._backend, f"{self._environment}/{municipality}/{terminal_no}")
        self._device.forget(door)
        for name in (IDENTITY, ANCHOR, WRAPS):
            door.forget(name)
        self._facts_file.forget(f"{municipality}/{terminal_no}")

    def _lock_out(self) -> None:
        if not self._file.exists:
            return
        book = msgspec.structs.replace(self._file.read(), staff=())
        try:
            secret = self._device.get(self._door(self._need_facts())) or bytes(wraps.KEY)
        except StoreError as error:
            if not error.code.startswith("tpm."):
                raise
            secret = bytes(wraps.KEY)  # no TPM opens it: nothing opens anything here then, as is wanted
        self._file.write(book, secret, place_of(self._need_facts()))

    def _forget_stores(self) -> None:
        door = self._door(self._need_facts())
        self._device.forget(door)
        for name in (ANCHOR, WRAPS, FACTS):
            door.forget(name)
        self._file.forget()

    @property
    def _backend(self) -> KeyringBackend:
        if self._given_backend is None:
            self._given_backend = system_backend()
        return self._given_backend

    def _door(self, facts: TerminalFacts) -> KeyringDoor:
        prefix = f"{self._environment}/{facts.municipality_code}/{facts.terminal_no}"
        return KeyringDoor(self._backend, prefix)

    def _need_facts(self) -> TerminalFacts:
        if self.facts is None:
            raise StoreError("store.no_keys")
        return self.facts


def place_of(facts: TerminalFacts) -> Place:
    """Return what every derivation of this terminal is bound to."""
    return Place(facts.municipality_code, facts.terminal_no)


def in_order(keys: StoreKeys) -> FourKeys:
    """Return the store keys in the order they are packed in."""
    return keys.replica, keys.ledger, keys.digest, keys.inbox

"""The keeper of wraps: lets a clerk in with password and code, counts what is wrong, writes new wraps."""

import secrets
from collections.abc import Callable
from datetime import datetime

import msgspec

from client.domain.clerk import Clerk, CloudSignIn, HowSignedIn, Lease, Right, SignIn
from client.domain.errors import CounterError, RefusedError, SignInNeededError, StoreError
from client.domain.factor import CardKey
from client.domain.keys import FailedTry, NewFactor
from client.jobs.ports import StoreKeys, Unlocked
from client.rules import declared as declared_rules
from client.rules import sign_in as rules
from client.rules import totp
from offline.factors.binding import Binding, binding_of, bound_to
from offline.factors.card import CardDoor
from offline.store import wraps
from offline.store.declared_notes import declaration_in
from offline.store.seal import public_of
from offline.store.wrap_file import WrapFile
from offline.store.wraps import (
    Argon2Cost,
    Box,
    ClerkNote,
    KeyringNote,
    Place,
    StaffWrap,
    Stretch,
    WrapBook,
)

FourKeys = tuple[bytes, bytes, bytes, bytes]
_NOT_OURS = frozenset({"store.wraps_changed", "store.wraps_behind"})


class WrapKeeper:
    """The book of wraps and what it takes to open one of its boxes; the device secret is handed in."""

    def __init__(
        self,
        file: WrapFile,
        cost: Argon2Cost,
        lockout: rules.LockoutRules,
        card: CardDoor | None = None,
    ) -> None:
        self._file = file
        self._card = card  # where the town asks for one, a wrap without one opens nothing
        self._cost = cost
        self._lockout = lockout

    def read_or_begin(self, keys: FourKeys, secret: bytes, place: Place) -> tuple[WrapBook, bool]:
        """Return the book, and whether it had to be begun anew, without anybody's box."""
        try:
            return self._file.read_checked(secret, place), False
        except StoreError as error:
            if error.code not in _NOT_OURS:
                raise
        inbox = public_of(keys[3])
        return WrapBook(format=wraps.FORMAT, keyrings=self._file.read().keyrings, inbox_public=inbox), True

    def unlock(self, who: tuple[str, str, str], secret: bytes, place: Place, now: datetime) -> Unlocked:
        """Open a box with staff id, password and code. SignInNeededError, StoreError ``store.newer``."""
        staff_id, password, code = who
        book = self._file.read_checked(secret, place)
        must_be_open(book)
        wrap = book.wrap_of(staff_id)
        if wrap is None:
            raise SignInNeededError("sign_in.unknown_here")
        if wrap.factor not in {wraps.TOTP, wraps.CARD}:
            raise StoreError("store.newer")
        if (wrap.factor == wraps.CARD) != (self._card is not None):
            raise SignInNeededError("sign_in.unknown_here")  # not yet with the factor the town asks for
        before = rules.Lockout(wrap.failures, wrap.locked_until, book.seen)
        # Before the code, which a clock that is off makes wrong: the clerk must not be blamed, nor counted.
        if refusal := rules.lockout_error(before, now, self._lockout) or rules.clock_error(now, before.seen):
            raise refusal
        bound = self._ready_card(wrap)
        counted = rules.after_wrong_secret(before, now, self._lockout)
        wrong = rules.lockout_error(counted, now, self._lockout) or SignInNeededError("sign_in.wrong_secret")
        tried = book.with_try(staff_id, now)
        self._file.write(
            with_lockout(tried, wrap, counted), secret, place
        )  # before the try: a kill gives no other
        info = wraps.info_of_wrap(place, wrap)
        try:
            of_card = self._secret_of_card(bound, code)
        except CounterError as error:
            if error.code != "card.wrong_pin":  # nothing was guessed
                self._file.write(with_lockout(book, wrap, before), secret, place)
                raise
            raise rules.lockout_error(counted, now, self._lockout) or error from None
        key = wraps.wrap_key(password, secret, wrap.argon2, info, of_card)
        box = wraps.opened_box(wrap, key, info)
        if box is None:
            raise wrong
        step = box.totp_last_step if bound else totp.accepts(box.totp_seed, code, now, box.totp_last_step)
        wrap = rewritten(wrap, after_code(box, step), key, info)
        outcome = counted if step is None else rules.after_right_secret(before, now)
        after = with_lockout(tried if step is None else book, wrap, outcome)
        if step is not None:
            after = msgspec.structs.replace(after, mended=0)
        self._file.write(after, secret, place)
        if step is None:
            was_used = totp.was_used(box.totp_seed, code, now, box.totp_last_step)
            raise SignInNeededError("sign_in.code_used") if was_used else wrong
        lease = Lease(box.lease_until)
        if not box.let_in_by:  # whom two let in has their day, and no more
            lease = declared_rules.extended(lease, declaration_in(book), rules.trusted_now(now, before.seen))
        if over := rules.offline_error(lease, now, before.seen):
            raise over
        sign_in = SignIn(clerk_of(box.clerk), lease, HowSignedIn.OFFLINE, now, let_in_by=box.let_in_by)
        return Unlocked(
            sign_in,
            StoreKeys(*box.keys),
            failed=before.failures,
            tries=tries_of(book),
            measures_key=box.measures_key,
            wraps_mended=book.mended > 0,
        )

    def note_failure(
        self, staff_id: str, secret: bytes, place: Place, now: datetime, *, counted: bool = True
    ) -> None:
        """Keep a wrong secret that was tried elsewhere; count it, unless the cloud has: a PIN, shown to a card."""
        book = self._read_sound(secret, place)
        if book and (wrap := book.wrap_of(staff_id)):
            tried = book.with_try(staff_id, now)
            before = rules.Lockout(wrap.failures, wrap.locked_until, book.seen)
            after = rules.after_wrong_secret(before, now, self._lockout)
            self._file.write(with_lockout(tried, wrap, after) if counted else tried, secret, place)

    def erase(self, staff_id: str, secret: bytes, place: Place) -> None:
        """Take one clerk's box out: no password of theirs opens anything here. StoreError."""
        book = self._file.read_checked(secret, place)
        self._file.write(book.without_wrap(staff_id), secret, place)

    def change(self, change: Callable[[WrapBook], WrapBook], secret: bytes, place: Place) -> None:
        """Write what stands in the book beside the wraps anew. StoreError."""
        self._file.write(change(self._file.read_checked(secret, place)), secret, place)

    def read(self, secret: bytes, place: Place) -> WrapBook | None:
        """Return the book, or None where nothing in it opens any more."""
        return self._read_sound(secret, place)

    def rotate(
        self, who: tuple[str, str, str], change: tuple[bytes, bytes], note: KeyringNote, place: Place
    ) -> None:
        """Write the book under another device secret, with the wrap of who asks and the note of this account alone.

        Nobody else's password is here: their wraps are written at their next sign-in on line. SignInNeededError,
        StoreError.
        """
        (staff_id, password, pin), (old, new) = who, change
        book = self._file.read_checked(old, place)
        wrap = book.wrap_of(staff_id)
        if wrap is None:
            raise SignInNeededError("sign_in.unknown_here")
        of_card = self._secret_of_card(self._ready_card(wrap), pin)
        info = wraps.info_of_wrap(place, wrap)
        box = wraps.opened_box(wrap, wraps.wrap_key(password, old, wrap.argon2, info, of_card), info)
        if box is None:
            raise SignInNeededError("sign_in.wrong_secret")
        stretch = msgspec.structs.replace(wrap.argon2, salt=secrets.token_bytes(wraps.SALT))
        wrap = msgspec.structs.replace(wrap, version=wrap.version + 1, argon2=stretch)
        info = wraps.info_of_wrap(place, wrap)
        wrap = rewritten(wrap, box, wraps.wrap_key(password, new, stretch, info, of_card), info)
        self._file.write_for(msgspec.structs.replace(book, staff=(wrap,), keyrings=(note,)), new, place)

    def forget_tries(self, up_to: int, secret: bytes, place: Place) -> None:
        """Forget the wrong secrets up to a number: the book tells of them now."""
        book = self._read_sound(secret, place)
        if book and any(one.no <= up_to for one in book.tries):
            left = tuple(one for one in book.tries if one.no > up_to)
            self._file.write(msgspec.structs.replace(book, tries=left), secret, place)

    def _ready_card(self, wrap: StaffWrap) -> Binding | None:
        """Return what binds a wrap to its card once that is in; before anything is counted or tried."""
        if self._card is None:
            return None
        bound = binding_of(wrap.card)
        if bound is None:
            raise StoreError("store.newer")
        self._card.ready(bound.serial)
        return bound

    def _secret_of_card(self, bound: Binding | None, pin: str) -> bytes:
        return self._card.open(bound, pin) if self._card and bound else b""

    def _read_sound(self, secret: bytes, place: Place) -> WrapBook | None:
        """Return the book, or None where nothing in it opens any more."""
        try:
            return self._file.read_checked(secret, place)
        except StoreError as error:
            if error.code in _NOT_OURS:
                return None
            raise

    def note_time(self, seen: datetime, secret: bytes, place: Place) -> None:
        """Write down how late it was, unless later is known."""
        book = self._read_sound(secret, place)
        if book and (book.seen is None or book.seen < seen):
            self._file.write(msgspec.structs.replace(book, seen=seen), secret, place)

    def admit(
        self,
        cloud: CloudSignIn,
        password: str,
        secret: bytes,
        place: Place,
        *,
        now: datetime,
        to_come: Callable[[], bytes | None] = lambda: None,
    ) -> Unlocked:
        """Write a new wrap for a clerk whom the cloud has just let in. StoreError ``store.no_keys``.

        SignInNeededError ``sign_in.code_used`` where the code was used here without a line, which the cloud cannot know.
        ``to_come`` gives the secret this one was to be changed for, had that been brought to its end: the cloud may
        have the deposit under it already.
        """
        clerk = cloud.sign_in.clerk
        keys = wraps.opened_deposit(cloud.deposit, secret, place)
        if keys is None and (other := to_come()) is not None:
            keys = wraps.opened_deposit(cloud.deposit, other, place)
        if keys is None:
            keys = keys_in(
                self._file.read_checked(secret, place).wrap_of(clerk.staff_id), password, secret, place
            )
        if keys is None:
            raise StoreError("store.no_keys")
        book, anew = self.read_or_begin(keys, secret, place)
        must_be_open(book)
        old = book.wrap_of(clerk.staff_id)
        step = step_after(box_in(old, password, secret, place) if cloud.totp_seed else None, cloud, now)
        box = Box(
            keys=keys,
            totp_seed=cloud.totp_seed,
            totp_last_step=step,
            totp_failures=0,
            clerk=note_of(clerk),
            lease_until=cloud.sign_in.lease.until,
            written_at=now,
            measures_key=cloud.measures_key,
        )
        version, failed = (1, 0) if old is None else (old.version + 1, old.failures)
        kept = book.without_wrap(clerk.staff_id)  # who has neither card nor code signs in on line only
        if cloud.card or cloud.totp_seed:
            wrap = self._new_wrap(box, password, secret, place, version=version, card=cloud.card)
            kept = book.with_wrap(wrap)
        # The cloud has just seen this clock: a time kept from a clock that ran ahead is forgotten. And it answers, and
        # gives leases of its own: a disaster that was declared here is over.
        kept = msgspec.structs.replace(kept, seen=now, mended=0, declared=None)
        self._file.write(kept, secret, place)
        told, mended = tries_of(book), book.mended > 0
        return Unlocked(
            cloud.sign_in,
            StoreKeys(*keys),
            failed=failed,
            tries=told,
            wraps_anew=anew,
            wraps_mended=mended,
        )

    def check_vouching(self) -> None:
        """Raise RefusedError ``refused.card_needed`` where only a card opens a wrap: two cannot give anybody one."""
        if self._card is not None:
            raise RefusedError("refused.card_needed")

    def vouch(
        self, made: Unlocked, factor: NewFactor, password: str, secret: bytes, place: Place, *, now: datetime
    ) -> None:
        """Write a wrap for a clerk whom two let in off line, in place of any before, marked as such."""
        self.check_vouching()
        book = self._file.read_checked(secret, place)
        clerk, keys = made.sign_in.clerk, made.keys
        old = book.wrap_of(clerk.staff_id)
        box = Box(
            keys=(keys.replica, keys.ledger, keys.digest, keys.inbox),
            totp_seed=factor.seed,
            totp_last_step=factor.step,
            totp_failures=0,
            clerk=note_of(clerk),
            lease_until=made.sign_in.lease.until,
            written_at=now,
            let_in_by=made.sign_in.let_in_by,
        )
        version, failed = (1, 0) if old is None else (old.version + 1, old.failures)
        wrap = self._new_wrap(box, password, secret, place, version=version, card=None)
        # Told in the journal at the next sign-in; but whom two let in is not locked out.
        kept = min(failed, self._lockout.failures - 1)
        wrap = msgspec.structs.replace(wrap, failures=kept)
        # Nobody has vouched for this clock: a later time that was seen stays.
        seen = rules.trusted_now(now, book.seen)
        self._file.write(msgspec.structs.replace(book.with_wrap(wrap), seen=seen), secret, place)

    def _new_wrap(
        self,
        box: Box,
        password: str,
        secret: bytes,
        place: Place,
        *,
        version: int,
        card: CardKey | None,
    ) -> StaffWrap:
        cost = self._cost
        binding, of_card = bound_to(card) if card else (b"", b"")
        stretch = Stretch(
            salt=secrets.token_bytes(wraps.SALT), time=cost.time, memory_kib=cost.memory_kib, lanes=cost.lanes
        )
        empty = StaffWrap(
            staff_id=box.clerk.staff_id,
            version=version,
            factor=wraps.CARD if card else wraps.TOTP,
            card=binding,
            argon2=stretch,
            nonce=b"",
            box=b"",
        )
        info = wraps.info_of_wrap(place, empty)
        return rewritten(empty, box, wraps.wrap_key(password, secret, stretch, info, of_card), info)


def must_be_open(book: WrapBook) -> None:
    """Raise SignInNeededError ``sign_in.shut`` where the town shut this terminal, on line too: the order was given once."""
    if book.shut:
        raise SignInNeededError("sign_in.shut")


def tries_of(book: WrapBook) -> tuple[FailedTry, ...]:
    """Return the wrong secrets the journal does not tell of yet, in their order."""
    return tuple(FailedTry(one.no, one.staff_id, one.at) for one in book.tries)


def rewritten(wrap: StaffWrap, box: Box, key: bytes, info: bytes) -> StaffWrap:
    """Return a wrap with a box closed anew, under a nonce never used before."""
    nonce = secrets.token_bytes(wraps.NONCE)
    return msgspec.structs.replace(wrap, nonce=nonce, box=wraps.closed_box(box, key, nonce, info))


def after_code(box: Box, step: int | None) -> Box:
    """Return a box after a code was tried: the step it used, or one failure more."""
    if step is None:
        return msgspec.structs.replace(box, totp_failures=box.totp_failures + 1)
    return msgspec.structs.replace(box, totp_last_step=step, totp_failures=0)


def box_in(wrap: StaffWrap | None, password: str, secret: bytes, place: Place) -> Box | None:
    """Return what a wrap of password and code holds; None where the password does not open one."""
    if wrap is None or wrap.factor != wraps.TOTP:
        return None
    info = wraps.info_of_wrap(place, wrap)
    return wraps.opened_box(wrap, wraps.wrap_key(password, secret, wrap.argon2, info), info)


def keys_in(wrap: StaffWrap | None, password: str, secret: bytes, place: Place) -> FourKeys | None:
    """Return the store keys out of a wrap; None where the password does not open one."""
    box = box_in(wrap, password, secret, place)
    return None if box is None else box.keys


def step_after(before: Box | None, cloud: CloudSignIn, now: datetime) -> int:
    """Return the last step used, here or at the cloud. SignInNeededError where the cloud took the one used here last.

    One from a time to come, of a clock that ran ahead, is forgotten.
    """
    if before is None or before.totp_seed != cloud.totp_seed:
        return cloud.totp_step
    if cloud.by_code and before.totp_last_step == cloud.totp_step:
        raise SignInNeededError("sign_in.code_used")
    ahead = before.totp_last_step > totp.step_of(now) + 1
    return cloud.totp_step if ahead else max(before.totp_last_step, cloud.totp_step)


def with_lockout(book: WrapBook, wrap: StaffWrap, lockout: rules.Lockout) -> WrapBook:
    """Return the book with a clerk's counter as a rule left it."""
    counted = msgspec.structs.replace(wrap, failures=lockout.failures, locked_until=lockout.until)
    return msgspec.structs.replace(book.with_wrap(counted), seen=lockout.seen)


def note_of(clerk: Clerk) -> ClerkNote:
    """Return what a wrap keeps of a clerk."""
    rights = tuple(sorted(right.value for right in clerk.rights))
    return ClerkNote(
        clerk.staff_id, clerk.name, clerk.section, rights, clerk.by_item, clerk.secrets_since, clerk.by_block
    )


def clerk_of(note: ClerkNote) -> Clerk:
    """Return the clerk, without rights this program does not know."""
    known = {right.value for right in Right}
    rights = frozenset(Right(right) for right in note.rights if right in known)
    return Clerk(
        note.staff_id, note.name, note.section, rights, note.by_item, note.secrets_since, note.by_block
    )

"""What jobs need from the world, in the clerk's words; offline, printing and client.api fulfil it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from client.domain.as_of import Answer
from client.domain.blocks import Restrictions
from client.domain.certificate import (
    CertificateKind,
    CertificateRequest,
    Decided,
    Eligibility,
    FormWords,
    IssuedCopy,
    Printed,
    SerialNo,
    SheetState,
)
from client.domain.change import (
    ChangeState,
    CloudAnswer,
    Fate,
    NewChange,
    OutboxCounts,
    QueuedChange,
    Receipt,
)
from client.domain.clerk import CloudSignIn, SignIn
from client.domain.enrolment import Enrolled
from client.domain.errors import LinkDownError
from client.domain.gaiji import Gaiji
from client.domain.keys import StoreKeys, Unlocked
from client.domain.query import Query
from client.domain.resident import AtenaNo, Hit, Household
from client.domain.slip import IntakeSlip
from client.domain.terminal import NOTHING_SEEN, TerminalFacts, TerminalSeen, TerminalState
from client.jobs.hold_ports import HoldsAtHand, HomesAtHand

# Values live in client.domain; these may be imported here too, beside the ports that speak of them.
__all__ = ["CloudAnswer", "CloudSignIn", "Eligibility", "FormWords", "Printed", "StoreKeys", "Unlocked"]

Now = Callable[[], datetime]  # the time in UTC, aware


class Register(Protocol):
    """住民基本台帳 as one can ask it: the cloud, or the replica."""

    async def find(self, query: Query, *, limit: int) -> Answer[tuple[Hit, ...]]:
        """Return residents that match, in kana order, block marks at once."""
        ...

    async def household_of(self, atena_no: AtenaNo) -> Answer[Household]:
        """Return the present household of a resident. RefusedError ``refused.not_found``."""
        ...

    async def restrictions_of(self, household: Household) -> Answer[Restrictions]:
        """Return every block and support measure that concerns a household or its members."""
        ...

    async def form_words(self, kind: CertificateKind, *, whole: bool, on: date) -> Answer[FormWords]:
        """Return certifier, seal, attestation and fee in force on a day."""
        ...


class OwnRegister(Register, HomesAtHand, Protocol):
    """The replica: a register that can say whether its own rows are what they should be."""

    async def prove(self, household: Household) -> None:
        """Read and hash anew what a paper is made from; mark what is wrong (P09). StoreError ``store.damaged_replica``."""
        ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A line for the book (P12): who did what, to whose record; ids and facts, no names or addresses."""

    kind: str  # look_up | view | issue | handed_over | spoiled | intake | hold | sign_in | let_in | refusal | mode | drill …
    actor: str
    subjects: tuple[AtenaNo, ...] = ()
    facts: Mapping[str, str | int] = field(default_factory=dict)
    note: str = field(default="", repr=False)  # typed by hand: in no hash and no run


@dataclass(frozen=True, slots=True)
class IssueDraft:
    """What the ledger needs to write an issue down before anything is printed; one draft, one copy."""

    request: CertificateRequest
    decided: Decided
    pages: int
    fee_yen: int
    printer: str
    day: date
    release: str = ""  # the key of the release it rests on
    decided_by: str = ""  # staff id, where the clerk only receives


class Ledger(HoldsAtHand, Protocol):
    """The book and the outbox on this PC's encrypted disk; returns only after the mark beside it is written."""

    async def record(self, entry: JournalEntry) -> None:
        """Append a line to the journal."""
        ...

    async def issue(self, draft: IssueDraft, *, actor: str, clock_offset_ms: int) -> IssuedCopy:
        """Take the next serial and write journal row and outbox fact, in one transaction."""
        ...

    async def note_sheet(
        self, serial: SerialNo, state: SheetState, *, actor: str, reason: str = "", pdf_hash: str = ""
    ) -> None:
        """Write what became of a copy; hand-over and spoil also queue their fact."""
        ...

    async def open_sheets(self) -> tuple[IssuedCopy, ...]:
        """Return the copies whose end is not known, oldest first."""
        ...

    async def queue(self, change: NewChange) -> QueuedChange:
        """Write a change and its sealed envelope, and its journal row, in one transaction."""
        ...

    async def outbox(self, *, settled: bool = False) -> tuple[QueuedChange, ...]:
        """Return what waits, oldest first; with ``settled`` also what has landed, was withdrawn or superseded."""
        ...

    async def change(self, key: str) -> QueuedChange | None:
        """Return a change by its key."""
        ...

    async def changes_of(
        self, residents: tuple[AtenaNo, ...], *, settled: bool = False
    ) -> tuple[QueuedChange, ...]:
        """Return what concerns some residents and waits, oldest first; with ``settled`` also what is over."""
        ...

    async def recent(self, limit: int) -> tuple[QueuedChange, ...]:
        """Return what wants a clerk, what waits to be sent, and what is over last, at most so many of each."""
        ...

    async def outbox_counts(self) -> OutboxCounts:
        """Return how much waits, without reading it."""
        ...

    async def ready(self, now: datetime, *, limit: int, alone_after: int) -> tuple[QueuedChange, ...]:
        """Return what may be sent now, oldest first: the head of each lane, and every fact.

        What failed ``alone_after`` times is left out; where nothing else is ready, the least tried comes alone.
        """
        ...

    async def lease(self, keys: tuple[str, ...], *, now: datetime) -> None:
        """Mark changes as being sent (queued or unknown → sending)."""
        ...

    async def settle(
        self, key: str, state: ChangeState, *, receipt: Receipt | None = None, words: str = ""
    ) -> None:
        """Write the cloud's answer for a change, or UNKNOWN where none came."""
        ...

    async def settle_all(self, fates: tuple[Fate, ...]) -> None:
        """Write what became of a batch, in one transaction."""
        ...

    async def withdraw(self, key: str, *, actor: str, reason: str, why: str = "other") -> None:
        """Take a change back, with who, why and which in the journal, in one transaction. RefusedError."""
        ...

    async def send_again(self, key: str, *, actor: str) -> None:
        """Let a parked change go again, with who said so in the journal. RefusedError."""
        ...

    async def postpone(self, keys: tuple[str, ...], *, next_try_at: datetime, words: str) -> None:
        """Write when the next try is and what the cloud or the line said."""
        ...

    async def land(self, register_version: int) -> int:
        """Mark accepted changes whose version the replica has reached; returns how many."""
        ...

    async def latest_time(self) -> datetime | None:
        """Return the latest time in the journal since the cloud last vouched for the clock (an online sign-in)."""
        ...


class OwnLetters(Protocol):
    """The replica, asked for the letters of the town's own."""

    async def gaiji(self, *, on: date) -> Answer[tuple[Gaiji, ...]]:
        """Return the 外字 in force on a day, by their codes."""
        ...


class Lettering(Protocol):
    """The fonts at hand, asked before anything is drawn: which letters they lack, and what a letter is called."""

    def missing(self, text: str) -> tuple[str, ...]:
        """Return the letters no font here has, each once, in order."""
        ...

    def mj_name(self, letter: str) -> str | None:
        """Return the MJ文字図形名 of a letter as it is drawn, MJ026190; None where it has none."""
        ...


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as an image for the screen: BGRX rows."""

    width: int
    height: int
    stride: int
    pixels: bytes = field(repr=False)


class Press(Protocol):
    """Paper and printer. A decided certificate goes in; layout and drawing are printing's own affair."""

    async def count_pages(self, decided: Decided) -> int:
        """Lay a certificate out; PaperError ``paper.glyph_missing`` names every letter no font has."""
        ...

    async def preview(self, decided: Decided, *, dpi: int = 150) -> tuple[Picture, ...]:
        """Return the very pages as images, from memory."""
        ...

    async def print(self, decided: Decided, *, job_name: str) -> Printed:
        """Draw and print one copy; the certificate must bear its serial (P06)."""
        ...

    @property
    def printer(self) -> str:
        """Return the printer's part of the issue number."""
        ...


class SlipPress(Protocol):
    """The press as far as it prints 仮受付票; they bear no number of ours and may be printed again."""

    async def print_slip(self, slip: IntakeSlip) -> Printed:
        """Print a slip. PaperError."""
        ...


class CloudSessions(Protocol):
    """Sign-in at the cloud."""

    async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
        """Open a session. SignInNeededError, LinkDownError."""
        ...

    async def renew(self, sign_in: SignIn) -> SignIn:
        """Take a session on with a new token. SignInNeededError where there is nothing to renew, LinkDownError."""
        ...

    async def sign_out(self, sign_in: SignIn) -> None:
        """End a session; one that has ended already is no trouble."""
        ...


class CloudCommands(Protocol):
    """The cloud's ear for changes."""

    async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
        """Send a batch; LinkDownError means unknown for every one of them."""
        ...

    async def ask(self, key: str) -> CloudAnswer | None:
        """Return the remembered answer for a key, or None where the cloud never saw it."""
        ...


class CloudStates(Protocol):
    """Where a terminal says how it is."""

    async def tell(self, state: TerminalState) -> None:
        """Say it. LinkDownError, RefusedError."""
        ...


class CloudCertificates(Protocol):
    """The cloud's say in issuing."""

    async def eligibility(self, request: CertificateRequest, decider: SignIn | None = None) -> Eligibility:
        """Ask, for the clerk or who decides beside them; RefusedError with the cloud's code where not."""
        ...


class Keys(Protocol):
    """Wraps and keyring. Unlocking makes no network call."""

    async def unlock(self, staff_id: str, password: str, code: str, *, now: datetime) -> Unlocked:
        """Unwrap off line: SignInNeededError, StoreError ``store.no_keyring``, ``store.no_keys``."""
        ...

    async def note_time(self, seen: datetime) -> None:
        """Write down how late it was, against a clock set back while the stores are shut."""
        ...

    async def note_failure(self, staff_id: str, *, now: datetime, counted: bool = True) -> None:
        """Keep for the book that a wrong secret was shown at an online sign-in, of somebody with a wrap here; count it."""
        ...

    async def admit(self, cloud: CloudSignIn, password: str, *, now: datetime) -> Unlocked:
        """Open the deposit with the device secret after an online sign-in, and (re)write this clerk's wrap."""
        ...


class Identity(Protocol):
    """The terminal itself, as it proves itself; usable before anybody signs in."""

    @property
    def terminal_no(self) -> str:
        """Return the number the cloud gave."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign with the terminal's key: ECDSA P-256, SHA-256, DER."""
        ...


class Enrolment(Protocol):
    """The part of the key keeper that makes a new terminal; the keyring may take its time, so it is awaited."""

    async def make_identity(self) -> str:
        """Make the terminal's key in the keyring and return a signing request (PEM)."""
        ...

    async def found(self, facts: TerminalFacts, keys: StoreKeys) -> bytes:
        """Write the facts down and return the store keys sealed under the device secret, for the cloud to keep."""
        ...

    @property
    def identity(self) -> Identity:
        """Return the terminal that was founded."""
        ...

    async def forget(self) -> None:
        """Erase keys and facts, as before the enrolment."""
        ...


class CloudEnrolment(Protocol):
    """How the cloud takes in a terminal."""

    async def enrol(self, token: str, csr: str, name: str) -> Enrolled:
        """Show a one-time token and a signing request. RefusedError ``refused.enrolment``, LinkDownError."""
        ...

    async def leave(self, deposit: bytes, identity: Identity) -> None:
        """Leave the sealed store keys with the cloud, as the terminal that was just taken in."""
        ...


class Link(Protocol):
    """What is known of the way to the cloud; jobs tell it what they met."""

    @property
    def usable(self) -> bool:
        """Tell whether a call to the cloud is worth its wait."""
        ...

    def usable_for(self, service: str) -> bool:
        """Tell whether a call to one of its services is."""
        ...

    @property
    def carrying(self) -> str:
        """Return the name of the up-link that calls go over."""
        ...

    @property
    def last_ms(self) -> int | None:
        """Return how long the last answer took over it; None before the first."""
        ...

    def note_success(self, ms: int, *, service: str = "", over: str = "") -> None:
        """Note an answer and how many milliseconds it took, of which service, over which up-link."""
        ...

    def note_failure(self, error: LinkDownError) -> None:
        """Note a call that failed; the error may know its service and its up-link."""
        ...


class Stores(Protocol):
    """The two files, opened with keys and closed on lock."""

    async def open(self, keys: StoreKeys, *, seen: TerminalSeen = NOTHING_SEEN) -> None:
        """Open, migrate after a verified backup, check the ledger against its mark and the cloud's. StoreError."""
        ...

    async def close(self) -> None:
        """Close every handle and forget the keys."""
        ...

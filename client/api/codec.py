"""Wire ⇄ values: what the contract's answers look like, and how they are read.

Structs are strict about types and let unknown fields pass; what only a newer cloud knows (a right, a code of an
enum) is left out rather than guessed. An answer that is not of the contract is a fault of the cloud, and its
content is never quoted.
"""

import base64
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import msgspec

from client.domain.as_of import AsOf, Source
from client.domain.blocks import BlockProcess, Restrictions
from client.domain.calendar import RegisterDate
from client.domain.certificate import CertificateRequest, Certifier, FormWords, OfficialSeal
from client.domain.change import CloudAnswer, FirstTold, QueuedChange, Receipt
from client.domain.clerk import Clerk, Right
from client.domain.errors import LinkDownError, RefusedError
from client.domain.query import Match, Query
from client.domain.record import block_from_row, resident_from_row, shien_sochi_from_row
from client.domain.resident import AtenaNo, Hit, Household, HouseholdNo, ResidentStatus
from client.domain.tally import Expected, Tally, ToldTally
from client.rules import authorship

Row = dict[str, object]


@contextmanager
def of_the_contract() -> Iterator[None]:
    """Turn a value the contract does not allow into ``link.fault``, without a word of the value."""
    try:
        yield
    except (KeyError, TypeError, ValueError):
        raise LinkDownError("link.fault") from None


class WireAsOf(msgspec.Struct):
    """Where the cloud stood when it answered."""

    register_version: int
    blocks_version: int
    at: datetime

    def value(self) -> AsOf:
        """Return it as a live answer's as-of."""
        return AsOf(Source.CLOUD, self.register_version, self.at, self.blocks_version, self.at)


class WireHit(msgspec.Struct):
    """One line of a search result."""

    atena_no: str
    household_no: str
    name: str
    birth_text: str
    status: str
    blocked: bool
    protected: bool
    furigana: str | None = None
    birth_sort: str | None = None
    sex: str | None = None
    address: str | None = None
    stopped: list[str] | None = None

    def value(self) -> Hit:
        """Return the hit; a protected person's address is dropped even where the cloud should send one.

        An older cloud does not say what a 抑止 stops: then it may be the look, and is taken for it.
        """
        return Hit(
            atena_no=AtenaNo(self.atena_no),
            household_no=HouseholdNo(self.household_no),
            name=self.name,
            furigana=self.furigana,
            birth=RegisterDate(
                self.birth_text, datetime.fromisoformat(self.birth_sort).date() if self.birth_sort else None
            ),
            sex=self.sex,
            address=None if self.protected else self.address,
            status=ResidentStatus(self.status),
            blocked=self.blocked,
            protected=self.protected,
            unseen=self.blocked if self.stopped is None else BlockProcess.VIEW.value in self.stopped,
        )


def search_body(query: Query, limit: int) -> dict[str, object]:
    """Return a query as POST /v1/residents/search takes it; what is not asked for is left out."""
    asked = {name: getattr(query, name) for name in ("name", "birth", "place", "number", "sex")}
    body: dict[str, object] = {name: text for name, text in asked.items() if text.strip()}
    if query.match is not Match.INFIX:
        body["match"] = query.match.value
    if query.past:
        body["past"] = True
    return {"typed": query.typed, "limit": limit, "removed": query.removed, **body}


class Found(msgspec.Struct):
    """Answer of POST /v1/residents/search."""

    hits: list[WireHit]
    as_of: WireAsOf


class Rows(msgspec.Struct):
    """Answer of GET /v1/residents/{atena_no}/household."""

    rows: list[Row]
    as_of: WireAsOf
    withheld: list[str] = []


class WireRestrictions(msgspec.Struct):
    """Blocks and support measures, as rows of their tables."""

    blocks: list[Row]
    shien_sochi: list[Row]

    def value(self) -> Restrictions:
        """Return the restrictions. One unreadable row spoils them all: blocks fail closed."""
        return Restrictions(
            tuple(block_from_row(row) for row in self.blocks),
            tuple(shien_sochi_from_row(row) for row in self.shien_sochi),
        )


class RestrictionsAnswer(WireRestrictions):
    """Answer of POST /v1/restrictions."""

    as_of: WireAsOf


class WireCertifier(msgspec.Struct):
    """認証者."""

    title: str
    name: str
    prefecture: str = ""
    town: str = ""


class WireTown(msgspec.Struct):
    """The municipality itself."""

    name: str
    prefecture: str


class WireSeal(msgspec.Struct):
    """電子公印: its image, or the hash of one that the terminal said it has."""

    side_mm: int
    image: bytes = b""
    sha256: str = ""

    def value(self, held: bytes) -> OfficialSeal:
        """Return the seal; LinkDownError ``link.fault`` where its image neither came nor is the one held."""
        image = self.image or (held if sha256(held).hexdigest() == self.sha256 else b"")
        if not image:
            raise LinkDownError("link.fault")
        return OfficialSeal(image, self.side_mm)


class WireForms(msgspec.Struct):
    """What goes on a paper beside the record."""

    town: WireTown
    certifier: WireCertifier
    attestation: str
    fee_yen: int
    seal: WireSeal | None = None

    def value(self, held: bytes = b"") -> FormWords:
        """Return the words; the prefecture is the town's, ``held`` the seal's image that was said to be here."""
        seal = self.seal.value(held) if self.seal else None
        certifier = Certifier(self.town.prefecture, self.town.name, self.certifier.title, self.certifier.name)
        return FormWords(certifier, seal, self.attestation, self.fee_yen)


class FormsAnswer(WireForms, kw_only=True):
    """Answer of GET /v1/forms/{certificate}."""

    as_of: WireAsOf


class WireRefusal(msgspec.Struct):
    """Why not."""

    code: str
    reason: str = ""


class EligibilityAnswer(msgspec.Struct):
    """Answer of POST /v1/eligibility."""

    allowed: bool
    refusals: list[WireRefusal]
    warnings: list[str]
    as_of: WireAsOf
    rows: list[Row] = []
    withheld: list[str] = []
    restrictions: WireRestrictions | None = None
    forms: WireForms | None = None
    question: str | None = None


class WireReceipt(msgspec.Struct):
    """The cloud's word that a change took effect."""

    register_version: int
    at: datetime
    text: str = ""

    def value(self) -> Receipt:
        """Return the receipt."""
        return Receipt(self.register_version, self.at, self.text)


class WireDuplicate(msgspec.Struct):
    """The request that told of the same before."""

    key: str
    made_at: datetime
    terminal: str

    def words(self) -> str:
        """Return what is kept of it; ValueError where its moment has no time zone."""
        if self.made_at.tzinfo is None:
            raise ValueError("a moment must know its time zone")
        return FirstTold(self.key, self.made_at, self.terminal).words


class WireAnswer(msgspec.Struct):
    """Answer for one command; ``already`` brings the first answer's outcome in ``first``."""

    key: str
    outcome: str
    receipt: WireReceipt | None = None
    code: str = ""
    reason: str = ""
    first: str = ""
    quarantined: bool = False
    remembered: bool = True
    terminal: str = ""  # whose command it was, where a key was asked for
    duplicate_of: WireDuplicate | None = None

    def value(self) -> CloudAnswer:
        """Return the answer with the outcome that counts; ValueError where the outcome is unknown."""
        outcome = self.first if self.outcome == "already" else self.outcome
        if outcome not in {"accepted", "conflict", "refused"}:
            raise ValueError("an outcome this terminal does not know")
        if outcome == "accepted" and self.receipt is None:
            raise ValueError("accepted without a receipt")
        receipt = self.receipt.value() if self.receipt and outcome == "accepted" else None
        first = self.duplicate_of.words() if self.duplicate_of else ""
        words = " ".join(filter(None, (self.code, self.reason, first)))
        told = words or (receipt.text if receipt else "")
        return CloudAnswer(
            self.key,
            outcome,
            receipt,
            told,
            quarantined=self.quarantined and outcome == "accepted",
            author=self.terminal,
            already=self.outcome == "already",
            remembered=self.remembered,
        )


def answer_of(raw: msgspec.Raw) -> CloudAnswer | None:
    """Return an answer for one command, or None where it is not of the contract: then nothing was answered."""
    try:
        return msgspec.json.decode(raw, type=WireAnswer).value()
    except (msgspec.DecodeError, ValueError, UnicodeDecodeError, RecursionError):
        return None


class Answers(msgspec.Struct):
    """Answer of POST /v1/commands; each is read by itself, so that one that is none spoils no other."""

    answers: list[msgspec.Raw]


class WireTally(msgspec.Struct):
    """A count of commands and their sum."""

    held: int
    total: bytes = b""

    def value(self) -> Tally:
        """Return the tally."""
        return Tally(self.held, int.from_bytes(self.total))


class TallyAnswer(WireTally, kw_only=True):
    """Answer of POST /v1/commands/tally."""

    at: datetime
    parts: list[WireTally] | None = None
    keys: dict[str, list[str]] | None = None

    def told(self) -> ToldTally:
        """Return what was told; ValueError where a moment has no time zone."""
        if self.at.tzinfo is None:
            raise ValueError("a moment must know its time zone")
        parts = None if self.parts is None else tuple(part.value() for part in self.parts)
        told = self.keys
        keys = None if told is None else {key: outcome for outcome in told for key in told[outcome]}
        return ToldTally(self.value(), self.at, parts, keys)


def expected_to_wire(expected: Expected) -> dict[str, object]:
    """Write what the cloud is believed to hold."""
    told: dict[str, object] = {"since": expected.since, "held": expected.tally.held}
    if expected.tally.held:
        told["total"] = base64.b64encode(expected.tally.total.to_bytes(32)).decode()
    return told


class WireStaff(msgspec.Struct):
    """A member of staff."""

    staff_id: str
    name: str
    section: str
    rights: list[str]
    by_item: bool = False  # an older cloud does not say it: whoever may look up has the items
    secrets_since: datetime | None = None
    by_block: bool = False  # nor this: who is in charge of blocks may do all three

    def value(self) -> Clerk:
        """Return the clerk; rights this version does not know are no rights here."""
        known = {right.value: right for right in Right}
        rights = frozenset(known[word] for word in self.rights if word in known)
        return Clerk(
            self.staff_id, self.name, self.section, rights, self.by_item, self.secrets_since, self.by_block
        )


def household_from_rows(rows: list[Row], withheld: Collection[str] = ()) -> Household:
    """Read a household in its stored order; RefusedError ``refused.not_found`` where there is nobody.

    Where 在留資格等 was withheld, a foreign member has none: not an empty one.
    """
    if not rows:
        raise RefusedError("refused.not_found")
    with of_the_contract():
        members = sorted((resident_from_row(row) for row in rows), key=lambda one: one.order_no)
        numbers = {member.household_no for member in members}
        if len(numbers) != 1 or len({member.atena_no for member in members}) != len(members):
            raise ValueError("rows of more than one household, or a person twice")
        if Right.ZAIRYU.value in withheld:
            members = [replace(member, foreign=None) for member in members]
        return Household(members[0].household_no, tuple(members))


def command_to_wire(change: QueuedChange, terminal: str) -> dict[str, object]:
    """Write a queued change as a command: the envelope as it was sealed, and what the cloud sorts by."""
    command: dict[str, object] = {
        "key": change.key,
        "kind": change.kind.value,
        "residents": list(change.residents),
        "base": dict(change.base),
        "made_at": authorship.moment_text(change.made_at),
        "clock_offset_ms": change.clock_offset_ms,
        "made_by": change.made_by,
        "terminal": terminal,
        "sealed": base64.b64encode(change.sealed).decode(),
        "signature": base64.b64encode(change.signature).decode(),
    }
    if change.supersedes is not None:
        command["supersedes"] = change.supersedes
    if change.todoke_date is not None:
        command["todoke_date"] = change.todoke_date.isoformat()
    return command


def request_to_wire(request: CertificateRequest) -> dict[str, object]:
    """Write a request for a certificate."""
    options = request.options
    shown: Mapping[str, bool] = {
        "relationship": options.relationship,
        "honseki": options.honseki,
        "foreign_items": options.foreign_items,
        "furigana": options.furigana,
    }
    return {
        "kind": request.kind.value,
        "subject": request.subject,
        "members": list(request.members),
        "options": dict(shown),
        "requester": request.requester.value,
        "identity": request.identity.value,
        "purpose": request.purpose,
    }

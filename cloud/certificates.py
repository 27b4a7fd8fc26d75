"""May this paper be issued, from which record, with which words? The cloud's own reading of the law."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

import sqlalchemy as sa

from cloud import storage
from cloud.contract import Row
from cloud.households import household_rows, in_force, lives_on, present_row, restrictions
from cloud.items import as_seen
from cloud.problems import ProblemError, not_found
from cloud.register import Register
from cloud.staff import Clerk

CERTIFICATES = ("juminhyo_copy",)
SCOPES = ("household", "members")
_NEEDS_PURPOSE = ("third_party", "official")
_THIRD_PARTY_ITEMS = ("relationship", "honseki", "foreign_items")  # 住基法 第12条の3


@dataclass(frozen=True, slots=True)
class IssueRequest:
    """What a clerk asks for."""

    kind: str
    subject: str
    members: tuple[str, ...]
    options: Mapping[str, bool]
    requester: str
    identity: str
    purpose: str = field(repr=False)
    on: date


@dataclass(frozen=True, slots=True)
class _Case:
    """A request, and what the register says about it."""

    request: IssueRequest
    clerk: Clerk
    rows: Sequence[Row]
    blocks: Sequence[Row]
    shien_sochi: Sequence[Row]

    @property
    def on_paper(self) -> list[str]:
        return list(dict.fromkeys((self.request.subject, *self.request.members)))

    @property
    def paper_rows(self) -> list[Row]:
        return [row for row in self.rows if row["atena_no"] in self.on_paper]

    @property
    def has_foreigner(self) -> bool:
        return any(row.get("kind") == "foreign" for row in self.paper_rows)

    def standing(self, level: str) -> list[Row]:
        """Return blocks on issuing that have begun; a last day that has passed lifts nothing [STD j410]."""
        numbers, homes = set(self.on_paper), {row["household_no"] for row in self.rows}
        return [
            block
            for block in self.blocks
            if block.get("process") == "issue"
            and block.get("level") == level
            and str(block.get("starts", "")) <= self.request.on.isoformat()
            and (block.get("atena_no") in numbers or block.get("household_no") in homes)
        ]


Refusal = dict[str, str]


def _about_rights(case: _Case) -> Iterable[Refusal]:
    options = case.request.options
    needed = ["issue", *(["honseki"] if options.get("honseki") else [])]
    if case.has_foreigner and (options.get("honseki") or options.get("foreign_items")):
        needed.append("zairyu")  # 国籍・地域 stands where a Japanese has 本籍
    return [_refusal("refused.right_missing", right) for right in needed if not case.clerk.may(right)]


def _about_shien_sochi(case: _Case) -> Iterable[Refusal]:
    """Refuse where somebody protected is on the paper or lives at the address on it [STD j440]."""
    protected, day = {row["atena_no"] for row in case.shien_sochi}, case.request.on.isoformat()
    housemates = {row["atena_no"] for row in case.rows if lives_on(row, day)}
    return [_refusal("refused.shien_sochi")] if protected & {*case.on_paper, *housemates} else []


def _about_blocks(case: _Case) -> Iterable[Refusal]:
    return [_refusal("refused.blocked", str(block.get("reason", ""))) for block in case.standing("error")]


def _about_members(case: _Case) -> Iterable[Refusal]:
    if len(case.paper_rows) != len(case.on_paper):
        return [_refusal("refused.not_found", "members")]
    day = case.request.on.isoformat()
    gone = [row for row in case.paper_rows if not lives_on(row, day)]
    return [_refusal("refused.not_resident")] if gone else []


def _about_requester(case: _Case) -> Iterable[Refusal]:
    request = case.request
    if request.identity == "none":
        yield _refusal("refused.identity")
    if request.requester in _NEEDS_PURPOSE and not request.purpose.strip():
        yield _refusal("refused.input", "purpose")


_RULES: tuple[Callable[[_Case], Iterable[Refusal]], ...] = (
    _about_shien_sochi,
    _about_blocks,
    _about_rights,
    _about_members,
    _about_requester,
)


def _refusal(code: str, reason: str = "") -> Refusal:
    return {"code": code} | ({"reason": reason} if reason else {})


def _warnings(case: _Case) -> list[str]:
    request, day = case.request, case.request.on.isoformat()
    others = {row["atena_no"] for row in case.shien_sochi} - set(case.on_paper)
    seen = case.clerk.may("zairyu")
    asked_for = any(request.options.get(item) for item in _THIRD_PARTY_ITEMS)
    told = {
        "warning.block": bool(case.standing("alert")),
        "warning.shien_sochi_household": bool(others),
        "warning.stay_expired": seen
        and any(str(row.get("residence_until", "9999-12-31")) < day for row in case.paper_rows),
        "warning.stay_unseen": case.has_foreigner and not seen,
        "warning.third_party_items": request.requester == "third_party" and asked_for,
    }
    return [code for code, holds in told.items() if holds]


def eligibility(
    register: Register,
    connection: sa.Connection,
    clerk: Clerk,
    request: IssueRequest,
    *,
    held: str | None = None,
) -> dict[str, object]:
    """Judge a request: refusals, warnings, and, where there are none of the first, all the paper needs.

    ``held`` is the hash of the seal's image that the terminal has: that one is named and not sent.
    """
    as_of = register.as_of(connection)
    if request.kind not in CERTIFICATES:
        return _answer(as_of, [_refusal("refused.input", "kind")])
    if present_row(register, connection, request.subject) is None:
        return _answer(as_of, [_refusal("refused.not_found")])
    rows = household_rows(register, connection, request.subject)
    numbers = [str(row["atena_no"]) for row in rows]
    found = restrictions(register, connection, str(rows[0]["household_no"]), [*numbers, *request.members])
    case = _Case(request, clerk, rows, found["blocks"], found["shien_sochi"])
    refusals = [refusal for rule in _RULES for refusal in rule(case)]
    if refusals:
        return _answer(as_of, refusals, _warnings(case))
    day = request.on.isoformat()
    whole = {row["atena_no"] for row in rows if lives_on(row, day)} <= set(request.members)
    words = forms(register, connection, request.kind, SCOPES[0] if whole else SCOPES[1], request.on)
    words |= {"seal": _named(words["seal"], held), "as_of": as_of}
    paper = as_seen(rows, clerk) | {"restrictions": found, "forms": words}
    return _answer(as_of, [], _warnings(case)) | paper


def _named(seal: object, held: str | None) -> object:
    """Return a seal without its image where that is the one held."""
    match seal:
        case {"side_mm": side_mm, "image": bytes(image)} if sha256(image).hexdigest() == held:
            return {"side_mm": side_mm, "sha256": held}
    return seal


def _answer(
    as_of: Mapping[str, object], refusals: list[Refusal], warnings: Sequence[str] = ()
) -> dict[str, object]:
    told = {"allowed": not refusals, "refusals": refusals, "warnings": list(warnings)}
    return told | {"as_of": as_of}


def forms(
    register: Register, connection: sa.Connection, certificate: str, scope: str, on: date
) -> dict[str, object]:
    """Return certifier, seal, attestation and fee in force on a day."""
    day = on.isoformat()

    def find(table: str, **columns: str) -> Row:
        where = [storage.rows[table].c[name] == value for name, value in columns.items()]
        row = in_force(register.rows(connection, table, *where), day)
        if row is None:
            raise ProblemError(404, "refused.not_found", f"no {table} in force on that day")
        return row

    if certificate not in CERTIFICATES or scope not in SCOPES:
        raise not_found()
    town = register.row(connection, "town", (register.municipality,)) or {}
    certifier = find("certifier")
    seals = register.rows(
        connection, "official_seal", storage.rows["official_seal"].c.certifier_id == certifier["certifier_id"]
    )
    seal = in_force(seals, day)
    return {
        "town": {name: town.get(name, "") for name in ("code", "name", "prefecture")},
        "certifier": {"title": certifier["title"], "name": certifier["name"]},
        "seal": {"side_mm": seal["side_mm"], "image": seal["image"]} if seal else None,
        "attestation": find("attestation", certificate=certificate, scope=scope)["text"],
        "fee_yen": find("fee_rule", certificate=certificate)["yen"],
    }

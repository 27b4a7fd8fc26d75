"""An intake as an officer reviews it: what was notified, the present records beside it, and what stands in the way."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from cloud import newcomers
from cloud.clock import day_in_tokyo
from cloud.contract import Row
from cloud.households import members_of, present_row, restrictions
from cloud.office.naming import named_in
from cloud.office.notified import HIDDEN, Group, groups_of
from cloud.office.people import names_sheltered
from cloud.office.row_case import Given, RowCase, RowForm, Typed
from cloud.office.row_forms import given_rows, row_forms
from cloud.payloads.base import Request
from cloud.payloads.kinds import REQUESTS, read_kept
from cloud.payloads.todoke import Tenkyo
from cloud.register import Register
from cloud.residents import shown_name
from cloud.tenant import Tenant

_MUST_BE_UNMOVED = frozenset(("todoke.tenkyo", "todoke.tenshutsu", "todoke.death"))


@dataclass(frozen=True, slots=True)
class Concerned:
    """One of those an intake is about, as the register has the person now."""

    atena_no: str
    name: str
    address: str = field(repr=False)
    relationship: str
    status: str
    base: int | None  # the 履歴番号 the counter saw
    history_no: int

    @property
    def moved_on(self) -> bool:
        """Tell whether the record changed since the intake was taken."""
        return self.base is not None and self.base != self.history_no


@dataclass(frozen=True, slots=True)
class Review:
    """An intake, ready to be decided."""

    case: Mapping[str, object] = field(repr=False)
    groups: Sequence[Group] = field(repr=False)  # what was notified
    people: Sequence[Concerned]
    waiting: Sequence[str] = field(repr=False)  # names of those who have no number yet
    given: Sequence[tuple[str, str]] = field(repr=False)  # name and number of those who got one
    staying: Sequence[str] = field(repr=False)  # names of those of the household who do not move
    need_relationship: Sequence[Concerned]
    forms: Sequence[RowForm] = field(repr=False)  # what the officer fills in to register it
    leases: Sequence[Mapping[str, object]]  # who else edits one of them
    blocks: Sequence[Row] = field(repr=False)
    shien_sochi: Sequence[Row] = field(repr=False)
    is_sheltered: bool
    has_image: bool

    @property
    def is_open(self) -> bool:
        """Tell whether it may still be decided."""
        return self.case["state"] in {"received", "reviewing"}

    @property
    def is_outdated(self) -> bool:
        """Tell whether a record has moved on since, which keeps it from being registered."""
        must_stand = self.case["kind"] in _MUST_BE_UNMOVED
        return self.is_open and must_stand and any(one.moved_on for one in self.people)


def review(tenant: Tenant, key: str, by: str, *, show_places: bool = False) -> Review:
    """Return an intake for review; places of sheltered people only where an officer asked to see them."""
    case = tenant.office.intake(key)
    payload, base = _mapping(case["payload"]), _mapping(case["base"])
    register, request = tenant.register, request_of(case)
    with register.reading() as connection:
        numbers = {
            one: newcomers.number_of(connection, register.municipality, one) for one in request.persons
        }
        rows = [row for one in numbers.values() if one and (row := present_row(register, connection, one))]
        home = str(rows[0]["household_no"]) if rows else None
        known = [str(row["atena_no"]) for row in rows]
        found = restrictions(register, connection, home, known)
        # By what it names and by where its people are: one who comes back is told of by the number of before.
        is_hidden = names_sheltered(register, connection, [payload, known])
        hide = is_hidden and not show_places
        named = named_in(register, connection, request)
        people = [_concerned(row, base, hidden=hide) for row in rows]
        staying, needed = _parted(register, connection, request, people, home)
        me = _holder(register, connection, by)
        return Review(
            case=case,
            groups=groups_of(str(case["kind"]), payload, named, hide=hide),
            people=people,
            waiting=[named[one] for one, number in numbers.items() if not number],
            given=[(named[one], str(number)) for one, number in _mapping(case.get("provisional")).items()],
            staying=staying,
            need_relationship=needed,
            forms=row_forms(_row_case(tenant, connection, request, payload)),
            leases=[one for one in tenant.leases.standing(connection, known) if _told(one) != me],
            blocks=found["blocks"],
            shien_sochi=found["shien_sochi"],
            is_sheltered=is_hidden,
            has_image=bool(payload.get("image")),
        )


def given(tenant: Tenant, key: str, typed: Typed) -> list[Given]:
    """Return the rows an officer typed to register an intake; none for a kind whose rows are written by rule."""
    case = tenant.office.intake(key)
    with tenant.register.reading() as connection:
        rows = _row_case(tenant, connection, request_of(case), _mapping(case["payload"]))
        return given_rows(rows, typed)


def seal_image(tenant: Tenant, key: str) -> str:
    """Return the image of a seal that was taken in, in base64; empty where there is none."""
    return str(_mapping(tenant.office.intake(key)["payload"]).get("image", ""))


def request_of(case: Mapping[str, object]) -> Request:
    """Return what was notified, as it was kept."""
    return read_kept(REQUESTS[str(case["kind"])], json.dumps(case["payload"]))


def _row_case(
    tenant: Tenant, connection: sa.Connection, request: Request, payload: Mapping[str, object]
) -> RowCase:
    return RowCase(tenant.register, connection, request, payload, day_in_tokyo(tenant.now()))


def _concerned(row: Mapping[str, object], base: Mapping[str, object], *, hidden: bool) -> Concerned:
    number, place = str(row["atena_no"]), f"{row.get('address_town', '')}{row.get('address_banchi', '')}"
    if row.get("address_katagaki"):
        place += f"　{row['address_katagaki']}"
    seen = base.get(number)
    return Concerned(
        atena_no=number,
        name=shown_name(row),
        address=HIDDEN if hidden else place,
        relationship=str(row.get("relationship", "")),
        status=str(row["status"]),
        base=seen if isinstance(seen, int) else None,
        history_no=int(str(row["history_no"])),
    )


def _parted(
    register: Register,
    connection: sa.Connection,
    request: Request,
    people: Sequence[Concerned],
    home: str | None,
) -> tuple[list[str], list[Concerned]]:
    """Return who stays, and of whom a 続柄 to the new householder is asked: only where part of a household moves."""
    if not isinstance(request, Tenkyo):
        return [], []
    members = members_of(register, connection, home) if home else []
    moving = {one.atena_no for one in people}
    staying = [shown_name(row) for row in members if row["atena_no"] not in moving]
    needed = [one for one in people if one.atena_no != request.subject]
    return staying, needed if staying else []


def _holder(register: Register, connection: sa.Connection, staff_id: str) -> tuple[object, object]:
    row = register.row(connection, "staff_member", (staff_id,)) or {}
    return row.get("name", staff_id), ""


def _told(lease: Mapping[str, object]) -> tuple[object, object]:
    return lease["by"], lease["terminal"]


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}

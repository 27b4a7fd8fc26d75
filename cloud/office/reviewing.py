"""An intake as an officer reviews it: what was notified, the present records beside it, and what stands in the way."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from cloud.contract import Row
from cloud.households import members_of, present_row, restrictions
from cloud.office.decisions import Office
from cloud.office.people import is_sheltered, names_of
from cloud.office.texts import texts, word
from cloud.payloads.base import Request
from cloud.payloads.kinds import REQUESTS, read_kept
from cloud.payloads.todoke import Tenkyo
from cloud.register import Register
from cloud.residents import shown_name

HIDDEN = "（支援措置のため非表示）"
_PLACES = frozenset(("to", "from", "address", "town", "banchi", "katagaki", "postcode"))


@dataclass(frozen=True, slots=True)
class Concerned:
    """One of those an intake is about, as the register has the person now."""

    atena_no: str
    name: str
    address: str = field(repr=False)
    relationship: str
    base: int | None  # the 履歴番号 the counter saw
    history_no: int

    @property
    def moved_on(self) -> bool:
        """Tell whether the record changed since the intake was taken."""
        return self.base != self.history_no


@dataclass(frozen=True, slots=True)
class Review:
    """An intake, ready to be decided."""

    case: Mapping[str, object] = field(repr=False)
    lines: Sequence[tuple[str, str]] = field(repr=False)  # what was notified, a label and a value each
    people: Sequence[Concerned]
    staying: Sequence[str] = field(repr=False)  # names of those of the household who do not move
    need_relationship: Sequence[Concerned]
    blocks: Sequence[Row] = field(repr=False)
    shien_sochi: Sequence[Row] = field(repr=False)
    is_sheltered: bool

    @property
    def is_open(self) -> bool:
        """Tell whether it may still be decided."""
        return self.case["state"] in {"received", "reviewing"}


def review(office: Office, register: Register, key: str, *, show_places: bool = False) -> Review:
    """Return an intake for review; places of sheltered people only where an officer asked to see them."""
    case = office.intake(key)
    payload, base = _mapping(case["payload"]), _mapping(case["base"])
    request = read_kept(REQUESTS[str(case["kind"])], json.dumps(payload))
    with register.reading() as connection:
        numbers = list(dict.fromkeys([str(case["atena_no"]), *map(str, base)]))
        rows = [row for one in numbers if (row := present_row(register, connection, one))]
        home = str(rows[0]["household_no"]) if rows else None
        found = restrictions(register, connection, home, numbers)
        hidden = any(is_sheltered(register, connection, row) for row in rows)
        people = [_concerned(row, base, hidden=hidden and not show_places) for row in rows]
        staying, needed = _parted(register, connection, request, people, home)
        named = names_of(register, connection, [*numbers, *request.persons])
    return Review(
        case=case,
        lines=list(_lines(payload, named, hide=hidden and not show_places)),
        people=people,
        staying=staying,
        need_relationship=needed,
        blocks=found["blocks"],
        shien_sochi=found["shien_sochi"],
        is_sheltered=hidden,
    )


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
    staying = [shown_name(row) for row in members if row["atena_no"] not in request.persons]
    needed = [one for one in people if one.atena_no in request.persons and one.atena_no != request.subject]
    return staying, needed if staying else []


def _lines(
    payload: Mapping[str, object], named: Mapping[str, str], *, hide: bool
) -> Iterator[tuple[str, str]]:
    for name, value in payload.items():
        if hide and name in _PLACES:
            yield _label(name), HIDDEN
        elif isinstance(value, Mapping):
            for label, inner in _lines(value, named, hide=hide):
                yield f"{word('field', name)}：{label}", inner
        else:
            yield _label(name), _text(value, named)


def _label(name: str) -> str:
    return texts()["notified"].get(name) or word("field", name)


def _text(value: object, named: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, list):
        return "、".join(_text(one, named) for one in value)
    text = "" if value is None else str(value)
    return f"{named[text]}（{text}）" if text in named else text


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}

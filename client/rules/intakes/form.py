"""What a form is: the questions of one notification, and how the answers become what is sent."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Any

from client.domain.calendar import TOKYO, parse_day
from client.domain.change import ChangeKind
from client.domain.errors import RefusedError
from client.domain.forbidden_numbers import holds_forbidden_number
from client.domain.intake import Ask, Entry, Field, Intake, is_newcomer
from client.domain.letters import length
from client.domain.resident import AtenaNo

WITHIN = timedelta(days=14)  # 住基法 第22条〜第25条, 国民健康保険法施行規則 第2条〜第13条
LATE = "intake.late"  # 「14日を過ぎています」
_LONGEST, _MOST_CODE_POINTS = 120, 200  # letters as a person counts them; what the contract takes of a text
_LONGEST_OF_LONG = 2000
_PHONE = re.compile(r"\+?[0-9][0-9-]{4,18}[0-9]")
_ATENA_NO = re.compile(r"[0-9]{1,15}")
_TIME = re.compile(r"([0-9]{1,2})[:時]?([0-9]{2})分?")
_YEAR = re.compile(r"(?:R|令和)?\s*([0-9]{1,4})\s*(?:年度?)?", re.I)
_FIRST_OF_REIWA, _TWO_DIGITS = 2018, 100
Payload = dict[str, object]
Value = str | bool | int | bytes | date | time


class Who(Enum):
    """Whom a form is about."""

    ONE = "one"  # the resident at the window
    MEMBERS = "members"  # some of the household
    MORE = "more"  # the resident, and members besides
    NEWCOMERS = "newcomers"  # people without 宛名番号
    ANYBODY = "anybody"  # the resident at the window, or nobody the register knows


def _late(form: "Form", payload: Payload) -> tuple[str, ...]:
    if not form.day or form.within is None:
        return ()
    return (LATE,) if is_late(form, day_of(payload, form.day), day_of(payload, "todoke_date")) else ()


def _nothing(_entry: Entry, _payload: Payload) -> None:
    return None


def _no_warning(_entry: Entry, _payload: Payload, _today: date) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Form:
    """A notification: whom it is about, what is asked, how the answers are laid out, and what the law says to them.

    ``lay`` completes the payload; ``check`` refuses what the law does not allow and returns what only warns. Two of one
    kind for one person are the same one told twice where ``event`` is the same in both: the pieces of the payload that
    tell one from another; with ``once``, while the first is not decided, whatever they say.
    """

    name: str
    kind: ChangeKind
    who: Who
    fields: Callable[[Entry], tuple[Field, ...]]
    lay: Callable[[Entry, Payload], None] = _nothing
    check: Callable[[Entry, Payload, date], tuple[str, ...]] = _no_warning
    event: tuple[str, ...] = ()
    once: bool = True
    day: str = ""  # the field with the day it happens, where there is one
    within: timedelta | None = None  # of that day it is to be filed

    @property
    def needs_resident(self) -> bool:
        """Tell whether somebody of the register must stand at the window."""
        return self.who not in {Who.NEWCOMERS, Who.ANYBODY}


def gaps(form: Form, entry: Entry) -> tuple[str, ...]:
    """Return the fields that are missing or cannot be read, in the order of the form."""
    wrong = [field.name for field in form.fields(entry) if _is_wrong(field, entry)]
    return (*wrong, *(() if parse_day(entry.todoke) else ("todoke_date",)))


def forbidden(form: Form, entry: Entry) -> str | None:
    """Return the first field, of those for words, that holds a 個人番号 or 住民票コード."""
    words = (one for one in form.fields(entry) if one.ask in {Ask.TEXT, Ask.LONG, Ask.SEALED})
    return next((one.name for one in words if holds_forbidden_number(entry.value(one.name))), None)


def read(form: Form, entry: Entry, today: date) -> Intake:
    """Read an entry. RefusedError ``refused.input``, ``.forbidden_number``, ``.date``, ``.not_resident``, by field."""
    if name := forbidden(form, entry):
        raise RefusedError("refused.forbidden_number", field=name)
    if missing := gaps(form, entry):
        raise RefusedError("refused.input", field=missing[0])
    todoke_date = parse_day(entry.todoke)
    if todoke_date is None or todoke_date > today:
        raise RefusedError("refused.date", field="todoke_date")
    payload = _payload(form, entry, todoke_date, today)
    form.lay(entry, payload)
    warnings = (*_late(form, payload), *form.check(entry, payload, today))
    subject, persons = AtenaNo(str(payload["subject"])), _persons(payload)
    return Intake(
        form=form.name,
        kind=form.kind,
        subject=subject,
        persons=persons,
        base=_base(entry, persons),
        todoke_date=todoke_date,
        payload=payload,
        household=entry.household,
        warnings=warnings,
    )


def part(payload: Payload, name: str) -> Payload:
    """Return a piece of a payload that has pieces of its own; TypeError where a form laid something else there."""
    found = payload[name]
    if not isinstance(found, dict):
        raise TypeError(f"{name} has no pieces")
    return found


def listed(payload: Payload, name: str) -> list[Any]:
    """Return a list of a payload; TypeError where a form laid something else there."""
    found = payload[name]
    if not isinstance(found, list):
        raise TypeError(f"{name} is no list")
    return found


def day_of(payload: Mapping[str, object], name: str) -> date:
    """Return a day of a payload."""
    return date.fromisoformat(str(payload[name]))


def is_late(form: Form, happened: date, filed: date) -> bool:
    """Tell whether the days in which it is to be filed are over."""
    return form.within is not None and filed - happened > form.within


def fiscal_year(typed: str) -> int | None:
    """Read a fiscal year: 令和8年度, R8, 8 or 2026."""
    found = _YEAR.fullmatch(unicodedata.normalize("NFKC", typed).strip())
    if found is None:
        return None
    year = int(found[1])
    year = year + _FIRST_OF_REIWA if 0 < year < _TWO_DIGITS else year
    return year if _FIRST_OF_REIWA - 100 < year < _FIRST_OF_REIWA + 100 else None


def clock_time(typed: str) -> time | None:
    """Read a time of the day: 14:05, 1405, 14時05分."""
    found = _TIME.fullmatch(unicodedata.normalize("NFKC", typed).replace(" ", ""))
    try:
        return time(int(found[1]), int(found[2])) if found else None
    except ValueError:
        return None


def value_of(field: Field, typed: str) -> Value | None:
    """Return what was typed as what the field asks for; None where it cannot be read as that."""
    if field.ask is Ask.CHOICE:
        return typed if typed in field.choices else None
    return _READERS.get(field.ask, _text)(typed)


def _text(typed: str) -> str | None:
    short = length(typed) <= _LONGEST and len(typed) <= _MOST_CODE_POINTS
    return typed if short and _is_written(typed) else None


def _long_text(typed: str) -> str | None:
    lines = typed.replace("\n", "").replace("\t", "")
    return typed if len(typed) <= _LONGEST_OF_LONG and _is_written(lines) else None


def _phone(typed: str) -> str | None:
    number = unicodedata.normalize("NFKC", typed).replace(" ", "")
    return number if _PHONE.fullmatch(number) else None


def _resident(typed: str) -> str | None:
    number = unicodedata.normalize("NFKC", typed)
    return number if _ATENA_NO.fullmatch(number) else None


def _is_written(text: str) -> bool:
    return all(letter.isprintable() or letter == "　" for letter in text)


_READERS: Mapping[Ask, Callable[[str], Value | None]] = MappingProxyType(
    {
        Ask.DAY: parse_day,
        Ask.TIME: clock_time,
        Ask.YEAR: fiscal_year,
        Ask.CHECK: bool,
        Ask.PHONE: _phone,
        Ask.RESIDENT: _resident,
        Ask.LONG: _long_text,
        Ask.SEALED: _long_text,
    }
)


def _is_wrong(field: Field, entry: Entry) -> bool:
    if field.ask in {Ask.NUMBER, Ask.SEALED} and field.name in entry.sealed:
        return False
    typed = entry.value(field.name)
    if not typed:
        return field.needed and field.ask is not Ask.CHECK
    if field.ask is Ask.NUMBER:
        return True  # typed and not sealed: it is no such number
    return value_of(field, typed) is None


def _payload(form: Form, entry: Entry, todoke_date: date, today: date) -> Payload:
    payload: Payload = {**_who(form, entry), "todoke_date": todoke_date.isoformat()}
    payload["filer"] = entry.filer.value
    for field in form.fields(entry):
        if field.ask in {Ask.NUMBER, Ask.SEALED}:
            continue  # what was sealed is laid by the form: it alone knows where it belongs
        typed = entry.value(field.name)
        if not typed and field.ask is not Ask.CHECK:
            continue
        value = value_of(field, typed)
        if isinstance(value, date):
            if value > today and not field.ahead:
                raise RefusedError("refused.date", field=field.name)
            if field.name == form.day and value > todoke_date and not field.ahead:
                raise RefusedError("refused.date", field="todoke_date")
            value = value.isoformat()
        if isinstance(value, time):
            moment = datetime.combine(todoke_date, value, TOKYO).astimezone(UTC)
            value = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        _put(payload, field.name, value)
    return payload


def _who(form: Form, entry: Entry) -> Payload:
    """Return subject and members. RefusedError ``refused.not_resident`` where one does not live there."""
    if form.who is Who.NEWCOMERS or (form.who is Who.ANYBODY and entry.subject is None):
        if not entry.newcomers:
            raise RefusedError("refused.input", field="members")
        return {"subject": entry.newcomers[0]}
    living = {member.atena_no for member in entry.household.living} if entry.household else set()
    subject, members = entry.subject, tuple(dict.fromkeys(entry.members))
    if subject is None or not {subject, *members} <= living:
        raise RefusedError("refused.not_resident")
    if form.who is Who.MEMBERS:
        if not members:
            raise RefusedError("refused.input", field="members")
        return {"subject": subject, "members": list(members)}
    if form.who is Who.MORE:
        return {"subject": subject, "members": [one for one in members if one != subject]}
    return {"subject": subject}


def _put(payload: Payload, name: str, value: object) -> None:
    *inside, last = name.split(".")
    here = payload
    for piece in inside:
        here.setdefault(piece, {})
        here = part(here, piece)
    here[last] = value


def _persons(payload: Payload) -> tuple[AtenaNo, ...]:
    """Return everybody a payload is about, the subject first: whoever this waits for, and who waits for it."""
    members = payload.get("members")
    listed = members if isinstance(members, list) else []
    numbers = [one["id"] if isinstance(one, dict) else one for one in listed]
    return tuple(dict.fromkeys(AtenaNo(str(one)) for one in (payload["subject"], *numbers)))


def _base(entry: Entry, persons: tuple[AtenaNo, ...]) -> dict[AtenaNo, int]:
    """Return the version of each record that the clerk saw; of a newcomer there is none."""
    members = entry.household.members if entry.household else ()
    seen = {member.atena_no: member.history_no for member in members}
    return {number: seen[number] for number in persons if not is_newcomer(number) and number in seen}

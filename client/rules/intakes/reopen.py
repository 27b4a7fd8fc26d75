"""What was taken in, laid back into its form to be written anew: all of it that may still be read here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from client.domain.calendar import TOKYO, wareki
from client.domain.change import ChangeKind
from client.domain.intake import Ask, Entry, Field, Filer, is_newcomer
from client.domain.resident import AtenaNo, Household
from client.rules.intakes import ALL, household
from client.rules.intakes.form import Form

_SEALED = "_sealed"
_DEEP = 3  # what is asked depends on what was answered before, so often
Payload = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reopened:
    """A form as it was filled in; ``asked_anew`` names what was sealed to the cloud, which nobody here can read."""

    form: Form
    members: tuple[AtenaNo, ...]
    newcomers: tuple[AtenaNo, ...]
    values: Mapping[str, str] = field(repr=False)
    todoke: str = ""
    filer: Filer = Filer.SELF
    asked_anew: tuple[str, ...] = ()
    attachments: int = 0  # that go on lying beside it


def form_of(kind: ChangeKind, payload: Payload) -> Form:
    """Return the form a payload was filled in on."""
    if kind is ChangeKind.SETAI_HENKO:
        return household.NUSHI if payload.get("what") == household.NUSHI_HENKO else household.SETAI_HENKO
    return next(form for form in ALL if form.kind is kind)


def joined_home(kind: ChangeKind, payload: Payload) -> str:
    """Return the household that newcomers join, by its number; empty where they make one of their own."""
    return str(payload.get("joins") or "") if kind is ChangeKind.TENNYU else ""


def with_new_ids(payload: Payload, new_id: Callable[[], AtenaNo]) -> tuple[Payload, Mapping[str, AtenaNo]]:
    """Return a payload whose newcomers have ids of their own: the register has told the old ones from everybody else."""
    told = payload.get("members")
    members = told if isinstance(told, list | tuple) else []
    people = [str(one["id"]) for one in members if isinstance(one, Mapping)]
    subject = str(payload.get("subject", ""))
    ids = {one: new_id() for one in dict.fromkeys((*people, *((subject,) if is_newcomer(subject) else ())))}
    renamed = [{**one, "id": ids[str(one["id"])]} if isinstance(one, Mapping) else one for one in members]
    new: dict[str, object] = {**payload, "subject": ids.get(subject, subject)}
    return (new | {"members": renamed} if members else new), ids


def reopen(
    kind: ChangeKind, payload: Payload, home: Household | None, new_id: Callable[[], AtenaNo]
) -> Reopened:
    """Return the form of a payload filled in with it, over the household as it is now."""
    form = form_of(kind, payload)
    payload, ids = with_new_ids(payload, new_id)
    flat = dict(_pieces(payload))
    members = payload.get("members")
    numbers = [one for one in members if isinstance(one, str)] if isinstance(members, list) else []
    entry = Entry(home, None, tuple(map(AtenaNo, numbers)), newcomers=tuple(ids.values()))
    values: dict[str, str] = {}
    for _ in range(_DEEP):
        asked = form.fields(Entry(home, None, entry.members, values, newcomers=entry.newcomers))
        values = {one.name: _typed(one, flat[one.name]) for one in asked if one.name in flat}
    beside = payload.get("attachments")
    return Reopened(
        form=form,
        members=entry.members,
        newcomers=entry.newcomers,
        values=values,
        todoke=_day(payload["todoke_date"]),
        filer=Filer(str(payload["filer"])),
        asked_anew=tuple(name.removesuffix(_SEALED) for name in flat if name.endswith(_SEALED)),
        attachments=len(beside) if isinstance(beside, list | tuple) else 0,
    )


def _pieces(payload: Payload, within: str = "") -> Iterator[tuple[str, object]]:
    """Yield what a payload says by the names of fields: pieces with dots between, of people after their ids."""
    for name, value in payload.items():
        if isinstance(value, Mapping):
            yield from _pieces(value, f"{within}{name}.")
        elif isinstance(value, list | tuple):
            for one in value:
                if isinstance(one, Mapping) and "id" in one:
                    yield from _pieces(one, f"{one['id']}.")
        else:
            yield f"{within}{name}", value


def _typed(field: Field, value: object) -> str:
    """Return a piece as a clerk would type it."""
    match field.ask:
        case Ask.CHECK:
            return "1" if value else ""
        case Ask.DAY:
            return _day(value)
        case Ask.TIME:
            return f"{datetime.fromisoformat(str(value)).astimezone(TOKYO):%H:%M}"
        case _:
            return str(value)


def _day(value: object) -> str:
    return wareki(date.fromisoformat(str(value)))

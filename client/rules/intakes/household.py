"""世帯変更: how people stand to one another from a day on (住基法 第25条; [STD j720, j730])."""

from datetime import date

from client.domain.change import ChangeKind
from client.domain.errors import RefusedError
from client.domain.intake import Ask, Entry, Field
from client.domain.resident import Resident
from client.rules.intakes.form import WITHIN, Form, Payload, Who, listed
from client.rules.relationships import HOUSEHOLDER, is_lawful, written

BUNRI, GAPPEI, HENKO, NUSHI_HENKO = "bunri", "gappei", "henko", "nushi_henko"


def _living(entry: Entry) -> tuple[Resident, ...]:
    return entry.household.living if entry.household else ()


def _relations(entry: Entry) -> tuple[Field, ...]:
    """Ask how each of the household stands to the householder from now on; empty is as it was."""
    return tuple(
        Field(f"relationships.{one.atena_no}", Ask.TEXT, said="relationship", of=one.atena_no)
        for one in _living(entry)
    )


def _householder(entry: Entry, *, needed: bool) -> Field:
    numbers = tuple(one.atena_no for one in _living(entry))
    return Field("householder", Ask.CHOICE, needed=needed, choices=numbers)


def _setai_fields(entry: Entry) -> tuple[Field, ...]:
    what = entry.value("what")
    return (
        Field(
            "what", Ask.CHOICE, needed=True, choices=(BUNRI, GAPPEI, HENKO), said="setai_what", default=BUNRI
        ),
        *((Field("joins", Ask.RESIDENT, needed=True, said="joins_no"),) if what == GAPPEI else ()),
        *((_householder(entry, needed=True),) if what == BUNRI else ()),
        Field("ido_date", Ask.DAY, needed=True, said="setai_date"),
        *_relations(entry),
    )


def _nushi_fields(entry: Entry) -> tuple[Field, ...]:
    return (
        _householder(entry, needed=True),
        Field("ido_date", Ask.DAY, needed=True, said="setai_date"),
        *_relations(entry),
    )


def _nushi_lay(entry: Entry, payload: Payload) -> None:
    payload["what"] = NUSHI_HENKO
    payload["members"] = [one.atena_no for one in _living(entry)]


def _check(entry: Entry, payload: Payload, _today: date) -> tuple[str, ...]:
    told = payload.get("relationships")
    relations = told if isinstance(told, dict) else {}
    for number, text in relations.items():
        if not is_lawful(str(text)):
            raise RefusedError("refused.relationship", field=f"relationships.{number}")
        relations[number] = written(str(text))
    _one_householder(entry, payload, relations)
    return ()


def _one_householder(entry: Entry, payload: Payload, relations: dict[str, object]) -> None:
    """Refuse two householders, one who is not on it, and a new one whose housemates stand to the old one."""
    chosen = payload.get("householder")
    members = listed(payload, "members")
    if chosen is None:
        heads = [number for number, text in relations.items() if text == HOUSEHOLDER]
        if heads:
            raise RefusedError("refused.householder", field=f"relationships.{heads[0]}")
        return
    if chosen not in members:
        raise RefusedError("refused.householder", field="householder")
    if payload["what"] == NUSHI_HENKO:
        was = next((one.atena_no for one in _living(entry) if one.relationship == HOUSEHOLDER), None)
        if was == chosen:
            raise RefusedError("refused.householder", field="householder")
    for number in members:
        text = relations.get(number)
        if number == chosen:
            if text not in {None, HOUSEHOLDER}:
                raise RefusedError("refused.householder", field=f"relationships.{number}")
            relations.pop(number, None)
        elif text is None or text == HOUSEHOLDER:
            raise RefusedError("refused.householder", field=f"relationships.{number}")


SETAI_HENKO = Form(
    "setai",
    ChangeKind.SETAI_HENKO,
    Who.MEMBERS,
    _setai_fields,
    check=_check,
    event=("what", "ido_date"),
    day="ido_date",
    within=WITHIN,
)
NUSHI = Form(
    "nushi",
    ChangeKind.SETAI_HENKO,
    Who.MEMBERS,
    _nushi_fields,
    _nushi_lay,
    _check,
    event=("what", "ido_date"),
    day="ido_date",
    within=WITHIN,
)

"""印鑑登録: asked for, ended, its card lost; the office alone decides what is registered (印鑑登録証明事務処理要領)."""

from datetime import date

from client.domain.change import ChangeKind
from client.domain.errors import RefusedError
from client.domain.intake import Ask, Entry, Field
from client.domain.resident import Resident
from client.rules.ages import Holds, is_of_age
from client.rules.intakes.form import Form, Payload, Who

_FROM_AGE = 15
NAME_IS_OTHER = "intake.seal_name"  # not the name of the record: the office looks at it


def _register_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("registered_name", Ask.TEXT, needed=True),
        Field(
            "identity",
            Ask.CHOICE,
            needed=True,
            choices=("photo", "guarantor", "inquiry"),
            said="seal_identity",
        ),
        Field("proxy", Ask.CHECK),
    )


def _register_check(entry: Entry, payload: Payload, today: date) -> tuple[str, ...]:
    one = _resident(entry)
    if one is None:
        raise RefusedError("refused.not_resident")
    if is_of_age(one.birth, _FROM_AGE, today) is Holds.NO:
        raise RefusedError("refused.under_15")
    return () if str(payload["registered_name"]) in _names(one) else (NAME_IS_OTHER,)


def _resident(entry: Entry) -> Resident | None:
    return entry.household.member(entry.subject) if entry.household and entry.subject else None


def _names(one: Resident) -> frozenset[str]:
    """Return what a seal may show: the names of the record, whole."""
    others = [name.text for name in (one.former_surname, one.tsusho) if name]
    return frozenset(filter(None, (one.name.text, one.latin_name, *others)))


REGISTER = Form(
    "seal_register",
    ChangeKind.SEAL_REGISTER,
    Who.ONE,
    _register_fields,
    check=_register_check,
)


def _end_fields(_entry: Entry) -> tuple[Field, ...]:
    return (Field("registration_no", Ask.TEXT), Field("proxy", Ask.CHECK))


ABOLISH = Form("seal_abolish", ChangeKind.SEAL_ABOLISH, Who.ONE, _end_fields)
CARD_LOST = Form("seal_card_lost", ChangeKind.SEAL_CARD_LOST, Who.ONE, _end_fields)

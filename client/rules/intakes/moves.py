"""転居, 転出, 転入: who moves where, and when (住基法 第22条〜第24条; [STD j590, j640])."""

from datetime import date

from client.domain.change import ChangeKind
from client.domain.errors import RefusedError
from client.domain.intake import Ask, Entry, Field
from client.domain.resident import Address
from client.rules.intakes.form import WITHIN, Form, Payload, Who, day_of, listed, part
from client.rules.relationships import HOUSEHOLDER, is_lawful, written

HOUSEHOLDER_LEAVES = "intake.householder_leaves"  # who stays needs another one [STD j490]
LEFT_LONG_AGO = "intake.left_long_ago"  # over 14 days: the office records it of its own motion [STD j640]
AZUKARI = "intake.azukari"  # kept, not accepted, until the data of the card have come
CARD, ABROAD, PAPER = "card", "abroad", "paper"
_FOREIGN = "foreign"

PLACE = (
    Field("to.town", Ask.TEXT, needed=True),
    Field("to.banchi", Ask.TEXT, needed=True),
    Field("to.katagaki", Ask.TEXT),
    Field("to.postcode", Ask.TEXT),
)


def _tenkyo_fields(_entry: Entry) -> tuple[Field, ...]:
    return (*PLACE, Field("ido_date", Ask.DAY, needed=True))


def _tenkyo_lay(entry: Entry, payload: Payload) -> None:
    _subject_moves(entry, payload)
    to = part(payload, "to")
    to.setdefault("katagaki", "")
    payload["whole_household"] = entry.whole_household


def _tenkyo_check(entry: Entry, payload: Payload, _today: date) -> tuple[str, ...]:
    _refuse_same_place(entry, payload)
    return _who_stays(entry)


TENKYO = Form(
    "tenkyo",
    ChangeKind.TENKYO,
    Who.MEMBERS,
    _tenkyo_fields,
    _tenkyo_lay,
    _tenkyo_check,
    event=("ido_date", "to"),
    day="ido_date",
    within=WITHIN,
)


def _tenshutsu_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("to", Ask.TEXT, needed=True, said="tenshutsu_to"),
        Field("abroad", Ask.CHECK),
        Field("planned", Ask.DAY, needed=True, ahead=True),
        Field("by_card", Ask.CHECK),
    )


def _tenshutsu_lay(entry: Entry, payload: Payload) -> None:
    _subject_moves(entry, payload)
    payload["whole_household"] = entry.whole_household


def _tenshutsu_check(entry: Entry, payload: Payload, _today: date) -> tuple[str, ...]:
    over = day_of(payload, "todoke_date") - day_of(payload, "planned") > WITHIN
    return (*((LEFT_LONG_AGO,) if over else ()), *_who_stays(entry))


TENSHUTSU = Form(
    "tenshutsu",
    ChangeKind.TENSHUTSU,
    Who.MEMBERS,
    _tenshutsu_fields,
    _tenshutsu_lay,
    _tenshutsu_check,
    event=("planned",),
    day="planned",
)


def _tennyu_fields(entry: Entry) -> tuple[Field, ...]:
    return (
        Field("certificate", Ask.CHOICE, needed=True, choices=(PAPER, CARD, ABROAD), default=PAPER),
        *_paper(entry),
        Field("from", Ask.TEXT, needed=True, said="tennyu_from"),
        Field("from_householder", Ask.TEXT),
        Field("whole_household", Ask.CHECK, said="from_whole_household", default="1"),
        *PLACE,
        Field("ido_date", Ask.DAY, needed=True, said="tennyu_date"),
        *((Field("joins", Ask.CHECK),) if entry.household else ()),
        *(field for number in entry.newcomers for field in newcomer_fields(entry, number)),
    )


def _paper(entry: Entry) -> tuple[Field, ...]:
    if entry.value("certificate") != PAPER:
        return ()
    return (
        Field("tenshutsu_certificate.town", Ask.TEXT),
        Field("tenshutsu_certificate.number", Ask.TEXT, said="certificate_number"),
        Field("tenshutsu_certificate.issued", Ask.DAY, said="certificate_issued"),
    )


def newcomer_fields(entry: Entry, number: str) -> tuple[Field, ...]:
    """Return what is asked of somebody who comes into the register (住基法 第7条, 第30条の45)."""
    foreign = entry.value(f"{number}.kind") == _FOREIGN

    def asked(
        name: str,
        ask: Ask = Ask.TEXT,
        *,
        needed: bool = False,
        ahead: bool = False,
        choices: tuple[str, ...] = (),
    ) -> Field:
        first = choices[0] if choices and name == "kind" else ""
        at = f"{number}.{name}"
        return Field(at, ask, needed, choices, ahead=ahead, of=number, default=first)

    of_japanese = (
        asked("former_name"),
        asked("former_name_furigana"),
        asked("honseki", needed=True),
        asked("hittosha", needed=True),
    )
    of_foreigner = (
        asked("latin_name", needed=True),
        asked("common_name"),
        asked("common_name_furigana"),
        asked("nationality", needed=True),
        asked("foreigner_category"),
        asked("residence_status"),
        asked("residence_period"),
        asked("residence_until", Ask.DAY, ahead=True),
        asked("residence_card_no"),
    )
    return (
        asked("kind", Ask.CHOICE, needed=True, choices=("japanese", _FOREIGN)),
        asked("full_name", needed=not foreign),
        asked("furigana", needed=not foreign),
        asked("birth_date", Ask.DAY, needed=True),
        asked("sex", Ask.CHOICE, needed=True, choices=("男", "女")),
        asked("relationship", needed=True),
        *(of_foreigner if foreign else of_japanese),
        asked("former", Ask.RESIDENT),
        asked("mynumber", Ask.NUMBER),
        asked("juminhyo_code", Ask.NUMBER),
    )


def _tennyu_lay(entry: Entry, payload: Payload) -> None:
    payload["members"] = [_newcomer(entry, payload, number) for number in entry.newcomers]
    payload["azukari"] = payload["certificate"] == CARD
    if payload.pop("joins", False) and entry.household is not None:
        payload["joins"] = entry.household.household_no
    certificate = payload.get("tenshutsu_certificate")
    if isinstance(certificate, dict) and "town" not in certificate:
        raise RefusedError("refused.input", field="tenshutsu_certificate.town")


def _newcomer(entry: Entry, payload: Payload, number: str) -> Payload:
    answers = part(payload, number)
    del payload[number]
    if not is_lawful(str(answers["relationship"])):
        raise RefusedError("refused.relationship", field=f"{number}.relationship")
    sealed = {
        f"{name}_sealed": entry.sealed[f"{number}.{name}"]
        for name in ("mynumber", "juminhyo_code")
        if f"{number}.{name}" in entry.sealed
    }
    written_as = written(str(answers["relationship"]))
    return {"id": number, **answers, "relationship": written_as, **sealed}


def _tennyu_check(entry: Entry, payload: Payload, _today: date) -> tuple[str, ...]:
    for number in entry.newcomers:
        _refuse_born_later(number, payload)
    if not payload.get("joins"):
        _refuse_heads(payload, 1)
    else:
        _refuse_heads(payload, 0)
    return (AZUKARI,) if payload["azukari"] else ()


TENNYU = Form(
    "tennyu",
    ChangeKind.TENNYU,
    Who.NEWCOMERS,
    _tennyu_fields,
    _tennyu_lay,
    _tennyu_check,
    event=("ido_date", "to"),
    once=False,
    day="ido_date",
    within=WITHIN,
)


def _subject_moves(entry: Entry, payload: Payload) -> None:
    """Put a mover at the head: who heads a new household is one of those who move."""
    if entry.subject not in entry.members:
        payload["subject"] = entry.members[0]


def _who_stays(entry: Entry) -> tuple[str, ...]:
    """Return the warning that the householder leaves and others stay [STD j490]."""
    living = entry.household.living if entry.household else ()
    stay = [member for member in living if member.atena_no not in entry.members]
    leaves = any(one.relationship == HOUSEHOLDER and one.atena_no in entry.members for one in living)
    return (HOUSEHOLDER_LEAVES,) if stay and leaves else ()


def _refuse_same_place(entry: Entry, payload: Payload) -> None:
    to = part(payload, "to")
    there = Address(str(to["town"]), str(to["banchi"]), str(to.get("katagaki", "")))
    mover = (
        next((one for one in entry.household.members if one.atena_no == payload["subject"]), None)
        if entry.household
        else None
    )
    if mover is not None and mover.address.folded == there.folded:
        raise RefusedError("refused.input", field="to.town")


def _refuse_born_later(number: str, payload: Payload) -> None:
    members = listed(payload, "members")
    person = next(one for one in members if one["id"] == number)
    if day_of(person, "birth_date") > day_of(payload, "ido_date"):
        raise RefusedError("refused.date", field=f"{number}.birth_date")


def _refuse_heads(payload: Payload, most: int) -> None:
    """Refuse a new household without its one householder, and a second one in a household they join."""
    members = listed(payload, "members")
    heads = [one for one in members if one["relationship"] == HOUSEHOLDER]
    if len(heads) != most:
        raise RefusedError("refused.householder", field=f"{(heads or members)[-1]['id']}.relationship")

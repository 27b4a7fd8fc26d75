"""国民健康保険: who comes into it, who leaves, what changes (国民健康保険法 第9条; [GK] for the days)."""

from collections.abc import Callable
from datetime import date

from client.domain.change import ChangeKind
from client.domain.errors import RefusedError
from client.domain.intake import Ask, Entry, Field
from client.domain.resident import AtenaNo
from client.rules.ages import Holds, is_of_age
from client.rules.intakes.form import WITHIN, Form, Payload, Who, day_of
from client.rules.nhi_on_day import runs

_KOKI_AGE = 75  # 高齢者の医療の確保に関する法律 第50条: from then on another insurance
_ACQUIRED_BY = ("転入", "社保離脱", "出生", "生保廃止", "その他")
_LOST_BY = ("転出", "社保加入", "死亡", "生保開始", "国保組合", "後期高齢", "その他")
KINDS = frozenset({ChangeKind.NHI_ACQUIRE, ChangeKind.NHI_LOSE, ChangeKind.NHI_CHANGE})
MEMBER, NO_MEMBER, UNKNOWN = "intake.nhi_member", "intake.nhi_no_member", "intake.nhi_unknown"
WITHHELD = "intake.nhi_withheld"
_CHANGED = ("住所", "世帯主", "氏名", "世帯", "再交付", "その他")


def told_otherwise(entry: Entry, day: date, *, member: bool) -> tuple[AtenaNo, ...]:
    """Return who of those on a notification the register has as members on a day, or has not; nobody until it was asked."""
    if entry.insured is None or entry.insured.at is None:
        return ()
    spells = entry.insured.spells
    return tuple(
        one for one in entry.members if any(runs(*spell, day) for spell in spells.get(one, ())) is member
    )


def _held_against(day: str, warning: str) -> Callable[[Entry, Payload, date], tuple[str, ...]]:
    """Return a check that only warns: the register may know less than the paper, and the law takes the notification."""

    def check(entry: Entry, payload: Payload, _today: date) -> tuple[str, ...]:
        if entry.insured is not None and entry.insured.at is None:
            return (WITHHELD if entry.insured.withheld else UNKNOWN,)
        otherwise = told_otherwise(entry, day_of(payload, day), member=warning == MEMBER)
        return (warning,) if otherwise else ()

    return check


def _acquire_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("acquired", Ask.DAY, needed=True),
        Field("reason", Ask.CHOICE, needed=True, choices=_ACQUIRED_BY, said="nhi_acquired_by"),
    )


def _acquire_check(entry: Entry, payload: Payload, today: date) -> tuple[str, ...]:
    day = day_of(payload, "acquired")
    members = entry.household.living if entry.household else ()
    for one in members:
        if one.atena_no in entry.members and is_of_age(one.birth, _KOKI_AGE, day) is Holds.YES:
            raise RefusedError("refused.over_75")
    return _held_against("acquired", MEMBER)(entry, payload, today)


ACQUIRE = Form(
    "nhi_acquire",
    ChangeKind.NHI_ACQUIRE,
    Who.MEMBERS,
    _acquire_fields,
    check=_acquire_check,
    event=("acquired",),
    day="acquired",
    within=WITHIN,
)


def _lose_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("lost", Ask.DAY, needed=True),
        Field("reason", Ask.CHOICE, needed=True, choices=_LOST_BY, said="nhi_lost_by"),
        Field("papers_returned", Ask.CHECK),
    )


LOSE = Form(
    "nhi_lose",
    ChangeKind.NHI_LOSE,
    Who.MEMBERS,
    _lose_fields,
    check=_held_against("lost", NO_MEMBER),
    event=("lost",),
    day="lost",
    within=WITHIN,
)


def _change_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("what", Ask.CHOICE, needed=True, choices=_CHANGED, said="nhi_changed"),
        Field("changed", Ask.DAY, needed=True),
        Field("memo", Ask.TEXT),
    )


CHANGE = Form(
    "nhi_change",
    ChangeKind.NHI_CHANGE,
    Who.MEMBERS,
    _change_fields,
    check=_held_against("changed", NO_MEMBER),
    event=("what", "changed"),
    once=False,
    day="changed",
    within=WITHIN,
)

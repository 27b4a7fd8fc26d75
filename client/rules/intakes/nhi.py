"""国民健康保険: who comes into it, who leaves, what changes (国民健康保険法 第9条; [GK] for the days)."""

from datetime import date

from client.domain.change import ChangeKind
from client.domain.errors import RefusedError
from client.domain.intake import Ask, Entry, Field
from client.rules.ages import Holds, is_of_age
from client.rules.intakes.form import WITHIN, Form, Payload, Who, day_of

_KOKI_AGE = 75  # 高齢者の医療の確保に関する法律 第50条: from then on another insurance
_ACQUIRED_BY = ("転入", "社保離脱", "出生", "生保廃止", "その他")
_LOST_BY = ("転出", "社保加入", "死亡", "生保開始", "国保組合", "後期高齢", "その他")
_CHANGED = ("住所", "世帯主", "氏名", "世帯", "再交付", "その他")


def _acquire_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("acquired", Ask.DAY, needed=True),
        Field("reason", Ask.CHOICE, needed=True, choices=_ACQUIRED_BY, said="nhi_acquired_by"),
    )


def _acquire_check(entry: Entry, payload: Payload, _today: date) -> tuple[str, ...]:
    day = day_of(payload, "acquired")
    members = entry.household.living if entry.household else ()
    for one in members:
        if one.atena_no in entry.members and is_of_age(one.birth, _KOKI_AGE, day) is Holds.YES:
            raise RefusedError("refused.over_75")
    return ()


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
    event=("what", "changed"),
    once=False,
    day="changed",
    within=WITHIN,
)

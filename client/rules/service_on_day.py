"""年金, 介護, 後期高齢者医療 and 児童手当 on a day: who belongs, since when, until when.

Ages pass without a row: 65, 75, 60. Whether somebody then belongs is the office's to decide (生活保護, 住所地特例,
任意加入), so the answer from then on is unknown until a row says it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from client.domain.entitlement import Entitlement, Service
from client.domain.resident import Resident
from client.rules.ages import Holds, birthday, counted_from, reached_on
from client.rules.on_day import lives_here

FIRST_CLASS = (
    "第1号被保険者"  # of 国民年金, that ends at 60 (国民年金法 第9条第3号); 任意加入 is of another kind
)


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whether somebody belongs to a service on a day, and by which spell."""

    holds: Holds
    since: date | None = None
    until: date | None = None


def belongs_on(rows: Iterable[Entitlement], resident: Resident, service: Service, day: date) -> Belonging:
    """Return whether somebody belongs to a service on a day; both days of a spell are included."""
    spells = [row for row in rows if row.service is service]
    running = [
        spell for spell in spells if spell.since <= day and (spell.until is None or day <= spell.until)
    ]
    birth = counted_from(resident.birth)
    if not running:
        return Belonging(_without_a_spell(spells, service, birth, day))
    spell = max(running, key=lambda one: one.since)
    if not lives_here(resident, day) or _may_have_ended(spell, birth, day):
        return Belonging(Holds.UNKNOWN, spell.since, spell.until)
    return Belonging(Holds.YES, spell.since, spell.until)


def _without_a_spell(spells: list[Entitlement], service: Service, birth: date | None, day: date) -> Holds:
    """Tell what a day without a spell means: past the age, the row may just not be here yet.

    介護保険法 第10条 counts from the day 65 is reached, 高齢者医療確保法 第52条 as practised from the 75th birthday. A
    spell that ended or begins after that is the office's word.
    """
    if service not in {Service.KAIGO, Service.KOKI}:
        return Holds.NO
    if birth is None:
        return Holds.UNKNOWN
    first = reached_on(birth, 65) if service is Service.KAIGO else birthday(birth, 75)
    told = any(spell.until is None or spell.until >= first for spell in spells)
    return Holds.UNKNOWN if first <= day and not told else Holds.NO


def _may_have_ended(spell: Entitlement, birth: date | None, day: date) -> bool:
    if spell.service is not Service.NENKIN or spell.kind != FIRST_CLASS:
        return False
    return birth is None or reached_on(birth, 60) <= day

"""国民健康保険 on a day: member or not, with which share, and how long the 資格確認書 is good.

Membership ends by 75 and by leaving the town, days that pass without a row. A member of one's own town may also live
elsewhere (住所地特例, マル学: 国民健康保険法 第116条), which no row tells: whoever has left is then neither.
"""

from collections.abc import Iterable
from datetime import date

from client.domain.nhi import NhiMember
from client.domain.resident import Resident
from client.rules.ages import Holds, counted_from, eve, koki_korei_from, koreisha_from, school_from
from client.rules.on_day import USUAL, Calendar, lives_here


def runs(acquired: date, lost: date | None, day: date) -> bool:
    """Tell whether a day falls into a spell; the day of loss is no day of membership."""
    return acquired <= day and (lost is None or day < lost)


def spell_on(spells: Iterable[NhiMember], day: date) -> NhiMember | None:
    """Return the spell a day falls into, the one acquired last."""
    running = [spell for spell in spells if runs(spell.acquired, spell.lost, day)]
    return max(running, key=lambda spell: spell.acquired, default=None)


def is_member(spells: Iterable[NhiMember], resident: Resident, day: date) -> Holds:
    """Tell whether somebody is a member on a day."""
    if spell_on(spells, day) is None:
        return Holds.NO
    birth = counted_from(resident.birth)
    if birth is not None and koki_korei_from(birth) <= day:
        return Holds.NO
    return Holds.YES if birth is not None and lives_here(resident, day) else Holds.UNKNOWN


def burden_on(
    spell: NhiMember, resident: Resident, known_on: date, day: date, calendar: Calendar = USUAL
) -> int | None:
    """Return 負担割合 in tenths on a day; None where a day between ``known_on`` and it may have changed it.

    ``known_on`` is the day the row was known to be the newest. What changes a share by date: the April before school,
    the month after 70, and from then on every August. 75 ends it.
    """
    birth = counted_from(resident.birth)
    if birth is None or day >= koki_korei_from(birth):
        return None
    first, last = min(known_on, day), max(known_on, day)
    old = koreisha_from(birth)
    yearly = (date(year, *calendar.shares_anew) for year in range(first.year, last.year + 1))
    borders = [school_from(birth), old, *(border for border in yearly if border >= old)]
    return None if any(first < border <= last for border in borders) else spell.burden


def paper_until(spell: NhiMember, resident: Resident) -> date | None:
    """Return the last day a 資格確認書 of a spell can be good; None where the row names no 有効期限, so none is.

    It ends with membership and with 在留期間, also where the row was written before those days were known.
    """
    birth = counted_from(resident.birth)
    stay = resident.foreign.until if resident.foreign else None
    firsts_without = (spell.lost, koki_korei_from(birth) if birth else None, resident.tenshutsu_planned)
    ends = [spell.valid_until, stay, *(eve(first) for first in firsts_without if first)]
    return min(end for end in ends if end) if spell.valid_until else None


def paper_is_good(spell: NhiMember, resident: Resident, day: date) -> bool:
    """Tell whether a 資格確認書 of a spell is good on a day."""
    until = paper_until(spell, resident)
    return until is not None and day <= until and is_member((spell,), resident, day) is Holds.YES

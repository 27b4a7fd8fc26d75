"""Whom to tell that a 抑止 or 支援措置 comes to its end date, or is past it; no date ends one [STD j410, j440]."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from client.domain.blocks import BlockProcess, Restrictions
from client.domain.clerk import Right

# Who learns of an end date. A measure's is part of its detail record: the 支援措置責任者 alone [STD j440].
MEASURE_TOLD_TO, BLOCK_TOLD_TO = Right.SHIEN_SOCHI, Right.OFFICER


@dataclass(frozen=True, slots=True)
class EndAlert:
    """An end date to look after. ``process`` is that of a block, None for a support measure; ``ends`` is the last day.

    ``days`` are those left after today: 0 on the last day, less than 0 once it is past.
    """

    process: BlockProcess | None
    ends: date
    days: int

    @property
    def past(self) -> bool:
        """Tell whether the last day is over; what it was set for stands all the same."""
        return self.days < 0


def end_alerts(
    restrictions: Restrictions, rights: Collection[Right], today: date, *, within: int
) -> tuple[EndAlert, ...]:
    """Return what somebody with these rights is to be told: past ends and those ``within`` days ahead, earliest first.

    One alert for what ends together: a measure and those who are protected with it. Nothing is lifted by it.
    """
    ends: list[tuple[BlockProcess | None, date | None]] = []
    if MEASURE_TOLD_TO in rights:
        ends += [(None, measure.ends) for measure in restrictions.shien_sochi]
    if BLOCK_TOLD_TO in rights:
        ends += [(block.process, block.ends) for block in restrictions.blocks]
    found = [EndAlert(what, day, (day - today).days) for what, day in dict.fromkeys(ends) if day is not None]
    return tuple(sorted((one for one in found if one.days <= within), key=lambda one: one.ends))

"""Rows of the blocks feed: 抑止 and 支援措置, a few in a thousand, and always some of each kind."""

from collections.abc import Iterator
from datetime import date
from random import Random

from cloud.town.days import birthday, iso
from cloud.town.people import Household

Row = dict[str, object]

_REASONS = (
    "実態調査中（郵便物の返戻）",
    "届出の審査中",
    "世帯主からの申出による交付停止",
    "戸籍届出の受理照会中",
    "裁判所への照会中",
)
PROTECTED_KINDS = ("present", "provisional", "past")


class Restrictions:
    """Writes restrictions; remembers how many, so that every identifier is given once."""

    def __init__(self, today: date) -> None:
        self._today = today.toordinal()
        self._blocks = 0
        self._measures = 0

    def protect(self, household: Household, kind: str, dice: Random) -> Iterator[tuple[str, Row]]:
        """Yield 支援措置 of every living member: in force, provisional, or with an end date that has passed."""
        past = kind == "past"
        starts = self._today - (380 + int(dice.random() * 300) if past else 5 + int(dice.random() * 340))
        for member in household.living:
            self._measures += 1
            row: Row = {
                "measure_id": f"S{self._measures:06d}",
                "atena_no": member.atena_no,
                "provisional": kind == "provisional",
                "starts": iso(starts),
            }
            if kind != "provisional":
                row["ends"] = iso(birthday(starts, 1) - 1)  # one year less a day [STD j440]
            yield "shien_sochi", row

    def block(
        self, household: Household, dice: Random, *, process: str, level: str, whole: bool
    ) -> Iterator[tuple[str, Row]]:
        """Yield one 抑止 of the household or of its 世帯主; some have an end date, which lifts nothing."""
        self._blocks += 1
        starts = self._today - 1 - int(dice.random() * 500)
        row: Row = {
            "block_id": f"B{self._blocks:06d}",
            "process": process,
            "level": level,
            "starts": iso(starts),
        }
        if whole:
            row["household_no"] = household.number
        else:
            row["atena_no"] = household.head.atena_no
        row["reason"] = _REASONS[int(dice.random() * len(_REASONS))]
        if dice.random() < 0.3:
            row["ends"] = iso(starts + 30 + int(dice.random() * 300))
        yield "block", row

    def some_block(self, household: Household, dice: Random) -> Iterator[tuple[str, Row]]:
        """Yield a 抑止 of any kind."""
        roll = dice.random()
        process = "issue" if roll < 0.6 else "ido" if roll < 0.85 else "view"
        level = "error" if dice.random() < 0.5 else "alert"
        return self.block(household, dice, process=process, level=level, whole=dice.random() < 0.4)

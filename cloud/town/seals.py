"""Rows of table ``seal_registration``: 印鑑登録, of a little more than half of the adults."""

from collections.abc import Iterator
from datetime import date
from random import Random

from cloud.town.days import birthday, iso
from cloud.town.people import Household, Member
from cloud.town.resident_seal import resident_seal

Row = dict[str, object]

SHARE = 0.55
_ADULT, _LEAST_AGE = (
    18,
    15,
)  # whom the share counts; from what age a seal may be registered [印鑑登録証明事務処理要領]
_LOST_SHARE, _LEFT_SHARE = 0.03, 0.3
_PATTERN_BITS = 36
_ABOLISHED = {"death": "死亡", "tenshutsu": "転出", "shojo": "職権消除"}


class Seals:
    """Registers seals; remembers how many, so that every number is given once."""

    def __init__(self, today: date) -> None:
        self._today = today.toordinal()
        self._count = 0

    def rows(self, household: Household, dice: Random, *, everybody: bool) -> Iterator[Row]:
        """Yield the registrations of a household's members, and some that were abolished."""
        for member in household.members:
            end = member.removed.day if member.removed else self._today
            if birthday(member.birth, _ADULT) > end:
                continue
            if not everybody and dice.random() >= (_LEFT_SHARE if member.removed else SHARE):
                continue
            low = max(household.resident_since(member), birthday(member.birth, _LEAST_AGE))
            registered = low + int(dice.random() * max(0, end - low))
            if not everybody and dice.random() < _LOST_SHARE and registered < end - 20:
                lost = registered + 1 + int(dice.random() * (end - registered - 1))
                yield self._row(member, registered, dice) | {
                    "abolished": iso(lost),
                    "abolished_reason": "亡失",
                }
                registered = lost
            row = self._row(member, registered, dice)
            if member.removed:
                row["abolished"], row["abolished_reason"] = iso(end), _ABOLISHED[member.removed.status]
            yield row

    def _row(self, member: Member, registered: int, dice: Random) -> Row:
        self._count += 1
        return {
            "atena_no": member.atena_no,
            "registration_no": f"{1_000_000 + self._count * 3}",
            "image": resident_seal(dice.getrandbits(_PATTERN_BITS)),
            "registered": iso(registered),
            "registered_name": _registered_name(member),
        }


def _registered_name(member: Member) -> str:
    """Return the name a seal bears: the 氏名; of a foreigner the 通称 or kanji name where there is one."""
    foreign = member.foreign
    if foreign is None:
        return member.full_name
    return foreign.tsusho.text if foreign.tsusho else foreign.kanji or foreign.latin

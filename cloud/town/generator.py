"""The town as one stream of rows: offices, story households, rare cases every town has, then everybody else."""

from collections.abc import Iterator
from datetime import date
from random import Random

from cloud.town.addresses import CODE, Addresses
from cloud.town.days import MEIJI_LAST, TAISHO_LAST, YEAR, ordinal, wareki
from cloud.town.desk import desk_rows
from cloud.town.foreigners import Foreigners
from cloud.town.guides import guide_rows
from cloud.town.holdings import Holdings
from cloud.town.households import Composer
from cloud.town.lives import Lives
from cloud.town.names import Names
from cloud.town.nhi import Nhi
from cloud.town.numbers import Serials
from cloud.town.offices import office_rows
from cloud.town.payers import Payers
from cloud.town.people import Household, Member, Removal
from cloud.town.records import resident_rows
from cloud.town.restrictions import Restrictions
from cloud.town.story import (
    EARLIEST_TODAY,
    FIRST_FREE_ATENA,
    FIRST_FREE_HOUSEHOLD,
    foreigner,
    protected_family,
    watanabe,
)
from cloud.town.tax import fiscal_years, juminzei_rows

LEAST, MOST = 50, 1_000_000
FOREIGN_SHARE = 0.03
_PROTECTED_SHARE, _BLOCK_SHARE, _LEAVING_SHARE, _LEFT_SHARE = 0.001, 0.003, 0.0015, 0.018
_HOUSEHOLD_SIZE = 2.2  # about; only the rates of rare cases hang on it
_UNKNOWN_BIRTHS = ("{}年頃", "{}年月日不詳", "推定{}年3月1日", "{}年春")

TableRow = tuple[str, dict[str, object]]


def generate(residents: int, seed: int, today: date, code: str = CODE) -> Iterator[TableRow]:
    """Yield (table, row) of a whole town with so many residents, as resources/contract/tables.toml describes.

    Removed residents (除票), some 6 in 100, come on top. Equal arguments give equal rows, and memory does not
    grow with the town.
    """
    if not LEAST <= residents <= MOST:
        raise ValueError("a town has 50 to 1,000,000 residents")
    if today < date(*EARLIEST_TODAY):
        raise ValueError("the story of the town goes to June 2025")
    return _Town(residents, seed, today, code).rows()


class _Town:
    """One run: the dice, the tables, and the counts that keep shares."""

    def __init__(self, residents: int, seed: int, today: date, code: str) -> None:
        self._code = code
        self._residents = residents
        self._dice = Random(seed)  # noqa: S311  an invented town must come again from its seed
        # Dice of their own: whatever is added to what people hold, the people stay who they are.
        self._other_dice = Random(~seed)  # noqa: S311  as above
        self._date = today
        self._today = today.toordinal()
        names = Names()
        self._addresses = Addresses()
        self._composer = Composer(names, self._today)
        self._foreigners = Foreigners(names, self._composer, self._today)
        self._atena = Serials(FIRST_FREE_ATENA, self._dice)
        numbers = Serials(FIRST_FREE_HOUSEHOLD, self._dice)
        self._lives = Lives(names, self._addresses, numbers, self._today)
        self._nhi = Nhi(today)
        self._restrictions = Restrictions(today)
        self._holdings = Holdings(self._addresses, today)
        self._payers = Payers(names, self._addresses, self._holdings, today)
        self._years = fiscal_years(today)
        self._living = 0
        self._foreign = 0

    def rows(self) -> Iterator[TableRow]:
        """Yield every row."""
        yield from office_rows(self._date, self._code)
        for told in (guide_rows, desk_rows):
            yield from told(self._date)
        yield from self._story()
        yield from self._rare_cases()
        while self._living < self._residents:
            yield from self._somebody()
        yield from self._payers.rows(self._residents, self._other_dice)

    def _write(
        self,
        household: Household,
        dice: Random,
        story_dice: Random | None = None,
        *,
        everything: bool = False,
    ) -> Iterator[TableRow]:
        """Yield the rows of a household whose life is decided, and of what it holds."""
        for member in household.members:
            if not member.atena_no:
                member.atena_no = self._atena.take()
        living = household.living
        self._living += len(living)
        self._foreign += sum(member.foreign is not None for member in living)
        for row in resident_rows(household, dice, self._today):
            yield "resident", row
        taxes = list(juminzei_rows(household, self._years, dice))
        for row in taxes:
            yield "juminzei", row
        insured = list(self._nhi.rows(household, dice))
        for row in insured:
            yield "nhi_member", row
        other = story_dice or self._other_dice
        yield from self._holdings.rows(household, taxes, insured, other, everything=everything)

    # what every town has

    def _story(self) -> Iterator[TableRow]:
        dice, other = Random(1983), Random(1984)  # noqa: S311  the story is the same under every seed
        yield from self._write(watanabe(self._addresses), dice, other, everything=True)
        protected = protected_family(self._addresses)
        yield from self._write(protected, dice, other)
        yield from self._restrictions.protect(protected, "present", dice)
        yield from self._write(foreigner(self._addresses, self._today), dice, other)

    def _rare_cases(self) -> Iterator[TableRow]:
        dice = self._dice
        for kind in ("provisional", "past"):
            household = self._settled(
                self._composer.single_parent(dice) if kind == "past" else self._alone(30, 60)
            )
            yield from self._write(household, dice)
            yield from self._restrictions.protect(household, kind, dice)
        for process, level, whole in (
            ("issue", "error", False),
            ("view", "error", True),
            ("issue", "alert", False),
        ):
            household = self._settled(self._alone(25, 70))
            yield from self._write(household, dice)
            yield from self._restrictions.block(household, dice, process=process, level=level, whole=whole)
        for household in (
            self._leaving(),
            self._born_on_a_double_day(),
            self._birth_unknown(),
            self._dead_of_meiji(),
        ):
            yield from self._write(household, dice)

    def _settled(self, household: Household) -> Household:
        self._lives.settle(self._dice, household)
        return household

    def _alone(self, low: float, high: float) -> Household:
        dice = self._dice
        birth = self._today - int((low + dice.random() * (high - low)) * YEAR)
        return Household([self._person(birth, "女" if dice.random() < 0.6 else "男")])

    def _person(self, birth: int, sex: str) -> Member:
        return self._composer.alone(self._dice, birth, sex)

    def _leaving(self) -> Household:
        household = self._settled(self._alone(24, 50))
        self._lives.plan_to_leave(self._dice, household)
        return household

    def _born_on_a_double_day(self) -> Household:
        day, text = TAISHO_LAST
        member = self._person(day, "女")
        member.birth_text = text
        return self._settled(Household([member]))

    def _birth_unknown(self) -> Household:
        return self._settled(self._unknown(self._alone(70, 88)))

    def _unknown(self, household: Household) -> Household:
        """Let the birth date of the 世帯主 be one of the lawful texts of an unknown date ([STD j80])."""
        member = household.head
        year = date.fromordinal(member.birth).year
        roll = int(self._dice.random() * 5)
        if roll == len(_UNKNOWN_BIRTHS):
            member.birth_text, member.birth_known = "年月日不詳", False
        else:
            member.birth_text = _UNKNOWN_BIRTHS[roll].format(wareki(member.birth).split("年")[0])
            member.birth = ordinal(year, 3, 1) if roll == 2 else ordinal(year, 1, 1)
        return household

    def _dead_of_meiji(self) -> Household:
        day, text = MEIJI_LAST
        member = self._person(day, "男")
        member.birth_text = text
        household = self._settled(Household([member]))
        died = ordinal(2003, 2, 11)
        household.start = ordinal(1960, 4, 1)
        household.addresses = [(household.start, household.addresses[0][1])]
        member.origin = None
        member.removed = Removal("death", "死亡", died)
        return household

    # everybody else

    def _somebody(self) -> Iterator[TableRow]:
        dice = self._dice
        room = self._residents - self._living
        wants_foreign = self._foreign < FOREIGN_SHARE * self._living and dice.random() < 0.3
        household = (self._foreigners if wants_foreign else self._composer).draw(dice, room)
        if dice.random() < 0.0004 and self._old_alone(household):
            self._unknown(household)
        self._lives.settle(dice, household)
        fate = dice.random()
        if fate < _LEFT_SHARE * (3 if wants_foreign else 1) and self._lives.leave(dice, household):
            yield from self._write(household, dice)
            return
        if _LEFT_SHARE * 3 < fate < _LEFT_SHARE * 3 + _LEAVING_SHARE and not self._has_removed(household):
            self._lives.plan_to_leave(dice, household)
        yield from self._write(household, dice)
        yield from self._restricted(household)

    def _restricted(self, household: Household) -> Iterator[TableRow]:
        dice = self._dice
        roll = dice.random()
        # Three households are protected in any town; the share counts them.
        households = self._residents / _HOUSEHOLD_SIZE
        protected = max(0.0, _PROTECTED_SHARE - 3 / households)
        if roll < protected:
            kind = "past" if dice.random() < 0.15 else "provisional" if dice.random() < 0.12 else "present"
            yield from self._restrictions.protect(household, kind, dice)
        elif roll > 1 - _BLOCK_SHARE:
            yield from self._restrictions.some_block(household, dice)

    def _old_alone(self, household: Household) -> bool:
        head = household.head
        age = (self._today - head.birth) / YEAR
        return len(household.members) == 1 and head.foreign is None and 60 < age < 95

    def _has_removed(self, household: Household) -> bool:
        return len(household.living) != len(household.members)

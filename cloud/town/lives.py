"""When and where a household lived: how it began, who joined, its moves, and how members left."""

from random import Random

from cloud.town.addresses import Addresses
from cloud.town.days import COMPUTERISED, YEAR, ordinal, year_of
from cloud.town.households import UNKNOWN_DAY
from cloud.town.names import Names
from cloud.town.numbers import Serials
from cloud.town.people import SPOUSES, Household, Member, Origin, Removal

_FOREIGN_RECORDS = ordinal(2012, 7, 9)  # 外国人住民 have a 住民票 since this day
_FORMER_SURNAMES = ordinal(2019, 11, 5)  # 旧氏 may be recorded since this day
_PARENTS = frozenset({"父", "母"})
_WITH_OWN_ENTRY = SPOUSES | {"世帯主", "兄", "姉", "弟", "妹", "同居人", "縁故者", "父の兄の子"}


class Lives:
    """Gives households their dates and addresses; holds tables and today, no state but the run of numbers."""

    def __init__(self, names: Names, addresses: Addresses, numbers: Serials, today: int) -> None:
        self._names = names
        self._addresses = addresses
        self._numbers = numbers
        self._today = today

    def settle(self, dice: Random, household: Household) -> None:
        """Decide the days, the addresses and the 本籍 of a household and its members."""
        household.number = self._numbers.take()
        household.came_from = self._came_from(dice, household.head)
        rooted = household.head.foreign is None and self._root(dice, household)
        if not rooted:
            self._begin(dice, household)
        self._join(dice, household)
        self._move(dice, household)
        self._part(dice, household)
        self._former_surname(dice, household)
        self._koseki(dice, household)

    def _between(self, dice: Random, low: int, high: int) -> int:
        return low if high <= low else low + int(dice.random() * (high - low))

    def _came_from(self, dice: Random, member: Member) -> str:
        if member.foreign and dice.random() < 0.5:
            return member.foreign.nationality
        return self._addresses.elsewhere(dice)

    # how it begins

    def _root(self, dice: Random, household: Household) -> bool:
        """Let a 世帯主 who lives with parents have been born in this household, where it fits."""
        head = household.head
        parents = [member for member in household.members if member.relationship in _PARENTS]
        if not parents or self._today - head.birth < 22 * YEAR or dice.random() > 0.7:
            return False
        household.start = head.birth - int((0.2 + dice.random() * 3) * YEAR)
        household.head_changed = self._between(dice, head.birth + int(20 * YEAR), self._today - 20)
        self._former_head(dice, household, parents)
        for member in household.members:
            member.former_relationship = _under_parent(member.relationship, member.former_relationship)
        return True

    def _former_head(self, dice: Random, household: Household, parents: list[Member]) -> None:
        """Make the father, living or dead, the 世帯主 of before."""
        father = next((member for member in parents if member.relationship == "父"), None)
        if father is None:
            head = household.head
            given = self._names.given(dice, "男", year_of(parents[0].birth))
            household.former_head_name = f"{(head.maiden or head.surname).text}　{given.text}"
        else:
            father.former_relationship = "世帯主"
            household.former_head_name = father.full_name
        for member in parents:
            if member.relationship == "母":
                member.former_relationship = "妻"

    def _begin(self, dice: Random, household: Household) -> None:
        head = household.head
        founders = [member for member in household.members if member.relationship in _WITH_OWN_ENTRY]
        low = max(member.birth for member in founders) + int(18 * YEAR)
        if any(member.foreign for member in household.members):
            low = max(low, _FOREIGN_RECORDS)
        latest = self._today - (1 if head.foreign else 12)
        eldest = min(
            (m.birth for m in household.members if m.relationship in ("子", "妻の子")), default=latest
        )
        native = not head.foreign and low < min(eldest, latest) and dice.random() < 0.35
        household.start = self._between(dice, min(low, latest), min(eldest, latest) if native else latest)
        if native:
            self._native(dice, household, head)

    def _native(self, dice: Random, household: Household, member: Member) -> None:
        """Let a member have been born in the city, in a household of its own parents."""
        surname = member.maiden or member.surname
        father = self._names.given(dice, "男", year_of(member.birth) - 30)
        name = f"{surname.text}　{father.text}"
        member.origin = Origin(self._numbers.take(), self._addresses.draw(dice), name, surname)

    def _join(self, dice: Random, household: Household) -> None:
        """Let a spouse join later than the household began: always where one was born into it."""
        head = household.head
        start = household.start
        eldest = min((m.birth for m in household.members if m.relationship == "子"), default=self._today - 5)
        for member in household.members[1:]:
            joins = member.birth > start or dice.random() < 0.45
            if member.relationship in SPOUSES and not member.foreign and joins:
                low = max(start, member.birth + int(18 * YEAR), head.birth + int(18 * YEAR))
                high = min(eldest, self._today - 5)
                if low < high or member.birth > start:
                    member.joined = self._between(dice, min(low, self._today - 5), high)
                    member.came_from = self._addresses.elsewhere(dice)
                    if dice.random() < 0.3:
                        self._native(dice, household, member)
            elif member.relationship in _PARENTS and household.head_changed is None and dice.random() < 0.5:
                member.joined = self._between(dice, max(start, member.birth), self._today - 5)
                member.came_from = self._addresses.elsewhere(dice)
            elif member.relationship.startswith(("妻の", "夫の", "子の妻", "子の夫")):
                self._came_with(dice, household, member)

    def _came_with(self, dice: Random, household: Household, member: Member) -> None:
        """Let children and parents of a spouse, and spouses of children, come no earlier than they may."""
        if member.relationship in ("子の妻", "子の夫"):
            child = next(other for other in household.members if other.relationship == "子")
            grand = min(
                (m.birth for m in household.members if m.relationship == "子の子"), default=self._today
            )
            low = max(household.start, member.birth + int(18 * YEAR), child.birth + int(18 * YEAR))
            member.joined = self._between(dice, min(low, self._today - 5), min(grand, self._today - 5))
        else:
            spouse = household.members[1]
            member.joined = max(household.arrived(spouse), member.birth)
        member.came_from = self._addresses.elsewhere(dice)

    # what comes after

    def _move(self, dice: Random, household: Household) -> None:
        """Let the household move within the city, never twice in 60 days."""
        household.addresses = [(household.start, self._addresses.draw(dice))]
        roll = dice.random()
        moves = 0 if roll < 0.66 else 1 if roll < 0.92 else 2
        day = household.start
        for _ in range(moves):
            day = self._between(dice, day + 60, self._today - 3)
            if day >= self._today - 3:
                break
            household.addresses.append((day, self._addresses.draw(dice)))

    def _part(self, dice: Random, household: Household) -> None:
        """Decide the days of deaths and moves out; those that fit nowhere never lived here."""
        household.members = [
            member
            for member in household.members
            if member.removed is None or self._removal_day(dice, household, member, member.removed)
        ]
        dead = next((m for m in household.members if m.removed and m.relationship == "世帯主"), None)
        if dead is None and household.head_changed is None:
            household.former_head_name = None
            for member in household.members:
                member.former_relationship = None
        elif dead is not None and dead.removed is not None:
            household.head_changed = dead.removed.day

    def _removal_day(self, dice: Random, household: Household, member: Member, removal: Removal) -> bool:
        if removal.day != UNKNOWN_DAY:
            return True
        low = max(household.arrived(member) + 40, COMPUTERISED + 1)
        if removal.status == "tenshutsu":
            low = max(low, member.birth + int(18 * YEAR))
            removal.destination = self._addresses.elsewhere(dice)
        if member.relationship == "世帯主":
            others = [household.arrived(other) for other in household.members if other is not member]
            low = max(low, *(day + 1 for day in others), member.birth + int(40 * YEAR))
        if low >= self._today - 12:
            return False
        removal.day = self._between(dice, low, self._today - 12)
        return True

    def leave(self, dice: Random, household: Household) -> bool:
        """Let the whole household have left the city, or be erased by the office (職権消除); False where too new."""
        low = max(COMPUTERISED, *(household.arrived(member) for member in household.members)) + 90
        if low >= self._today - 12 or len(household.living) != len(household.members):
            return False
        low = max(low, max(since for since, _ in household.addresses) + 30)
        day = self._between(dice, low, self._today - 12)
        if day >= self._today - 11:
            return False
        erased, destination = dice.random() < 0.05, self._addresses.elsewhere(dice)
        abroad = household.head.foreign is not None and dice.random() < 0.5
        for member in household.members:
            if erased:
                member.removed = Removal("shojo", "職権消除", day)
            else:
                to = household.head.foreign.nationality if household.head.foreign and abroad else destination
                member.removed = Removal("tenshutsu", "国外転出" if abroad else "国内転出", day, to)
        return True

    def plan_to_leave(self, dice: Random, household: Household) -> None:
        """Let the household have announced a move out on a day to come (転出予定)."""
        planned = self._today + 3 + int(dice.random() * 22)
        announced = self._today - int(dice.random() * 3)
        household.leaving = (planned, announced, self._addresses.elsewhere(dice))

    def _former_surname(self, dice: Random, household: Household) -> None:
        for member in household.members:
            adult = self._today - member.birth > 20 * YEAR
            if member.maiden and adult and member.removed is None and dice.random() < 0.03:
                low = max(_FORMER_SURNAMES, household.arrived(member) + 1, member.birth + int(18 * YEAR))
                if low < self._today - 12:
                    member.former_surname_since = self._between(dice, low, self._today - 12)

    # 本籍 and 筆頭者

    def _koseki(self, dice: Random, household: Household) -> None:
        """Give Japanese members their 戸籍の表示: couples and their children share one."""
        head = household.head
        own = self._addresses.honseki(dice)
        first = self._hittosha(dice, household)
        child = next((m for m in household.members if m.relationship == "子" and not m.removed), head)
        for member in household.members:
            if member.foreign:
                continue
            relationship = member.relationship
            if relationship in ("世帯主", "夫", "妻", "子"):
                married_child = relationship == "子" and any(
                    m.relationship == "子の子" for m in household.members
                )
                member.honseki, member.hittosha = own, member.full_name if married_child else first
            elif relationship in ("子の妻", "子の夫", "子の子"):
                member.honseki, member.hittosha = own, child.full_name
            else:
                member.honseki = own if dice.random() < 0.4 else self._addresses.honseki(dice)
                member.hittosha = self._parent_hittosha(household, member) or self._father(dice, member)

    def _hittosha(self, dice: Random, household: Household) -> str:
        head = household.head
        dead = next((m for m in household.members if m.removed and m.relationship == "世帯主"), None)
        if dead:
            return dead.full_name
        couple = [head, *(m for m in household.members if m.relationship in ("夫", "妻") and not m.foreign)]
        if len(couple) > 1:
            return next(member for member in couple if member is not _name_taker(couple)).full_name
        alone = len(household.members) == 1 and head.maiden is None
        return self._father(dice, head) if alone and dice.random() < 0.7 else head.full_name

    def _parent_hittosha(self, household: Household, member: Member) -> str | None:
        if not member.relationship.endswith(("父", "母")):
            return None
        stem = member.relationship[:-1]
        father = next((m for m in household.members if m.relationship == f"{stem}父"), None)
        return father.full_name if father else None

    def _father(self, dice: Random, member: Member) -> str:
        given = self._names.given(dice, "男", year_of(member.birth) - 30)
        # Of an old mother it is her late husband, under her own present surname.
        surname = member.surname if member.relationship.endswith("母") else member.maiden or member.surname
        return f"{surname.text}　{given.text}"


def _name_taker(couple: list[Member]) -> Member:
    """Return who took the other's surname at marriage."""
    return next((member for member in couple if member.maiden), couple[1])


def _under_parent(relationship: str, former: str | None) -> str:
    """Return the 続柄 a member of a rooted household had while a parent was 世帯主."""
    if former:
        return former
    if relationship == "世帯主":
        return "子"
    if relationship in _PARENTS:
        return "世帯主" if relationship == "父" else "妻"
    return f"子の{relationship}"

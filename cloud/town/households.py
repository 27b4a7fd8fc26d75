"""Who lives together: households with lawful 続柄 only ([STD j110]) and ages that make sense.

Members stand in the order of the register: 世帯主, spouse, children by birth with their own families behind
them, parents, brothers and sisters, others. Removed members stand last.
"""

from collections.abc import Callable
from random import Random

from cloud.town.days import YEAR, year_of
from cloud.town.names import Names, Written
from cloud.town.people import Household, Member, Removal
from cloud.town.tables import Urn

_ADULT = 18.5 * YEAR
_OLDEST = 104 * YEAR
# Of a child's birth behind its parent's, with a margin inside the 15 to 45 years that are tested.
_LEAST_GAP, _GREATEST_GAP = 16.5 * YEAR, 44.5 * YEAR
UNKNOWN_DAY = -1  # a removal whose day is decided when the household's dates are


class Composer:
    """Composes Japanese households; each method of ``_kinds`` makes one kind."""

    def __init__(self, names: Names, today: int) -> None:
        self._names = names
        self._today = today
        kinds: list[tuple[Callable[[Random], Household], float]] = [
            (self.single, 38),
            (self.couple, 27),
            (self.family, 20),
            (self.late_family, 8),
            (self.single_parent, 6),
            (self.with_parent, 4),
            (self.three_generations, 2.6),
            (self.grandparents, 1.6),
            (self.siblings, 1),
            (self.blended, 0.8),
            (self.unregistered, 0.7),
            (self.sharing, 0.6),
        ]
        self._kinds = Urn(kinds)

    def draw(self, dice: Random, at_most: int) -> Household:
        """Return a household with at most so many living members."""
        for _ in range(4):
            found = self._kinds.draw(dice)(dice)
            if len(found.living) <= at_most:
                return found
        return self.single(dice)

    # one person and what is drawn of him

    def _born(self, dice: Random, low: float, high: float) -> int:
        return self._today - int((low + dice.random() * (high - low)) * YEAR)

    def person(self, dice: Random, surname: Written, birth: int, sex: str, relationship: str) -> Member:
        """Return a person with a given name of the generation."""
        return Member(surname, self._names.given(dice, sex, year_of(birth)), birth, sex, relationship)

    def alone(self, dice: Random, birth: int, sex: str) -> Member:
        """Return a 世帯主 of a given birth."""
        return self.person(dice, self._names.surname(dice), birth, sex, "世帯主")

    def _sex(self, dice: Random) -> str:
        return "男" if dice.random() < 0.5 else "女"

    def _child(self, dice: Random, surname: Written, birth: int, siblings: list[Member]) -> Member:
        while True:
            child = self.person(dice, surname, birth, self._sex(dice), "子")
            if all(child.given.text != other.given.text for other in siblings):
                return child

    def _spouse_birth(self, dice: Random, birth: int, sex: str) -> int:
        years = (dice.random() + dice.random() + dice.random() - 1.5) * 5 + (2 if sex == "男" else -2)
        low, high = self._today - int(_OLDEST), self._today - int(_ADULT)
        return min(max(birth + int(years * YEAR), low), high)

    def _couple(self, dice: Random, birth: int) -> list[Member]:
        head_sex = "女" if dice.random() < 0.06 else "男"
        surname = self._names.surname(dice)
        head = self.person(dice, surname, birth, head_sex, "世帯主")
        spouse_sex, relationship = ("女", "妻") if head_sex == "男" else ("男", "夫")
        spouse_birth = self._spouse_birth(dice, birth, head_sex)
        spouse = self.person(dice, surname, spouse_birth, spouse_sex, relationship)
        taker = head if head_sex == "女" and dice.random() < 0.6 else spouse
        taker.maiden = self._names.surname(dice)
        return [head, spouse]

    def _births(self, dice: Random, eldest_age: float, count: int, parents: list[int]) -> list[int]:
        """Return the births of up to ``count`` children that fit every parent's age."""
        births: list[int] = []
        birth = self._today - int(eldest_age * YEAR)
        for _ in range(count):
            fits = all(_LEAST_GAP <= birth - parent <= _GREATEST_GAP for parent in parents)
            if birth > self._today or not fits:
                break
            births.append(birth)
            birth += int((1.3 + dice.random() * 3.5) * YEAR)
        return births

    def _how_many(self, dice: Random) -> int:
        roll = dice.random()
        return 1 if roll < 0.42 else 2 if roll < 0.86 else 3 if roll < 0.975 else 4

    def _parents_of(self, dice: Random, eldest_age: float) -> list[Member]:
        mother_age = eldest_age + 20 + (dice.random() + dice.random() + dice.random()) * 7
        return self._couple(dice, self._today - int((mother_age + 1) * YEAR))

    def _with_children(self, dice: Random, low: float, high: float) -> list[Member]:
        eldest_age = low + dice.random() * (high - low)
        couple = self._parents_of(dice, eldest_age)
        parents = [member.birth for member in couple]
        children: list[Member] = []
        for birth in self._births(dice, eldest_age, self._how_many(dice), parents):
            children.append(self._child(dice, couple[0].surname, birth, children))
        return couple + children

    # kinds of households

    def single(self, dice: Random) -> Household:
        """Return one who lives alone; an old woman is often a widow."""
        roll = dice.random()
        low, high = (18.6, 32) if roll < 0.26 else (32, 62) if roll < 0.54 else (62, 98)
        birth = self._born(dice, low, high)
        sex = "女" if dice.random() < (0.66 if low == 62 else 0.42) else "男"
        head = self.person(dice, self._names.surname(dice), birth, sex, "世帯主")
        household = Household([head])
        if low == 62 and dice.random() < 0.42:
            self._widow(dice, household)
        return household

    def _widow(self, dice: Random, household: Household) -> None:
        """Add the dead spouse, who was 世帯主 before."""
        head = household.head
        sex = "男" if head.sex == "女" else "女"
        birth = self._spouse_birth(dice, head.birth, head.sex)
        dead = self.person(dice, head.surname, birth, sex, "世帯主")
        dead.removed = Removal("death", "死亡", UNKNOWN_DAY)
        head.former_relationship = "妻" if head.sex == "女" else "夫"
        if head.maiden is None:
            head.maiden = self._names.surname(dice)
        household.members.append(dead)
        household.former_head_name = dead.full_name

    def couple(self, dice: Random) -> Household:
        """Return a couple; past fifty a grown child may have moved out."""
        roll = dice.random()
        low, high = (24, 42) if roll < 0.16 else (42, 64) if roll < 0.36 else (64, 92)
        members = self._couple(dice, self._born(dice, low, high))
        if low >= 42 and dice.random() < 0.14:
            self._moved_out_child(dice, members)
        return Household(members)

    def _moved_out_child(self, dice: Random, members: list[Member]) -> None:
        mother = max(members[0].birth, members[1].birth)
        birth = mother + int((20 + dice.random() * 12) * YEAR)
        gaps = [birth - member.birth for member in members[:2]]
        if birth > self._today - _ADULT or not all(_LEAST_GAP <= gap <= _GREATEST_GAP for gap in gaps):
            return
        child = self._child(dice, members[0].surname, birth, members[2:])
        child.removed = Removal("tenshutsu", "国内転出", UNKNOWN_DAY)
        members.append(child)

    def family(self, dice: Random) -> Household:
        """Return parents with children who grow up."""
        return Household(self._with_children(dice, 0.01, 23))

    def late_family(self, dice: Random) -> Household:
        """Return parents whose grown children still live with them."""
        return Household(self._with_children(dice, 23, 46))

    def single_parent(self, dice: Random) -> Household:
        """Return a mother or father alone with children; some are widowed."""
        eldest_age = 1 + dice.random() * 32
        birth = self._today - int((eldest_age + 20 + (dice.random() + dice.random()) * 9) * YEAR)
        sex = "女" if dice.random() < 0.86 else "男"
        head = self.person(dice, self._names.surname(dice), birth, sex, "世帯主")
        household = Household([head])
        for born in self._births(dice, eldest_age, self._how_many(dice), [birth]):
            household.members.append(self._child(dice, head.surname, born, household.members[1:]))
        if dice.random() < 0.1:
            self._widow(dice, household)
        return household

    def with_parent(self, dice: Random) -> Household:
        """Return a grown child who is 世帯主, with an old parent."""
        birth = self._born(dice, 38, 68)
        head = self.person(dice, self._names.surname(dice), birth, self._sex(dice), "世帯主")
        return Household([head, *self._parents(dice, head, both=0.25)])

    def _parents(self, dice: Random, child: Member, both: float) -> list[Member]:
        """Return the father, the mother or both of a member, as related to the 世帯主."""
        prefix = "" if child.relationship == "世帯主" else f"{child.relationship}の"
        surname = child.maiden or child.surname
        mother_birth = child.birth - int((21 + dice.random() * 12) * YEAR)
        father_birth = min(mother_birth - int((dice.random() * 6 - 1) * YEAR), child.birth - int(_LEAST_GAP))
        roll = dice.random()
        parents = []
        if roll < both + 0.15:
            parents.append(self.person(dice, surname, father_birth, "男", f"{prefix}父"))
        if roll < both or roll >= both + 0.15:
            mother = self.person(dice, surname, mother_birth, "女", f"{prefix}母")
            mother.maiden = self._names.surname(dice)
            parents.append(mother)
        return [parent for parent in parents if self._today - parent.birth < _OLDEST]

    def three_generations(self, dice: Random) -> Household:
        """Return a family of which the middle generation is 世帯主, with parents of one side."""
        members = self._with_children(dice, 0.5, 22)
        child = members[1] if dice.random() < 0.2 else members[0]
        return Household(members + self._parents(dice, child, both=0.35))

    def grandparents(self, dice: Random) -> Household:
        """Return a family of which the old generation is 世帯主: 子, 子の妻 or 子の夫, 子の子."""
        eldest_age = 0.5 + dice.random() * 18
        young = self._parents_of(dice, eldest_age)
        child, partner = (young[0], young[1]) if dice.random() < 0.8 else (young[1], young[0])
        surname = child.surname
        mother_birth = child.birth - int((21 + dice.random() * 9) * YEAR)
        if self._today - mother_birth > 97 * YEAR:
            return self.family(dice)
        head_birth = mother_birth - int(dice.random() * 5 * YEAR)
        head = self.person(dice, surname, head_birth, "男", "世帯主")
        members = [head]
        if dice.random() < 0.8:
            wife = self.person(dice, surname, mother_birth, "女", "妻")
            wife.maiden = self._names.surname(dice)
            members.append(wife)
        child.relationship, child.maiden = "子", None
        partner.relationship = f"子の{'妻' if partner.sex == '女' else '夫'}"
        partner.maiden = self._names.surname(dice)
        births = self._births(dice, eldest_age, self._how_many(dice), [child.birth, partner.birth])
        small: list[Member] = []
        for birth in births:
            small.append(self._child(dice, surname, birth, small))
        for grandchild in small:
            grandchild.relationship = "子の子"
        return Household([*members, child, partner, *small])

    def siblings(self, dice: Random) -> Household:
        """Return brothers or sisters who live together."""
        head = self.person(
            dice, self._names.surname(dice), self._born(dice, 22, 85), self._sex(dice), "世帯主"
        )
        birth = head.birth + int((dice.random() * 18 - 8) * YEAR)
        birth = min(max(birth, self._today - int(_OLDEST)), self._today - int(_ADULT))
        sex = self._sex(dice)
        older = birth < head.birth
        relationship = ("兄" if older else "弟") if sex == "男" else ("姉" if older else "妹")
        return Household([head, self.person(dice, head.surname, birth, sex, relationship)])

    def blended(self, dice: Random) -> Household:
        """Return a couple with a child of the wife's (妻の子), perhaps with one of both."""
        members = self._with_children(dice, 0.5, 9)
        head, wife = members[:2]
        eldest = members[2].birth if len(members) > 2 else self._today
        birth = eldest - int((3 + dice.random() * 5) * YEAR)
        if head.sex != "男" or not _LEAST_GAP <= birth - wife.birth <= _GREATEST_GAP:
            return Household(members)
        surname = head.surname if dice.random() < 0.6 else wife.maiden or head.surname
        child = self._child(dice, surname, birth, members[2:])
        child.relationship = "妻の子"
        return Household([head, wife, child, *members[2:]])

    def unregistered(self, dice: Random) -> Household:
        """Return a couple not married by 届出, each with an own surname."""
        members = self._couple(dice, self._born(dice, 24, 72))
        for member in members[1:]:
            member.surname = self._names.surname(dice)
            member.relationship += "（未届）"
        for member in members:
            member.maiden = None
        return Household(members)

    def sharing(self, dice: Random) -> Household:
        """Return people who share a household: 同居人, 縁故者, a cousin (父の兄の子)."""
        head = self.person(
            dice, self._names.surname(dice), self._born(dice, 24, 70), self._sex(dice), "世帯主"
        )
        roll = dice.random()
        relationship = "同居人" if roll < 0.6 else "縁故者" if roll < 0.85 else "父の兄の子"
        surname = head.surname if relationship == "父の兄の子" else self._names.surname(dice)
        other = self.person(dice, surname, self._born(dice, 19, 75), self._sex(dice), relationship)
        return Household([head, other])

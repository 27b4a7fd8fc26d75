"""What the generator knows of a household and its members before any row is written. Days are ordinals."""

from dataclasses import dataclass, field

from cloud.town.addresses import Address
from cloud.town.names import Written

SPOUSES = frozenset({"夫", "妻", "夫（未届）", "妻（未届）"})


@dataclass(slots=True)
class Removal:
    """消除: the status that follows, the reason, the day, and where the person went."""

    status: str
    reason: str
    day: int
    destination: str | None = None


@dataclass(slots=True)
class Origin:
    """The household in this city where a person was born and lived before this one."""

    household_no: str
    address: Address
    householder_name: str
    surname: Written


@dataclass(slots=True)
class Foreign:
    """What the register keeps of a foreign resident besides."""

    latin: str
    kanji: str
    kana: str
    nationality: str
    category: str
    status: str | None = None
    period: str | None = None
    until: int | None = None
    card_no: str | None = None
    tsusho: Written | None = None


@dataclass(slots=True, eq=False)
class Member:
    """A person in a household; ``joined`` is set for those who came after its start otherwise than by birth."""

    surname: Written
    given: Written
    birth: int
    sex: str
    relationship: str
    joined: int | None = None
    former_relationship: str | None = None
    origin: Origin | None = None
    maiden: Written | None = None
    former_surname_since: int | None = None
    removed: Removal | None = None
    foreign: Foreign | None = None
    birth_text: str | None = None
    birth_known: bool = True
    honseki: str | None = None
    hittosha: str | None = None
    came_from: str | None = None
    atena_no: str = ""

    @property
    def full_name(self) -> str:
        """Return the name as the register writes it; a foreigner's Latin name first."""
        if self.foreign:
            return f"{self.foreign.latin}　{self.foreign.kanji}" if self.foreign.kanji else self.foreign.latin
        return f"{self.surname.text}　{self.given.text}"

    @property
    def furigana(self) -> str:
        """Return the reading of the name."""
        return self.foreign.kana if self.foreign else f"{self.surname.kana}　{self.given.kana}"


@dataclass(slots=True, eq=False)
class Household:
    """世帯: its members in the order of the register, where it has lived, and what befell it as a whole."""

    members: list[Member]
    start: int = 0
    addresses: list[tuple[int, Address]] = field(default_factory=list)
    came_from: str = ""
    head_changed: int | None = None
    former_head_name: str | None = None
    leaving: tuple[int, int, str] | None = None  # planned day, day of the todoke, destination
    number: str = ""
    todoke_days: dict[int, int] = field(default_factory=dict)  # by the day of what happened: one 届出 for all

    @property
    def head(self) -> Member:
        """Return the present 世帯主: the first member."""
        return self.members[0]

    @property
    def living(self) -> list[Member]:
        """Return the members whose record is open."""
        return [member for member in self.members if member.removed is None]

    def arrived(self, member: Member) -> int:
        """Return the day a member came into this household."""
        if member.joined is not None:
            return member.joined
        return max(self.start, member.birth)

    def resident_since(self, member: Member) -> int:
        """Return the day a member became a resident of the city."""
        return member.birth if member.origin else self.arrived(member)

    def address_on(self, member: Member, day: int) -> Address:
        """Return where a member lived on a day in the city."""
        if member.origin and day < self.arrived(member):
            return member.origin.address
        found = self.addresses[0][1]
        for since, address in self.addresses:
            if since > day:
                break
            found = address
        return found

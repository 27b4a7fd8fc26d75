"""再転入 check: whether somebody who comes was in the register before ([STD j600]); each look is in the journal (P12)."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from client.domain.as_of import Answer
from client.domain.clerk import SignIn
from client.domain.errors import RefusedError, StoreError
from client.domain.query import Match, Query
from client.domain.resident import AtenaNo, Hit, ResidentStatus
from client.jobs.find_resident import FindResident

SHOWN = 3  # of those with the same three, whose day of removal is looked up


@dataclass(frozen=True, slots=True)
class ThreeFacts:
    """氏名, 生年月日, 性別 of somebody who comes; a foreigner may have a Latin name beside the other."""

    names: tuple[str, ...] = field(repr=False)
    birth: date
    sex: str


@dataclass(frozen=True, slots=True)
class Before:
    """Somebody of the register with the same three facts. No place: neither where they lived nor where they went (P08)."""

    atena_no: AtenaNo
    status: ResidentStatus
    day: date | None  # since when the record is closed
    protected: bool


class Former(Enum):
    """What the register says of a number that somebody is said to have had."""

    AGREES = "agrees"
    DIFFERS = "differs"  # in birth date or sex
    UNKNOWN = "unknown"


class CheckReentry:
    """Asks the register, live while it answers, else the replica. The answers say from where."""

    def __init__(self, find: FindResident) -> None:
        self._find = find

    async def people(self, sign_in: SignIn, facts: ThreeFacts) -> Answer[tuple[Before, ...]]:
        """Return who has or had these three facts; at most ``SHOWN``. Errors as FindResident."""
        hits: dict[AtenaNo, Hit] = {}
        answers = [await self._find.find(sign_in, _query(name, facts)) for name in facts.names]
        for answer in answers:
            hits |= {hit.atena_no: hit for hit in answer.value.hits}
        found = [await self._before(sign_in, hit) for hit in list(hits.values())[:SHOWN]]
        return Answer(tuple(found), answers[-1].as_of)

    async def former(self, sign_in: SignIn, number: AtenaNo, birth: date | None, sex: str) -> Answer[Former]:
        """Return whether a number is known, and its birth date and sex are those given. Errors as FindResident."""
        answer = await self._find.find(sign_in, Query(number=number, removed=True))
        hit = next((hit for hit in answer.value.hits if hit.atena_no == number), None)
        if hit is None:
            return Answer(Former.UNKNOWN, answer.as_of)
        other = birth and hit.birth.day and hit.birth.day != birth
        differs = other or (sex and hit.sex and hit.sex != sex)
        return Answer(Former.DIFFERS if differs else Former.AGREES, answer.as_of)

    async def _before(self, sign_in: SignIn, hit: Hit) -> Before:
        day = None
        if hit.status is not ResidentStatus.RESIDENT:
            with suppress(RefusedError, StoreError):  # a block forbids the look: the number alone is told
                household = (await self._find.household(sign_in, hit.atena_no)).value.household
                member = household.member(hit.atena_no)
                day = member.removal.day if member and member.removal else None
        return Before(hit.atena_no, hit.status, day, hit.protected)


def _query(name: str, facts: ThreeFacts) -> Query:
    """Ask for the same three, of closed records and of former names too."""
    return Query(
        name=name,
        birth=f"{facts.birth:%Y%m%d}",
        sex=facts.sex,
        match=Match.EXACT,
        removed=True,
        past=True,
    )

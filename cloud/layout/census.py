"""Who is known: every 宛名番号 with what the checks across rows need of it, some 300 bytes a resident."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cloud.contract import Row

MOST_VERSIONS = 9999
HOUSEHOLDS = "世帯数"
_HEAD = "世帯主"
_NAMES = {
    "resident": "現存",
    "tenshutsu": "転出",
    "death": "死亡",
    "shojo": "消除",
    "japanese": "日本人",
    "foreign": "外国人",
}


@dataclass(slots=True)
class Person:
    """One resident's versions, and the present one as far as others depend on it."""

    versions: int = 0  # a bit for each 履歴番号
    latest: int = 0
    line: int = 0
    status: str = ""
    kind: str = ""
    sex: str = ""
    household_no: str = ""
    is_head: bool = False

    @property
    def is_whole(self) -> bool:
        """Tell whether the versions are 1 to n without a gap."""
        return self.versions == (1 << (self.latest + 1)) - 2


class Census:
    """Residents, and whoever else has a 宛名番号."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.others: set[str] = set()
        self.households: set[str] = set()  # of anybody, in any version
        self.read: dict[str, int] = {}  # households of living residents read, and where first

    def resident(self, row: Row, line: int) -> None:
        """Take in a version of a resident; ValueError where its 履歴番号 is beyond counting."""
        history_no = row["history_no"]
        if not isinstance(history_no, int) or not 1 <= history_no <= MOST_VERSIONS:
            raise ValueError("a version number beyond counting")
        person = self.people.setdefault(str(row["atena_no"]), Person())
        person.versions |= 1 << history_no
        household_no = sys.intern(str(row.get("household_no", "")))
        self.households.add(household_no)
        if history_no >= person.latest:
            person.latest, person.line, person.household_no = history_no, line, household_no
            person.status, person.kind = str(row.get("status", "")), str(row.get("kind", ""))
            person.sex, person.is_head = str(row.get("sex", "")), row.get("relationship") == _HEAD
            if line and person.status == "resident":
                self.read.setdefault(household_no, line)

    def knows(self, atena_no: str) -> bool:
        """Tell whether anybody has this 宛名番号."""
        return atena_no in self.people or atena_no in self.others

    def gaps(self) -> Iterator[tuple[str, Person]]:
        """Yield residents of the delivery whose versions have a gap."""
        people = self.people.items()
        return ((atena_no, person) for atena_no, person in people if person.line and not person.is_whole)

    def led_wrongly(self) -> Iterator[tuple[int, list[tuple[str, Person]]]]:
        """Yield line and heads of each household of the delivery that has not exactly one: nobody, or several."""
        heads: dict[str, list[tuple[str, Person]]] = {}
        for atena_no, person in self.people.items():
            if person.status == "resident":
                found = heads.setdefault(person.household_no, [])
                if person.is_head:
                    found.append((atena_no, person))
        for household_no, found in heads.items():
            if len(found) != 1 and household_no in self.read:
                yield self.read[household_no], found

    def totals(self, without: set[str]) -> Counter[str]:
        """Count residents by state, kind and sex, and their households, leaving some out."""
        counts: Counter[str] = Counter()
        households = set()
        for atena_no, person in self.people.items():
            if atena_no not in without:
                counts[group_of(person.status, person.kind, person.sex)] += 1
                if person.status == "resident":
                    households.add(person.household_no)
        counts[HOUSEHOLDS] = len(households)
        return counts


def group_of(status: str, kind: str, sex: str) -> str:
    """Name what a resident is counted under."""
    return f"住民 {_NAMES.get(status, '?')} {_NAMES.get(kind, '?')} {sex or '性別なし'}"

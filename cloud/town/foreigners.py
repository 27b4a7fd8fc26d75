"""Foreign residents: names in Latin letters and kanji, 通称, and what 住基法 第30条の45 adds."""

from random import Random

from cloud.town.days import YEAR, year_of
from cloud.town.households import Composer
from cloud.town.names import Names, Written
from cloud.town.people import Foreign, Household, Member
from cloud.town.tables import Urn, read

_NO_NAME = Written("", "")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PERIOD_DAYS = {"6月": 182, "1年": 365, "1年3月": 456, "2年": 730, "3年": 1096, "4年3月": 1552, "5年": 1826}
_ALONE = ("技能実習", "特定技能１号")  # these statuses bring no family
_NEWBORN_DAYS = 60  # 出生による経過滞在者: 住基法 第30条の45


class Foreigners:
    """Draws foreign residents and their households; made once, it holds the tables and no state."""

    def __init__(self, names: Names, composer: Composer, today: int) -> None:
        self._names = names
        self._composer = composer
        self._today = today
        nations = read("nationalities")
        self._nations = Urn((row["nationality"], int(row["weight"])) for row in nations)
        parts: dict[tuple[str, str], list[tuple[dict[str, str], float]]] = {}
        for row in read("foreign_names"):
            parts.setdefault((row["nationality"], row["part"]), []).append((row, 1))
        self._parts = {key: Urn(rows) for key, rows in parts.items()}
        statuses = read("residence_status")
        self._statuses = {
            row["nationality"]: Urn(
                (status, int(status["weight"]))
                for status in statuses
                if status["nationality"] in ("*", row["nationality"])
            )
            for row in nations
        }

    def draw(self, dice: Random, at_most: int) -> Household:
        """Return a household with at least one foreign member and at most so many members."""
        roll = dice.random()
        if at_most >= 2 and roll < 0.1:
            return self._mixed(dice)
        if at_most >= 3 and roll < 0.28:
            return self._family(dice)
        return Household([self._principal(dice, self._nations.draw(dice))])

    def _principal(self, dice: Random, nationality: str) -> Member:
        status = self._statuses[nationality].draw(dice)
        age = int(status["age_from"]), int(status["age_to"])
        years = max(18.6, age[0]) + dice.random() * (age[1] - max(18.6, age[0]))
        sex = "男" if dice.random() < 0.5 else "女"
        birth = self._today - int(years * YEAR)
        return self.member(dice, nationality, birth, sex, relationship="世帯主", status=status)

    def _family(self, dice: Random) -> Household:
        nationality = self._nations.draw(dice)
        head = self._principal(dice, nationality)
        if head.foreign is None or not 24 * YEAR < self._today - head.birth < 46 * YEAR:
            return Household([head])
        if (head.foreign.status or "").startswith(_ALONE):
            return Household([head])
        sex, relationship = ("女", "妻") if head.sex == "男" else ("男", "夫")
        status = _family_status(head.foreign)
        spouse_birth = min(head.birth + int((dice.random() * 6 - 3) * YEAR), self._today - int(20 * YEAR))
        spouse = self.member(dice, nationality, spouse_birth, sex, relationship=relationship, status=status)
        members = [head, spouse]
        youngest_parent = max(head.birth, spouse.birth)
        birth = youngest_parent + int((19 + dice.random() * 8) * YEAR)
        if birth < self._today:
            sex = "男" if dice.random() < 0.5 else "女"
            members.append(
                self.member(
                    dice, nationality, birth, sex, relationship="子", status=status, family=head.foreign
                )
            )
        return Household(members)

    def _mixed(self, dice: Random) -> Household:
        household = self._composer.couple(dice)
        nationality = self._nations.draw(dice)
        old = household.members[1]
        status = {"status": "日本人の配偶者等", "category": "中長期在留者", "periods": "1年;3年;5年"}
        spouse = self.member(
            dice, nationality, old.birth, old.sex, relationship=old.relationship, status=status
        )
        household.head.maiden = None
        household.members = [household.head, spouse]
        return household

    def member(
        self,
        dice: Random,
        nationality: str,
        birth: int,
        sex: str,
        *,
        relationship: str,
        status: dict[str, str],
        family: Foreign | None = None,
    ) -> Member:
        """Return a foreign resident of a nationality with a residence status."""
        found = Member(_NO_NAME, _NO_NAME, birth, sex, relationship)
        found.foreign = self._foreign(dice, nationality, birth, sex, status=status, family=family)
        return found

    def _foreign(
        self,
        dice: Random,
        nation: str,
        birth: int,
        sex: str,
        *,
        status: dict[str, str],
        family: Foreign | None,
    ) -> Foreign:
        given = self._parts[nation, sex].draw(dice)
        surname = self._parts[nation, "family"].draw(dice)
        latin, kana, kanji = surname["latin"], surname["kana"], surname["kanji"]
        if family:
            latin = next(
                part for part in self._family_names(nation) if family.latin.startswith(part["latin"] + " ")
            )["latin"]
            kana, kanji = family.kana.split("　")[0], family.kanji.split("　")[0]
        foreign = Foreign(
            latin=f"{latin} {given['latin']}",
            kanji=f"{kanji}　{given['kanji']}" if kanji else "",
            kana=f"{kana}　{given['kana']}",
            nationality=nation,
            category=status["category"],
        )
        if self._today - birth < _NEWBORN_DAYS:
            foreign.category = "出生による経過滞在者"
            return foreign
        self._permit(dice, foreign, status)
        if dice.random() < _tsusho_share(nation, status["status"]):
            foreign.tsusho = self._tsusho(dice, sex, birth)
        return foreign

    def _family_names(self, nation: str) -> list[dict[str, str]]:
        # The longest first: DELA CRUZ before a shorter name that begins alike.
        return sorted(self._parts[nation, "family"].items, key=lambda part: -len(part["latin"]))

    def _permit(self, dice: Random, foreign: Foreign, status: dict[str, str]) -> None:
        letters = [_LETTERS[int(dice.random() * len(_LETTERS))] for _ in range(4)]
        foreign.card_no = f"{letters[0]}{letters[1]}{int(dice.random() * 10**8):08d}{letters[2]}{letters[3]}"
        if status["category"] == "特別永住者":
            return
        foreign.status = status["status"]
        if status["periods"] == "-":
            return
        periods = status["periods"].split(";")
        foreign.period = periods[int(dice.random() * len(periods))]
        foreign.until = self._today + int(dice.random() * _PERIOD_DAYS[foreign.period] * 1.02) - 7

    def _tsusho(self, dice: Random, sex: str, birth: int) -> Written:
        surname = self._names.surname(dice)
        given = self._names.given(dice, sex, year_of(birth))
        return Written(f"{surname.text}　{given.text}", f"{surname.kana}　{given.kana}")


def _family_status(head: Foreign) -> dict[str, str]:
    if head.category == "特別永住者":
        return {"status": "特別永住者", "category": "特別永住者", "periods": "-"}
    if head.status == "永住者":
        return {"status": "永住者", "category": "中長期在留者", "periods": "-"}
    status = "定住者" if head.status == "定住者" else "家族滞在"
    return {"status": status, "category": "中長期在留者", "periods": "1年;3年"}


def _tsusho_share(nation: str, status: str) -> float:
    if status == "特別永住者":
        return 0.85
    return 0.2 if nation in ("ブラジル", "ペルー", "中国", "フィリピン") else 0.04

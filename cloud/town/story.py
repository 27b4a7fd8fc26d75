"""Households every town has, whatever its size and seed: for demonstrations, drills and tests."""

from dataclasses import dataclass
from random import Random

from cloud.town.addresses import Address, Addresses, address
from cloud.town.days import ordinal
from cloud.town.names import Written
from cloud.town.numbers import Serials
from cloud.town.people import Foreign, Household, Member

FIRST_ATENA, FIRST_HOUSEHOLD = 100_000_001, 500_000_001
# Further numbers begin behind these.
FIRST_FREE_ATENA, FIRST_FREE_HOUSEHOLD = 100_001_000, 500_001_000
EARLIEST_TODAY = (2025, 6, 1)

_VS17, _VS3 = "\U000e0110", "\U000e0102"
_NO_DICE = Random(0)  # noqa: S311  story numbers have no gaps to draw


@dataclass(frozen=True, slots=True)
class Story:
    """The numbers of the story households; names are in ``cloud/town/story.py``."""

    household_no: str
    householder: str
    wife: str
    son: str
    daughter: str
    mother: str
    protected_household_no: str
    protected: tuple[str, ...]
    foreign_household_no: str
    foreigner: str


def _numbers() -> Story:
    atena = Serials(FIRST_ATENA, _NO_DICE, gap=0)
    household = Serials(FIRST_HOUSEHOLD, _NO_DICE, gap=0)
    family = [atena.take() for _ in range(5)]
    protected = tuple(atena.take() for _ in range(2))
    return Story(
        household_no=household.take(),
        householder=family[0],
        wife=family[1],
        son=family[2],
        daughter=family[3],
        mother=family[4],
        protected_household_no=household.take(),
        protected=protected,
        foreign_household_no=household.take(),
        foreigner=atena.take(),
    )


STORY = _numbers()


def _place(addresses: Addresses, name: str, chome: int, banchi: str, katagaki: str = "") -> Address:
    town = next(town for town in addresses.towns.items if town.name == name)
    return address(town, chome, banchi, katagaki)


def _member(
    surname: Written, given: tuple[str, str], born: tuple[int, int, int], sex: str, relationship: str
) -> Member:
    return Member(surname, Written(*given), ordinal(*born), sex, relationship)


def watanabe(addresses: Addresses) -> Household:
    """Return the story family: 渡邉󠄐 髙太郎, his wife, two children and his mother; nothing blocks them."""
    surname = Written(f"渡邉{_VS17}", "ワタナベ")
    head = _member(surname, ("髙太郎", "タカタロウ"), (1983, 4, 12), "男", "世帯主")
    wife = _member(surname, ("花子", "ハナコ"), (1985, 9, 3), "女", "妻")
    son = _member(surname, ("\U00020bb7之助", "キチノスケ"), (2016, 2, 29), "男", "子")
    daughter = _member(surname, ("さくら", "サクラ"), (2019, 5, 1), "女", "子")
    mother = _member(surname, ("キヨ", "キヨ"), (1954, 11, 23), "女", "母")
    wife.maiden = Written("山﨑", "ヤマサキ")
    wife.former_surname_since = ordinal(2021, 6, 21)
    mother.joined, mother.came_from = ordinal(2023, 4, 2), "みどり県しらかば市旭町二丁目7番15号"
    household = Household([head, wife, son, daughter, mother], start=ordinal(2014, 6, 14))
    household.came_from = "東京都練馬区若葉台三丁目11番8号　コーポ若葉205号"
    household.addresses = [
        (household.start, _place(addresses, "\U00020bb7野町", 2, "5番1号", "メゾン桜102号")),
        (
            ordinal(2021, 3, 20),
            _place(addresses, f"葛{_VS3}城町", 1, "2番3号", f"辻{_VS3}ハイツ\U00020bb7田301号"),
        ),
    ]
    honseki = "みどり県あおぞら市大字山﨑105番地"
    for member in household.members:
        member.honseki, member.hittosha = honseki, head.full_name
    mother.hittosha = f"渡邉{_VS17}　正治"
    return _number(
        household,
        STORY.household_no,
        (STORY.householder, STORY.wife, STORY.son, STORY.daughter, STORY.mother),
    )


def protected_family(addresses: Addresses) -> Household:
    """Return a mother and her child under 支援措置."""
    surname = Written("宮﨑", "ミヤザキ")
    head = _member(surname, ("恵", "メグミ"), (1990, 7, 18), "女", "世帯主")
    child = _member(surname, ("陽菜", "ヒナ"), (2015, 12, 5), "女", "子")
    household = Household([head, child], start=ordinal(2024, 10, 8))
    household.came_from = "みどり県みなと市浜町一丁目4番22号"
    household.addresses = [(household.start, _place(addresses, "泉", 3, "18番6号", "県営旭町団地7号棟204号"))]
    for member in household.members:
        member.honseki, member.hittosha = "みどり県みなと市浜町一丁目4番地", head.full_name
    return _number(household, STORY.protected_household_no, STORY.protected)


def foreigner(addresses: Addresses, today: int) -> Household:
    """Return a foreign resident with Latin name, kanji name and 通称."""
    head = Member(Written("", ""), Written("", ""), ordinal(1990, 4, 12), "女", "世帯主")
    head.foreign = Foreign(
        latin="CHEN XIAOYU",
        kanji="陳　暁雨",
        kana="チェン　シャオユー",
        nationality="中国",
        category="中長期在留者",
        status="技術・人文知識・国際業務",
        period="5年",
        until=today + 700,
        card_no="AB12345678CD",
        tsusho=Written("林　暁子", "ハヤシ　アキコ"),
    )
    household = Household([head], start=ordinal(2020, 1, 15))
    household.came_from = "中国"
    household.addresses = [
        (household.start, _place(addresses, "駅前町", 2, "14番9号", "シティハイム駅前508号室"))
    ]
    return _number(household, STORY.foreign_household_no, (STORY.foreigner,))


def _number(household: Household, number: str, atena_nos: tuple[str, ...]) -> Household:
    household.number = number
    for member, atena_no in zip(household.members, atena_nos, strict=True):
        member.atena_no = atena_no
    return household

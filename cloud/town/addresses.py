"""Addresses of the fictitious みどり県あおぞら市, and of the places people come from."""

from random import Random
from typing import NamedTuple

from cloud.town.numbers import municipality_code
from cloud.town.tables import Urn, read

PREFECTURE = "みどり県"
CITY = "あおぞら市"
CITY_KANA = "アオゾラシ"
# The numbers of real prefectures end at 47.
_AREA = "98201"
CODE = municipality_code(_AREA)
_KANJI = "〇一二三四五六七八九"
_HOUSE_SHARE = 0.6  # the rest live in a house of flats and have a 方書


class Town(NamedTuple):
    """町字: a part of the city, its reading, and how its houses are numbered."""

    oaza: str
    name: str
    kana: str
    style: str
    chome: int
    postcode: str


class Address(NamedTuple):
    """An address of the city: its columns of the contract, and its text as a paper shows it."""

    columns: dict[str, str]
    text: str


class Addresses:
    """Draws addresses; made once, it holds the tables and no state."""

    def __init__(self) -> None:
        self.towns = Urn((_town(row), int(row["weight"])) for row in read("towns"))
        parts = read("buildings")
        self._heads, self._tails, self._estates = (
            Urn((row["text"], int(row["weight"])) for row in parts if row["place"] == place)
            for place in ("head", "tail", "estate")
        )
        self._elsewhere = Urn((row["municipality"], int(row["weight"])) for row in read("elsewhere"))

    def draw(self, dice: Random) -> Address:
        """Return an address in the city."""
        town = self.towns.draw(dice)
        chome = 1 + int(dice.random() * town.chome) if town.chome else 0
        flat = dice.random() >= _HOUSE_SHARE
        return address(town, chome, _banchi(town.style, dice), self._katagaki(dice) if flat else "")

    def elsewhere(self, dice: Random) -> str:
        """Return an address outside the city; the municipality may be real, the street belongs to nobody."""
        municipality = self._elsewhere.draw(dice)
        town = self.towns.draw(dice)
        chome = f"{_KANJI[1 + int(dice.random() * town.chome)]}丁目" if town.chome else ""
        room = f"　{self._katagaki(dice)}" if dice.random() < 0.35 else ""
        return f"{municipality}{town.name}{chome}{_banchi(town.style, dice)}{room}"

    def honseki(self, dice: Random) -> str:
        """Return a 本籍: a place with 番 or 番地, never a 方書."""
        town = self.towns.draw(dice)
        place = f"{PREFECTURE}{CITY}" if dice.random() < 0.6 else self._elsewhere.draw(dice)
        chome = f"{_KANJI[1 + int(dice.random() * town.chome)]}丁目" if town.chome else ""
        number = 1 + int(dice.random() * (40 if town.chome else 2400))
        return f"{place}{town.name}{chome}{number}{'番' if dice.random() < 0.4 else '番地'}"

    def _katagaki(self, dice: Random) -> str:
        roll = dice.random()
        room = f"{1 + int(dice.random() * 8)}{1 + int(dice.random() * 12):02d}"
        if roll < 0.16:
            return f"{self._estates.draw(dice)}{1 + int(dice.random() * 20)}号棟{room}号"
        block = f"{'ABC'[int(dice.random() * 3)]}棟" if roll > 0.92 else ""
        return (
            f"{self._heads.draw(dice)}{self._tails.draw(dice)}{block}{room}{'号室' if roll < 0.4 else '号'}"
        )


def readings() -> list[tuple[str, str]]:
    """Return the 町字 of the city with their readings."""
    return [(row["name"], row["kana"]) for row in read("towns")]


def address(town: Town, chome: int, banchi: str, katagaki: str = "") -> Address:
    """Return an address of a part of the city, with its 住所コード of 11 digits ([STD j250])."""
    place = f"{PREFECTURE}{CITY}{town.name}" + (f"{_KANJI[chome]}丁目" if chome else "")
    columns = {
        "address_code": f"{_AREA}{town.oaza}{chome:03d}",
        "postcode": town.postcode,
        "address_town": place,
        "address_banchi": banchi,
    }
    if katagaki:
        columns["address_katagaki"] = katagaki
    return Address(columns, place + banchi + (f"　{katagaki}" if katagaki else ""))


def _banchi(style: str, dice: Random) -> str:
    if style != "aza":
        return f"{1 + int(dice.random() * 38)}番{1 + int(dice.random() * 44)}号"
    number, roll = 1 + int(dice.random() * 3200), dice.random()
    if roll < 0.4:
        return f"{number}番地"
    return f"{number}番地{'の' if roll > 0.85 else ''}{1 + int(dice.random() * 24)}"


def _town(row: dict[str, str]) -> Town:
    return Town(row["oaza"], row["name"], row["kana"], row["style"], int(row["chome"]), row["postcode"])

"""Rows of tables ``light_vehicle`` and ``fixed_asset``: what is owned and taxed where it stands."""

from datetime import date
from random import Random
from typing import NamedTuple

from cloud.town.days import birthday, iso, ordinal
from cloud.town.tables import Urn

Row = dict[str, object]

_ADULT = 18


class _Class(NamedTuple):
    """A kind of vehicle: yearly tax in yen, whether it is inspected, and how its plate begins."""

    name: str
    tax: int
    inspected: bool
    plate: str


# No transport office is called あおぞら: such a plate was never given out. [地方税法 第463条の15]
_CLASSES = Urn(
    (
        (_Class("軽四輪乗用（自家用）", 10_800, True, "あおぞら580"), 60),
        (_Class("軽四輪貨物（自家用）", 5_000, True, "あおぞら480"), 20),
        (_Class("原付一種", 2_000, False, "あおぞら市"), 10),
        (_Class("原付二種甲", 2_400, False, "あおぞら市"), 4),
        (_Class("二輪小型", 6_000, True, "あおぞら"), 4),
        (_Class("小型特殊（農耕作業用）", 2_400, False, "あおぞら市"), 2),
    )
)
_PLATE_KANA = "あいうえかきくけこ"
_LAND_YEN, _HOUSE_YEN = (18_000, 85_000), (15_000, 70_000)  # for a square metre, from and to
_SMALL_HOUSING_DM2 = 200_00  # 小規模住宅用地, taxed on a sixth (地方税法 第349条の3の2)
_LEAST = {"土地": 300_000, "家屋": 200_000}  # 免税点 (地方税法 第351条)


class Assets:
    """Writes assets; remembers how many, so that every identifier is given once."""

    def __init__(self, today: date, vehicle_year: int, asset_year: int) -> None:
        self._today = today.toordinal()
        self._april = ordinal(vehicle_year, 4, 1)
        self._asset_year = asset_year
        self._vehicles = 0
        self._assets = 0

    def vehicle(self, owner: str, birth: int, dice: Random) -> Row:
        """Return a vehicle bought some time since its owner was of age."""
        self._vehicles += 1
        kind = _CLASSES.draw(dice)
        low = max(birthday(birth, _ADULT), self._today - 12 * 365)
        acquired = low + int(dice.random() * max(1, self._today - low))
        number = int(dice.random() * 10_000)
        kana = _PLATE_KANA[int(dice.random() * len(_PLATE_KANA))]
        row: Row = {
            "vehicle_id": f"V{self._vehicles:07d}",
            "atena_no": owner,
            "plate": f"{kind.plate}　{kana}　{number // 100:02d}-{number % 100:02d}",
            "class": kind.name,
            "chassis_no": f"MDG{self._vehicles % 97:02d}-{self._vehicles:07d}",
            "acquired": iso(acquired),
            "annual_tax": kind.tax,
        }
        if dice.random() < 0.02 and acquired < self._today - 30:
            row["scrapped"] = iso(acquired + 30 + int(dice.random() * (self._today - acquired - 30)))
        elif kind.inspected:
            row["inspection_until"] = iso(self._today - 10 + int(dice.random() * 720))
        return row

    def is_taxed(self, vehicle: Row) -> bool:
        """Tell whether a vehicle was owned on the day that counts, 1 April (地方税法 第463条の16)."""
        day = iso(self._april)
        return str(vehicle["acquired"]) <= day < str(vehicle.get("scrapped", "9999-12-31"))

    def home(self, owner: str, place: str, dice: Random) -> list[Row]:
        """Return the land and the house of an owner at one place."""
        number = f"{1 + int(dice.random() * 900)}番{1 + int(dice.random() * 30)}"
        return [self._land(owner, place, number, dice), self.house(owner, place, number, "居宅", dice)]

    def _land(self, owner: str, place: str, number: str, dice: Random) -> Row:
        row = self._asset(owner, "土地", place, number)
        area = 60_00 + int(dice.random() * 260_00)
        value = _value(area, _LAND_YEN, dice)
        small = min(area, _SMALL_HOUSING_DM2)
        base = value * small // area // 6 + value * (area - small) // area // 3
        return row | {"use": "宅地", "area_dm2": area, "value": value, "tax_base": base}

    def field(self, owner: str, place: str, dice: Random) -> Row:
        """Return land nobody lives on."""
        row = self._asset(owner, "土地", place, f"{1 + int(dice.random() * 2000)}番")
        area = 150_00 + int(dice.random() * 2000_00)
        value = _value(area, (300, 9_000), dice)
        return row | {"use": "雑種地", "area_dm2": area, "value": value, "tax_base": value * 7 // 10}

    def house(self, owner: str, place: str, number: str, use: str, dice: Random) -> Row:
        """Return a building."""
        row = self._asset(owner, "家屋", place, number)
        area = 40_00 + int(dice.random() * 140_00)
        value = _value(area, _HOUSE_YEN, dice)
        return row | {"use": use, "area_dm2": area, "value": value, "tax_base": value}

    def _asset(self, owner: str, kind: str, place: str, number: str) -> Row:
        self._assets += 1
        return {
            "asset_id": f"{'L' if kind == '土地' else 'H'}{self._assets:07d}",
            "fiscal_year": self._asset_year,
            "atena_no": owner,
            "kind": kind,
            "place": place,
            "number": number,
        }


def _value(area_dm2: int, yen: tuple[int, int], dice: Random) -> int:
    return int(area_dm2 * (yen[0] + dice.random() * (yen[1] - yen[0]))) // 100


def fixed_asset_tax(assets: list[Row]) -> int:
    """Return the yearly tax of one owner: 1.4 in 100, nothing below the least base of a kind."""
    total = 0
    for kind, least in _LEAST.items():
        base = sum(int(str(row["tax_base"])) for row in assets if row["kind"] == kind)
        total += base if base >= least else 0
    return total // 1000 * 1000 * 14 // 1000 // 100 * 100

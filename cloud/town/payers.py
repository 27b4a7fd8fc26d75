"""Rows of tables ``outsider`` and ``corporation``: payers who are not residents, with what they own here."""

from collections.abc import Iterator
from datetime import date
from random import Random

from cloud.town.addresses import Addresses
from cloud.town.days import YEAR, iso, ordinal, wareki, year_of
from cloud.town.holdings import Holdings, TableRow
from cloud.town.names import Names
from cloud.town.numbers import Serials, corporate_number
from cloud.town.tables import Urn

FIRST_OUTSIDER, FIRST_CORPORATION = 300_000_001, 400_000_001
OUTSIDER_SHARE, CORPORATION_SHARE = 0.02, 0.01  # of the residents
_OWNERS = "固定資産税納税義務者"
_REASONS = Urn(((_OWNERS, 80), ("軽自動車税納税義務者", 12), ("相続人代表者", 8)))
_FORMS = Urn(
    (
        (("株式会社", "カブシキガイシャ"), 70),
        (("合同会社", "ゴウドウガイシャ"), 20),
        (("有限会社", "ユウゲンガイシャ"), 10),
    )
)
_TRADES = (
    ("商店", "ショウテン"),
    ("建設", "ケンセツ"),
    ("農園", "ノウエン"),
    ("製作所", "セイサクショ"),
    ("運輸", "ウンユ"),
)
_CLOSED_SHARE = 0.03


class Payers:
    """Draws payers; holds the tables and no state."""

    def __init__(self, names: Names, addresses: Addresses, holdings: Holdings, today: date) -> None:
        self._names = names
        self._addresses = addresses
        self._holdings = holdings
        self._today = today.toordinal()

    def rows(self, residents: int, dice: Random) -> Iterator[TableRow]:
        """Yield the payers of a town of so many residents; at least one of each kind."""
        numbers = Serials(FIRST_OUTSIDER, dice)
        for place in range(max(1, int(residents * OUTSIDER_SHARE))):
            yield from self._outsider(numbers.take(), dice, owner=place == 0)
        numbers = Serials(FIRST_CORPORATION, dice)
        for place in range(max(1, int(residents * CORPORATION_SHARE))):
            yield from self._corporation(numbers.take(), place + 1, dice)

    def _outsider(self, number: str, dice: Random, *, owner: bool) -> Iterator[TableRow]:
        sex = "男" if dice.random() < 0.6 else "女"
        birth = self._today - int((28 + dice.random() * 60) * YEAR)
        surname, given = self._names.surname(dice), self._names.given(dice, sex, year_of(birth))
        reason = _OWNERS if owner else _REASONS.draw(dice)
        yield (
            "outsider",
            {
                "atena_no": number,
                "full_name": f"{surname.text}　{given.text}",
                "furigana": f"{surname.kana}　{given.kana}",
                "birth_text": wareki(birth),
                "birth_sort": iso(birth),
                "sex": sex,
                "address": self._addresses.elsewhere(dice),
                "reason": reason,
            },
        )
        if reason.startswith("軽"):
            yield from self._holdings.vehicle(number, birth, dice)
        else:
            place = self._addresses.draw(dice).columns["address_town"]
            land = self._holdings.assets.field(number, place, dice)
            yield from self._holdings.taxed_assets(number, [land], dice)

    def _corporation(self, number: str, place: int, dice: Random) -> Iterator[TableRow]:
        form, trade = _FORMS.draw(dice), _TRADES[int(dice.random() * len(_TRADES))]
        surname, given = self._names.surname(dice), self._names.given(dice, "男", 1965)
        address = self._addresses.draw(dice)
        row: dict[str, object] = {
            "atena_no": number,
            "corporate_no": corporate_number(place),
            "name": f"{form[0]}{surname.text}{trade[0]}",
            "kana": f"{form[1]}{surname.kana}{trade[1]}",
            "postcode": address.columns["postcode"],
            "address": address.text,
            "representative": f"代表　{surname.text}　{given.text}",
        }
        if dice.random() < _CLOSED_SHARE:
            row["closed"] = iso(self._today - int(dice.random() * (self._today - ordinal(2015, 1, 1))))
        yield "corporation", row
        if "closed" not in row:
            town = address.columns["address_town"]
            office = self._holdings.assets.house(
                number, town, address.columns["address_banchi"], "事務所", dice
            )
            yield from self._holdings.taxed_assets(number, [office], dice)

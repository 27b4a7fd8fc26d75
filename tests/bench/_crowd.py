"""Residents by the hundred thousand for benches: seeded, drawn from the tables of the synthetic towns.

The households of a designated city live in wards (区), so that it has some thirteen hundred 町; a quarter of the people
have moved within the city once, some have had another surname, some are foreigners, some records are closed.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from cloud.town.addresses import CITY, Address, Addresses
from cloud.town.days import iso, ordinal, wareki, western
from cloud.town.names import Names, Written

WARDS = ("北区", "中区", "東区", "西区", "南区", "緑区", "港区", "旭区", "若葉区", "美里区")
_SIZES = (1,) * 38 + (2,) * 28 + (3,) * 17 + (4,) * 12 + (5,) * 5
_FIRST, _LAST = ordinal(1925, 1, 1), ordinal(2026, 10, 31)
_LATIN = ("NGUYEN", "TRAN", "SANTOS", "SILVA", "WANG", "LI", "KIM", "GARCIA", "SHRESTHA", "SMITH")
_LATIN_GIVEN = ("VAN AN", "THI LAN", "MARIA", "JOSE", "XIAO MING", "MIN JUN", "ANNA", "RAM", "PAT", "HUU NAM")
_TSUSHO = (("山本", "ヤマモト"), ("金田", "カネダ"), ("林", "ハヤシ"), ("新井", "アライ"))
Row = dict[str, object]


class Draw(NamedTuple):
    """What residents are drawn with."""

    dice: Random
    names: Names
    addresses: Addresses
    with_wards: bool


def residents(count: int, seed: int = 4) -> Iterator[Row]:
    """Yield rows of table ``resident``: each person's versions one after the other, the present one last."""
    draw = Draw(Random(seed), Names(), Addresses(), count > 200_000)  # noqa: S311 - invented people
    number = household = 0
    while number < count:
        household += 1
        surname, address = draw.names.surname(draw.dice), _address(draw)
        for order in range(1, draw.dice.choice(_SIZES) + 1):
            if number < count:
                yield from _versions(
                    draw, number, household=household, order=order, surname=surname, address=address
                )
                number += 1


def _versions(
    draw: Draw, number: int, *, household: int, order: int, surname: Written, address: dict[str, str]
) -> Iterator[Row]:
    dice = draw.dice
    birth = dice.randint(_FIRST, _LAST)
    sex = "男" if dice.random() < 0.5 else "女"
    row: Row = {
        "atena_no": f"{1_000_000_000 + number * 7}",
        "history_no": 1,
        "household_no": f"{2_000_000_000 + household * 7}",
        "order_no": order,
        "status": "resident" if dice.random() > 0.06 else "tenshutsu",
        "kind": "japanese",
        "birth_text": wareki(birth),
        "birth_sort": iso(birth),
        "sex": sex,
        "relationship": "世帯主" if order == 1 else "子",
        "resident_since_text": "平成30年4月1日",
        "resident_since_sort": "2018-04-01",
        **address,
    }
    if dice.random() < 0.03:
        row |= _foreign(dice, birth)
    else:
        given = draw.names.given(dice, sex, 1900 + (birth - _FIRST) // 365)
        row |= {
            "full_name": f"{surname.text}　{given.text}",
            "furigana": f"{surname.kana}　{given.kana}",
        }
        if order == 2 and dice.random() < 0.3:
            yield _before_marriage(draw, row, given)
            row["history_no"] = 2
        if dice.random() < 0.01:
            former = draw.names.surname(dice)
            row |= {"former_surname": former.text, "former_surname_furigana": former.kana}
    if dice.random() < 0.25:
        yield row | _address(draw)
        row = row | {"history_no": int(str(row["history_no"])) + 1}
    yield row


def _before_marriage(draw: Draw, row: Row, given: Written) -> Row:
    maiden = draw.names.surname(draw.dice)
    return row | {
        "full_name": f"{maiden.text}　{given.text}",
        "furigana": f"{maiden.kana}　{given.kana}",
    }


def _foreign(dice: Random, birth: int) -> Row:
    family, given = dice.choice(_LATIN), dice.choice(_LATIN_GIVEN)
    row: Row = {
        "kind": "foreign",
        "latin_name": f"{family} {given}",
        "birth_text": western(birth),
        "residence_card_no": f"{dice.choice('ABCD')}{dice.choice('EFGH')}{dice.randrange(10**8):08}{dice.choice('JKL')}A",
    }
    if dice.random() < 0.4:
        text, kana = dice.choice(_TSUSHO)
        row |= {"tsusho": f"{text}　{dice.choice('優安明')}", "tsusho_furigana": f"{kana}　ユウ"}
    return row


def _address(draw: Draw) -> dict[str, str]:
    drawn: Address = draw.addresses.draw(draw.dice)
    columns = dict(drawn.columns)
    if draw.with_wards:
        ward = draw.dice.choice(WARDS)
        columns["address_town"] = columns["address_town"].replace(CITY, CITY + ward, 1)
    return columns

"""What letters of a town's own (外字) count as in the search: the letter of their number in 文字情報基盤 ([STD j330])."""

import re
from collections.abc import Iterable, Mapping
from functools import cache

import sqlalchemy as sa

from cloud import storage
from cloud.letters import is_gaiji
from resources import read_text

Links = Mapping[int, str]  # a private-use code point to the letter it counts as
_HEX = re.compile(r"[0-9A-Fa-f]{4,6}")
_NUMBER = re.compile(r"MJ(\d{4})(\d{2})", re.IGNORECASE)
_LAST_CODE = 0x10FFFF
_BEARING = (
    *("full_name", "tsusho", "former_surname", "latin_name"),
    *("address_town", "address_banchi", "address_katagaki"),
)


def links(connection: sa.Connection, municipality: str) -> Links:
    """Return what each letter of a town's own counts as, whenever it was in force; one without a number is itself."""
    gaiji = storage.rows["gaiji"]
    query = sa.select(gaiji.c.code, gaiji.c.mj_code).where(gaiji.c.municipality == municipality)
    found = {letter_of(str(code)): _of_number(number or "") for code, number in connection.execute(query)}
    return {ord(own): other for own, other in found.items() if own and other}


def letter_of(code: str) -> str:
    """Return the letter of a code in hex; empty where it is no private-use code point."""
    if not _HEX.fullmatch(code) or int(code, 16) > _LAST_CODE:
        return ""
    letter = chr(int(code, 16))
    return letter if is_gaiji(letter) else ""


def bearers(connection: sa.Connection, municipality: str, codes: Iterable[str]) -> list[str]:
    """Return residents in whose name or address one of some letters stands; every record is read."""
    resident = storage.rows["resident"]
    held = [
        resident.c[column].contains(letter)
        for letter in map(letter_of, codes)
        if letter
        for column in _BEARING
    ]
    if not held:
        return []
    query = (
        sa.select(resident.c.atena_no)
        .distinct()
        .where(resident.c.municipality == municipality, sa.or_(*held))
    )
    return list(connection.execute(query).scalars())


def _of_number(number: str) -> str:
    found = _NUMBER.fullmatch(number.strip())
    letters = _letters().get(found[1], "") if found else ""
    place = int(found[2]) if found else 0
    return letters[place].strip() if place < len(letters) else ""


@cache
def _letters() -> dict[str, str]:
    """Return the letters of the contract's table by the first four digits of their numbers, a hundred a line."""
    lines = (
        line.split("\t") for line in read_text("contract", "mj_letters.tsv").splitlines() if "\t" in line
    )
    return {head.removeprefix("MJ"): letters for head, letters in lines}

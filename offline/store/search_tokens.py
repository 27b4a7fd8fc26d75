"""The words the search index keeps of a person, and those a typed key asks for.

Every token begins with a small letter that says what it is of:

``u k`` a letter, two letters of a reading · ``n m`` of a written name · ``a g``, ``p q`` the same where one begins ·
``r v`` a reading, a name as a whole, as one of 4,096 numbers ·
``y o d e`` birth year, month, day, day of any year, ``x`` an unknown one · ``t`` the 町 · ``s`` the 町 with the first
number of the address · ``f`` that number alone · ``i`` any number, of a 丁目 too · ``j`` two numbers in a row ·
``w`` a letter with the number behind it · ``l b`` a letter, two letters of an address · ``c`` a card's number ·
``z`` before any of these: of a former name or address.

What is asked for is always what every match must have, never more; the match itself is proved by the keys.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from zlib import crc32

from client.domain.date_span import DateSpan
from client.domain.place_key import NUMBER
from offline.store.search_key import Keys, pieces

PAST = "z"
_STAND_IN = "\u00b7"  # for ASCII signs, which the tokenizer would split at
_LONGEST_NUMBER = 6
_WHOLE = 1 << 12
_ELEMENT = re.compile(rf"{NUMBER}(\d+)|([^{NUMBER}])")
TownNo = Callable[[str], int]


def tokens_of(keys: Keys, town_no: TownNo) -> str:
    """Return the words the index keeps of a person; the number of a 町 is told by ``town_no``."""
    found = set(_called(keys.readings, keys.names))
    found.update(_born(keys.born))
    if keys.card:
        found.add(f"c{_safe(keys.card)}")
    if keys.place is not None:
        found.update(_lives(town_no(keys.place.town), keys.place.town, keys.place.rest))
    past = set(_called(keys.past_readings, keys.past_names))
    for place in keys.past_places:
        past.update(_lives(town_no(place.town), place.town, place.rest))
    return " ".join([*found, *(PAST + token for token in past)])


def _called(readings: Iterable[str], names: Iterable[str]) -> list[str]:
    found: list[str] = []
    for reading in map(_safe, readings):
        found += ["u" + letter for letter in reading]
        found += ["k" + piece for piece in pieces(reading)]
        found += ("a" + reading[:1], "g" + reading[:2], "r" + _number_of(reading))
    for name in map(_safe, names):
        found += ["n" + letter for letter in name]
        found += ["m" + piece for piece in pieces(name)]
        found += ("p" + name[:1], "q" + name[:2], "v" + _number_of(name))
    return found


@lru_cache(maxsize=50_000)
def _born(born: DateSpan) -> tuple[str, ...]:
    first, last = day_number(born.first), day_number(born.last)
    found = ["x"] if born.unknown else []
    if first // 10_000 == last // 10_000:
        found.append(f"y{first // 10_000}")
    if first // 100 == last // 100:
        found.append(f"o{first // 100}")
    if first == last:
        found += [f"d{first}", f"e{first % 10_000:04}"]
    return tuple(found)


@lru_cache(maxsize=1_000)  # a household lives in one place
def _lives(town: int, name: str, rest: str) -> tuple[str, ...]:
    found = [f"t{town}", *_numbers_of(name)]
    number_before = letter_before = ""
    for at, (number, letter) in enumerate(_ELEMENT.findall(_safe(rest, NUMBER))):
        if number:
            beginnings = _prefixes(number)
            found += ["i" + prefix for prefix in beginnings]
            if not at:
                found += [f"s{town}x{prefix}" for prefix in beginnings]
                found += ["f" + prefix for prefix in beginnings]
            elif number_before:
                before = f"j{number_before[:_LONGEST_NUMBER]}x"
                found += [before + prefix for prefix in beginnings]
            elif letter_before:
                before = "w" + letter_before
                found += [before + prefix for prefix in beginnings]
        else:
            found.append("l" + letter)
            if letter_before:
                found.append("b" + letter_before + letter)
        number_before, letter_before = number, letter
    return tuple(found)


@lru_cache(maxsize=10_000)
def _numbers_of(town: str) -> tuple[str, ...]:
    return tuple("i" + prefix for number, _ in _ELEMENT.findall(town) for prefix in _prefixes(number))


@lru_cache(maxsize=10_000)
def _prefixes(number: str) -> Sequence[str]:
    return [number[:end] for end in range(1, min(len(number), _LONGEST_NUMBER) + 1)]


def reading_tokens(key: str) -> list[str]:
    """Return what readings that hold a key have."""
    return ["k" + piece for piece in pieces(_safe(key))] or ["u" + _safe(key)]


def name_tokens(key: str) -> list[str]:
    """Return what names that hold a key have."""
    return ["m" + piece for piece in pieces(_safe(key))] or ["n" + _safe(key)]


def leading_token(key: str) -> str:
    """Return what names that begin with a key have."""
    return f"{'q' if len(key) > 1 else 'p'}{_safe(key[:2])}"


def leading_reading_token(key: str) -> str:
    """Return what readings that begin with a key have."""
    return f"{'g' if len(key) > 1 else 'a'}{_safe(key[:2])}"


def whole_name_token(key: str) -> str:
    """Return what names that are a key have."""
    return "v" + _number_of(_safe(key))


def whole_reading_token(key: str) -> str:
    """Return what readings that are a key have."""
    return "r" + _number_of(_safe(key))


def _number_of(key: str) -> str:
    return f"{crc32(key.encode('utf-8', 'surrogatepass')) % _WHOLE:03x}"


def card_token(card: str) -> str:
    """Return what a person with a card of this number has."""
    return f"c{_safe(card)}"


def town_token(town: int) -> str:
    """Return what those have who live in a 町."""
    return f"t{town}"


def number_token(key: str) -> str | None:
    """Return what addresses have that hold a key of one number, wherever it stands; None of any other key."""
    found = _ELEMENT.fullmatch(key)
    return f"i{found[1][:_LONGEST_NUMBER]}" if found and found[1] else None


def rest_tokens(key: str) -> list[str]:
    """Return what addresses have that hold a key behind the 町."""
    found: list[str] = []
    number_before = letter_before = ""
    for number, letter in _ELEMENT.findall(_safe(key, NUMBER)):
        if number and number_before:
            found.append(f"j{number_before[:_LONGEST_NUMBER]}x{number[:_LONGEST_NUMBER]}")
        elif number:
            found.append((f"w{letter_before}" if letter_before else "i") + number[:_LONGEST_NUMBER])
        else:
            found.append(f"b{letter_before}{letter}" if letter_before else f"l{letter}")
        number_before, letter_before = number, letter
    return found


def beginning_tokens(key: str) -> list[str]:
    """Return what addresses have whose part behind the 町 begins with a key."""
    number = _ELEMENT.findall(key)[0][0]
    return [*([f"f{number[:_LONGEST_NUMBER]}"] if number else []), *rest_tokens(key)]


def town_and_number_token(town: int, key: str) -> str:
    """Return what those have who live in a 町, with an address there that begins with a key."""
    number = _ELEMENT.findall(key)[0][0]
    return f"s{town}x{number[:_LONGEST_NUMBER]}" if number else town_token(town)


def birth_tokens(span: DateSpan) -> list[str]:
    """Return words of which everyone born within a span has one; none where the index does not help."""
    if span.yearless:
        month, day = span.yearless
        return [f"e{month:02}{day:02}"]
    if span.first == span.last:
        return [f"d{span.first:%Y%m%d}"]
    if span.first.year == span.last.year:
        months = range(span.first.month, span.last.month + 1)
        if len(months) == 1:
            return [f"o{span.first:%Y%m}"]
        return [f"y{span.first:%Y}"]
    return ["x"] if span.unknown else []


def _safe(text: str, also: str = "") -> str:
    if text.isalnum():
        return text
    return "".join(
        letter if letter.isalnum() or letter > "\x7f" or letter in also else _STAND_IN for letter in text
    )


def day_number(day: date) -> int:
    """Return a day as the index keeps it: 19830412."""
    return day.year * 10_000 + day.month * 100 + day.day

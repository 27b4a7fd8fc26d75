"""What a search must find, said in the plainest way: every record is read whole, every word is tried in every sense.

No index, no stored key, no plan; slow, and plain enough to be believed.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from functools import cache, cached_property
from itertools import groupby

from client.domain import date_span
from client.domain.calendar import RegisterDate
from client.domain.date_span import DateSpan
from client.domain.letters import is_kana, kana_key
from client.domain.place_key import place_key
from client.domain.query import Match, Query
from offline.store.search_key import name_key, reading_keys

Row = Mapping[str, object]
_NAMES = ("full_name", "tsusho", "former_surname", "latin_name")
_PLACES = ("address_town", "address_banchi", "address_katagaki")
_SPOKEN = ("furigana", "tsusho_furigana", "former_surname_furigana")


typed_dates = cache(date_span.typed_dates)


class Version:
    """One version of a record, with what it says in the letters it is compared by."""

    def __init__(self, row: Row) -> None:
        self.row = row

    @cached_property
    def readings(self) -> list[str]:
        """Return every way a name is read."""
        texts = [str(self.row[column]) for column in _SPOKEN if column in self.row]
        texts += [
            str(self.row[column])
            for column in _NAMES
            if column in self.row and is_kana(str(self.row[column]))
        ]
        return [key for text in texts for key in reading_keys(text) if key]

    @cached_property
    def names(self) -> list[str]:
        """Return every name as it is written."""
        return [key for column in _NAMES if column in self.row and (key := name_key(str(self.row[column])))]

    @cached_property
    def place(self) -> str:
        """Return the address."""
        return "".join(place_key(str(self.row.get(column, ""))) for column in _PLACES)

    @cached_property
    def born(self) -> DateSpan:
        """Return the birth date."""
        return date_span.recorded(RegisterDate(str(self.row.get("birth_text", "")), None))


class Person:
    """A resident with every version of the record."""

    def __init__(self, versions: list[Row], shelters: Collection[object]) -> None:
        *self.before, self.now = map(Version, versions)
        self.shelters = shelters

    def hides(self, version: "Version") -> bool:
        """Tell whether nobody without the right may know the place of a version."""
        return any(one.row["household_no"] in self.shelters for one in (version, self.now))

    @cached_property
    def order(self) -> tuple[str, str]:
        """Return the place in kana order."""
        return (self.now.readings or self.now.names[-1:] or [""])[0], str(self.now.row["atena_no"])


def people_of(rows: Iterable[Row], protected: Iterable[str] = ()) -> list[Person]:
    """Return everyone the rows are of."""
    ordered = sorted(rows, key=lambda row: (str(row["atena_no"]), int(str(row["history_no"]))))
    by_person = [list(versions) for _, versions in groupby(ordered, key=lambda row: row["atena_no"])]
    shelters = {one[-1]["household_no"] for one in by_person if one[-1]["atena_no"] in set(protected)}
    return [Person(one, shelters) for one in by_person]


def found(rows: Iterable[Row], query: Query, protected: Iterable[str] = ()) -> list[str]:
    """Return the numbers of all who match, in the order of the list."""
    return found_among(people_of(rows, protected), query)


def found_among(people: Iterable[Person], query: Query) -> list[str]:
    """Return the numbers of all of some people who match, in the order of the list."""
    words = _words(query)
    if not words:
        return []
    hits = [
        (_part(person, words[0], query), *person.order)
        for person in people
        if (query.removed or person.now.row["status"] == "resident")
        and all(_means(person, sense, word, query) for sense, word in words)
        and (not query.sex or person.now.row.get("sex") == query.sex)
    ]
    return [atena_no for *_, atena_no in sorted(hits)]


def _words(query: Query) -> list[tuple[str, str]]:
    """Return each word with the sense it is in: any, or that of its field."""

    def split(text: str) -> list[str]:
        return unicodedata.normalize("NFKC", "".join(filter(_is_seen, text))).split()

    words = [("any", word) for word in split(query.typed) if _counts(word)]
    names = split(query.name)
    if query.match is not Match.INFIX and names:
        names = ["".join(names)]
    words += [("name", word) for word in names]
    words += [("place", word) for word in split(query.place)]
    if split(query.birth):
        words.append(("birth", " ".join(split(query.birth))))
    words += [("number", word) for word in split(query.number)]
    return words or ([("sex", query.sex)] if query.sex else [])


def _is_seen(letter: str) -> bool:
    code = ord(letter)
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return False
    return letter.isspace() or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}


def _counts(word: str) -> bool:
    return bool(kana_key(word) if is_kana(word) else name_key(word)) or bool(place_key(word))


def _means(person: Person, sense: str, word: str, query: Query) -> bool:
    return (
        (sense in {"any", "birth"} and _born(person, word))
        or (sense in {"any", "number"} and _numbered(person, word))
        or (sense in {"any", "place"} and _lives(person, word, query))
        or _called(person, sense, word, query)
        or sense == "sex"
    )


def _is_name(sense: str, word: str) -> bool:
    plain = unicodedata.normalize("NFKC", word)
    card = re.fullmatch(r"[A-Z]{2}\d{8}[A-Z]{2}", plain.upper())
    return sense == "name" or (
        sense == "any" and not typed_dates(word) and not plain.isdecimal() and not card
    )


def _called(person: Person, sense: str, word: str, query: Query) -> bool:
    if not _is_name(sense, word):
        return False
    versions = [person.now, *(person.before if query.past else [])]
    if is_kana(word):
        key, keys = kana_key(word), [key for one in versions for key in one.readings]
    else:
        key, keys = name_key(word), [key for one in versions for key in one.names]
    compare = {Match.INFIX: str.__contains__, Match.PREFIX: str.startswith, Match.EXACT: str.__eq__}
    match = query.match if sense == "name" else Match.INFIX
    return bool(key) and any(compare[match](one, key) for one in keys)


def _part(person: Person, first: tuple[str, str], query: Query) -> int:
    """Return which part of the list somebody belongs to: the name begins with the first word, holds it, or else."""
    sense, word = first
    if not _is_name(sense, word):
        return 2
    if is_kana(word):
        key, begins = (
            kana_key(word),
            bool(person.now.readings) and person.order[0].startswith(kana_key(word)),
        )
    else:
        key = name_key(word)
        begins = any(name.startswith(key) for name in person.now.names)
    if key and begins:
        return 0
    return 1 if _called(person, sense, word, query) else 2


def _born(person: Person, word: str) -> bool:
    return any(_within(person.now.born, span) for span in typed_dates(word))


def _within(birth: DateSpan, span: DateSpan) -> bool:
    if span.yearless:
        return birth.first == birth.last and (birth.first.month, birth.first.day) == span.yearless
    return span.first <= birth.first <= birth.last <= span.last and (birth.unknown or not span.unknown)


def _numbered(person: Person, word: str) -> bool:
    plain = unicodedata.normalize("NFKC", word)
    numbers = {person.now.row["atena_no"], person.now.row["household_no"]}
    card = str(person.now.row.get("residence_card_no", "")).upper()
    return plain in numbers or bool(
        card and re.fullmatch(r"[A-Z]{2}\d{8}[A-Z]{2}", plain.upper()) and plain.upper() == card
    )


def _lives(person: Person, word: str, query: Query) -> bool:
    key = place_key(word)
    versions = [person.now, *(person.before if query.past else [])]
    return bool(key) and any(key in one.place for one in versions if query.sheltered or not person.hides(one))

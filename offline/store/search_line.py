"""The line the index keeps of a person: what a search compares; from the versions of a record, and back to its keys."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from client.domain.date_span import DateSpan
from client.domain.gaiji import gaiji_links
from client.domain.record import gaiji_from_row
from offline.store.rows import Row, table_named
from offline.store.search_key import NAME_COLUMNS, PLACE_COLUMNS, READING_COLUMNS, Keys, Links, Place, keys_of
from offline.store.search_tokens import day_number, tokens_of

# A person's line: what a search compares, so that no record is read for one that does not match.
PERSON = (
    *("rk", "atena_no", "history_no", "household_no", "order_no", "living", "kana", "readings", "names"),
    *("born_first", "born_last", "born_unknown", "sex", "card", "town", "rest"),
    *("past_readings", "past_names", "past_places", "hidden_place", "record"),
)
_TOLD = ("atena_no", "history_no", "household_no", "order_no", "status")
NEEDED = (
    "rowid",
    *_TOLD,
    "birth_text",
    "sex",
    "residence_card_no",
    *NAME_COLUMNS,
    *READING_COLUMNS,
    *PLACE_COLUMNS,
)
Line = tuple[Any, ...]


class Towns:
    """The 町 and their numbers; one that is new gets the next."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._numbers: dict[str, int] = dict(connection.execute("SELECT key, no FROM search_town"))
        self._keys = {no: key for key, no in self._numbers.items()}

    def number(self, key: str) -> int:
        """Return the number of a 町."""
        known = self._numbers.get(key)
        if known is None:
            known = len(self._numbers) + 1
            self._connection.execute("INSERT INTO search_town VALUES (?, ?)", (known, key))
            self._numbers[key], self._keys[known] = known, key
        return known

    def key(self, number: int) -> str:
        """Return the key of a 町."""
        return self._keys[number]


class Making:
    """What lines are made with: the 町, the homes that are shelters, and what the town's own letters count as."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.towns = Towns(connection)
        self.hidden = sheltered_homes(connection)
        self.links = links_of(connection)

    def line(self, versions: Sequence[Row]) -> Line:
        """Return a person's line without its place in the order, and behind it the words."""
        return _line(versions, self)


def links_of(connection: sqlite3.Connection) -> Links:
    """Return which letter each of the town's own counts as, whenever it was in force."""
    found = gaiji_links(map(gaiji_from_row, table_named("gaiji").where(connection, "")))
    return {ord(letter): other for letter, other in found.items()}


def _line(versions: Sequence[Row], made: Making) -> Line:
    present, towns = versions[-1], made.towns
    keys = keys_of(versions, shelters=made.hidden, links=made.links)
    return (
        *(present[column] for column in _TOLD[:-1]),
        int(present["status"] == "resident"),
        keys.kana,
        "\n".join(keys.readings[1:]) if keys.readings else None,  # the first is the one that orders the list
        "\n".join(keys.names),
        day_number(keys.born.first),
        day_number(keys.born.last),
        int(keys.born.unknown),
        keys.sex,
        keys.card,
        None if keys.place is None else towns.number(keys.place.town),
        None if keys.place is None else keys.place.rest,
        "\n".join(keys.past_readings) or None,
        "\n".join(keys.past_names) or None,
        _written(keys.past_places, towns) or None,
        _whole(*keys.hidden),
        present["rowid"],
        tokens_of(keys, towns.number),
    )


def _written(places: Iterable[Place], towns: Towns) -> str:
    return "\n".join(f"{towns.number(place.town)}:{place.rest}" for place in places)


def _whole(now: Place | None, before: Sequence[Place]) -> str | None:
    """Return the keys of the places that are a shelter's: the present one or nothing, and a line each for former ones."""
    if now is None and not before:
        return None
    return "\n".join("" if place is None else place.town + place.rest for place in (now, *before))


def keys_in(line: Line, towns: Towns) -> Keys:
    """Return the keys a line was made from."""
    told = dict(zip(PERSON, line, strict=True))
    spoken = () if told["readings"] is None else (told["kana"], *_split(told["readings"]))
    place = None if told["town"] is None else Place(towns.key(told["town"]), told["rest"])
    past = (entry.partition(":") for entry in _split(told["past_places"]))
    return Keys(
        kana=told["kana"],
        readings=spoken,
        names=_split(told["names"]),
        born=_span(told["born_first"], told["born_last"], told["born_unknown"]),
        sex=told["sex"],
        card=told["card"],
        place=place,
        past_readings=_split(told["past_readings"]),
        past_names=_split(told["past_names"]),
        past_places=tuple(Place(towns.key(int(number)), rest) for number, _, rest in past),
    )


def sheltered_homes(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the households with somebody under 支援措置, by whatever dates, living there or closed there (P08)."""
    found = connection.execute(
        "SELECT DISTINCT household_no FROM resident r WHERE atena_no IN (SELECT atena_no FROM shien_sochi)"
        " AND history_no = (SELECT max(history_no) FROM resident s WHERE s.atena_no = r.atena_no)"
    )
    return frozenset(home for (home,) in found)


def _span(first: int, last: int, unknown: int) -> DateSpan:
    return DateSpan(_day(first), _day(last), bool(unknown))


def _day(number: int) -> date:
    return date(number // 10_000, number // 100 % 100, number % 100)


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()

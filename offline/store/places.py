"""Places the replica knows from those who live there openly: 町 by name or 郵便番号, buildings by where they stand (P08).

The register has no readings of 町: one is sought by its kana where the question brings the names that begin so. 町 come
in the order of their 住所コード.
"""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from client.domain.place_key import NUMBER, place_key
from client.domain.places import MOST_PLACES, KnownPlace, PlaceQuery, PlaceSought
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.rules.buildings import building_of
from offline.store import doubt, residents
from offline.store.door import one
from offline.store.search import Finder
from offline.store.search_line import PERSON
from offline.store.search_tokens import town_token

_SAMPLE = 8  # people of a 町 who are asked how it is written: it may have several postcodes
_MOST_NEIGHBOURS = 500  # people at a 番地 who are asked for their building
_DIGITS = 7
_CHOME = re.compile(f"{NUMBER}[0-9]+$")
_RECORD, _HOME = PERSON.index("record"), PERSON.index("household_no")
_IN_TOWN = f"""
SELECT DISTINCT address_town, postcode, address_code FROM (
    SELECT r.address_town, r.postcode, r.address_code
    FROM (SELECT rowid AS found FROM token WHERE token MATCH ?) CROSS JOIN person ON rk = found
    CROSS JOIN resident r ON r.rowid = record
    WHERE town = ? AND living AND person.household_no NOT IN (SELECT household_no FROM search_shelter)
        AND person.household_no NOT IN (SELECT value FROM json_each(?)) LIMIT {_SAMPLE})
"""
_RECORDS = """
SELECT r.address_town, r.address_banchi, r.address_katagaki
FROM json_each(?) wanted CROSS JOIN resident r ON r.rowid = wanted.value
"""


@dataclass(frozen=True, slots=True)
class _Town:
    place: KnownPlace
    key: str
    own_key: str  # without prefecture and municipality, which nobody types
    order: tuple[str, str]


class Places:
    """Looks places up in one file; keeps the list of 町 until a row changes. For one thread."""

    def __init__(self) -> None:
        self._towns: tuple[_Town, ...] = ()
        self._of: object = None  # the state of the file, and the hidden homes, that the list is of

    def find(
        self,
        connection: sqlite3.Connection,
        finder: Finder,
        asked: PlaceQuery,
        *,
        sheltered: Collection[AtenaNo] = (),
    ) -> tuple[KnownPlace, ...]:
        """Return places; ``sheltered`` are protected by a hold. Nothing while a measure may be missing here."""
        if doubt.is_any(connection):
            return ()
        homes = residents.homes_of(connection, sheltered)
        if asked.sought is PlaceSought.BUILDING:
            names = _buildings(connection, finder, asked, homes)
            return tuple(KnownPlace(name) for name in names)
        found = _matching(self._known(connection, homes), asked)
        return tuple(town.place for town in found[:MOST_PLACES])

    def _known(self, connection: sqlite3.Connection, homes: Collection[str]) -> tuple[_Town, ...]:
        # Another's commit raises data_version, this connection's own total_changes; a new connection counts anew.
        version = one(connection, "PRAGMA data_version")
        state = (connection, version, connection.total_changes, frozenset(homes))
        if self._of != state:
            self._towns, self._of = tuple(_towns(connection, homes)), state
        return self._towns


def _towns(connection: sqlite3.Connection, homes: Iterable[str]) -> list[_Town]:
    told = connection.execute("SELECT coalesce(prefecture, '') || name FROM town").fetchone()
    ahead, hidden = place_key(told[0]) if told else "", json.dumps(sorted(homes))
    found: set[_Town] = set()
    for (number,) in connection.execute("SELECT no FROM search_town").fetchall():
        for text, postcode, code in connection.execute(_IN_TOWN, (f'"{town_token(number)}"', number, hidden)):
            key = place_key(text)
            found.add(
                _Town(KnownPlace(text, postcode or ""), key, key.removeprefix(ahead), (code or "", text))
            )
    return sorted(found, key=lambda town: (town.order, town.place.postcode))


def _matching(towns: Iterable[_Town], asked: PlaceQuery) -> list[_Town]:
    if asked.sought is PlaceSought.POSTCODE:
        digits = _digits(asked.typed)
        return [town for town in towns if len(digits) == _DIGITS and _digits(town.place.postcode) == digits]
    key, named = place_key(asked.typed), frozenset(map(place_key, asked.named))
    if not key:
        return []
    begins = {town for town in towns if town.own_key.startswith(key) or (named and _is_named(town, named))}
    holding = [town for town in towns if key in town.key or town in begins]
    return sorted(holding, key=lambda town: town not in begins)  # stable: the order stays


def _is_named(town: _Town, named: Collection[str]) -> bool:
    """Tell whether a 町 has one of some names, or is a 丁目 of one that has, with the municipality or without."""
    return any(name in named for key in (town.own_key, town.key) for name in (key, _CHOME.sub("", key)))


def _digits(postcode: str) -> str:
    return unicodedata.normalize("NFKC", postcode).replace("-", "").strip()


def _buildings(
    connection: sqlite3.Connection, finder: Finder, asked: PlaceQuery, homes: Collection[str]
) -> list[str]:
    town, banchi, key = place_key(asked.town), place_key(asked.banchi), place_key(asked.typed)
    if not town or not banchi:
        return []
    lines = finder.lines(connection, Query(place=asked.town + asked.banchi), limit=_MOST_NEIGHBOURS)
    open_homes = [line[_RECORD] for line in lines if line[_HOME] not in homes]
    names = {
        building_of(katagaki or "")
        for there, number, katagaki in _at(connection, open_homes)
        if place_key(there or "") == town and place_key(number or "") == banchi
    }
    holding = (name for name in names if name and key in place_key(name))
    return sorted(holding, key=lambda name: (place_key(name), name))[:MOST_PLACES]


def _at(connection: sqlite3.Connection, records: Iterable[int]) -> Iterator[tuple[str, str, str]]:
    return connection.execute(_RECORDS, (json.dumps(list(records)),))

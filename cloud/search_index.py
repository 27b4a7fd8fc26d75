"""The index residents are found by: a line a resident, a line a key; made anew of whoever has a version written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from cloud import storage
from cloud.contract import Row
from cloud.date_spans import on_record
from cloud.letters import is_reading, kana_key, name_key
from cloud.own_letters import Links, links
from cloud.place_keys import NUMBER, place_key

# HOUSE is what of an address can hold letters alone, the name of the 町 (which the head line has) left out: of most
# addresses it is none or short, so a name is soon seen to be nobody's address.
READING, NAME, PLACE, HOUSE, CARD = "kana", "written", "place", "house", "card"
PAST = {kind: f"past_{kind}" for kind in (READING, NAME, PLACE)}  # of former versions alone
_TOLD = ("atena_no", "history_no", "household_no", "order_no", "status")
_NAME_COLUMNS = ("full_name", "tsusho", "former_surname", "latin_name")
_READING_COLUMNS = ("furigana", "tsusho_furigana", "former_surname_furigana")
_BEHIND_TOWN = ("address_banchi", "address_katagaki")
_READ = (
    *_TOLD,
    "birth_text",
    "residence_card_no",
    *_NAME_COLUMNS,
    *_READING_COLUMNS,
    "address_town",
    *_BEHIND_TOWN,
)
_AT_ONCE = 500
Line = dict[str, object]


def reindex(connection: sa.Connection, municipality: str, residents: Iterable[str]) -> None:
    """Bring the index up to what the register has of some residents: whatever version was written or taken away."""
    numbers = iter(sorted(set(residents)))
    while batch := list(islice(numbers, _AT_ONCE)):
        for table in (storage.resident_index, storage.resident_name):
            connection.execute(
                sa.delete(table).where(table.c.municipality == municipality, table.c.atena_no.in_(batch))
            )
        _write(connection, municipality, batch)


def index_town(connection: sa.Connection, municipality: str) -> None:
    """Make the index of a town that has none."""
    resident = storage.rows["resident"]
    numbers = sa.select(resident.c.atena_no).distinct().where(resident.c.municipality == municipality)
    after = ""
    while True:
        page = numbers.where(resident.c.atena_no > after).order_by(resident.c.atena_no).limit(_AT_ONCE)
        batch = list(connection.execute(page).scalars())
        if not batch:
            return
        _write(connection, municipality, batch)
        after = batch[-1]


def town_keys(connection: sa.Connection, municipality: str) -> list[str]:
    """Return the keys of all 町 somebody lives in, by leaps from each to the next: there are few beside the people."""
    index = storage.resident_index
    mine = sa.select(sa.func.min(index.c.town)).where(index.c.municipality == municipality)
    leap = mine.add_columns().cte("leap", recursive=True)
    following = mine.where(index.c.town > leap.c[0]).scalar_subquery()
    leaps = leap.union_all(sa.select(following).where(leap.c[0].is_not(None)))
    return [key for key in connection.execute(sa.select(leaps.c[0])).scalars() if key is not None]


def _write(connection: sa.Connection, municipality: str, batch: Sequence[str]) -> None:
    mine = {"municipality": municipality}
    heads: list[Line] = []
    keys: list[Line] = []
    for versions in _versions(connection, municipality, batch):
        heads.append(_head(versions[-1]) | mine)
        keys += [line | mine for line in _keys(versions)]
    if heads:
        connection.execute(sa.insert(storage.resident_index), heads)
    if keys:
        connection.execute(sa.insert(storage.resident_name), keys)


def _versions(connection: sa.Connection, municipality: str, batch: Sequence[str]) -> Iterator[list[Row]]:
    """Yield all versions of each resident, the present one last."""
    resident = storage.rows["resident"]
    query = (
        sa.select(*(resident.c[column] for column in _READ))
        .where(resident.c.municipality == municipality, resident.c.atena_no.in_(batch))
        .order_by(resident.c.atena_no, resident.c.history_no)
    )
    own = links(connection, municipality)
    rows = (_known(row._mapping, own) for row in connection.execute(query))
    for _, versions in groupby(rows, key=itemgetter("atena_no")):
        yield list(versions)


def _known(row: Mapping[Any, Any], own: Links) -> Row:
    """Return a row's values, letters of the town's own as those they count as."""
    return {
        column: value.translate(own) if own and isinstance(value, str) else value
        for column, value in row.items()
        if value is not None
    }


def _head(row: Row) -> Line:
    readings, names, born = _readings(row), _names(row), on_record(str(row.get("birth_text", "")))
    return {
        **{name: row[name] for name in _TOLD},
        "kana_sort": next(iter(readings), "") or next(reversed(names), ""),
        "town": _town(row),
        "born_first": born.first,
        "born_last": born.last,
        "born_unknown": born.unknown,
    }


def _keys(versions: Sequence[Row]) -> Iterator[Line]:
    """Yield what a resident is found by, now and formerly, each key once; a former place once for each of its homes."""
    *before, now = versions
    present = dict.fromkeys(_keyed(now))
    past = dict.fromkeys(
        (PAST[kind], key, row["household_no"] if kind == PLACE else None)
        for row in before
        for kind, key in _keyed(row)
        if kind in PAST and (kind, key) not in present
    )
    for seq, (kind, key, home) in enumerate([*((*one, None) for one in present), *past]):
        yield {"atena_no": now["atena_no"], "seq": seq, "kind": kind, "folded": key, "household_no": home}


def _keyed(row: Row) -> Iterator[tuple[str, str]]:
    yield from ((READING, key) for key in _readings(row))
    yield from ((NAME, key) for key in _names(row))
    yield from _place_keys(row)
    if card := str(row.get("residence_card_no", "")).upper():
        yield CARD, card


def _place_keys(row: Row) -> Iterator[tuple[str, str]]:
    town, rest = _town(row), "".join(place_key(str(row.get(column, ""))) for column in _BEHIND_TOWN)
    yield PLACE, town + rest
    if any(letter.isalpha() for letter in rest):
        yield HOUSE, rest if rest.startswith(NUMBER) else town + rest  # 本町ロ１２: letters across the two


def _town(row: Row) -> str:
    return place_key(str(row.get("address_town", "")))


def _readings(row: Row) -> list[str]:
    """Return keys of all readings, that which orders the list first."""
    texts = [str(row[name]) for name in _READING_COLUMNS if name in row]
    texts += [text for name in _NAME_COLUMNS if is_reading(text := str(row.get(name, "")))]
    return [key for text in texts for key in keys_of_reading(text) if key]


def keys_of_reading(text: str) -> tuple[str, str]:
    """Fold a reading by its parts, and as one, where a ウ may lengthen what stands before it."""
    return "".join(map(kana_key, text.split())), kana_key(text)


def _names(row: Row) -> list[str]:
    keys = (name_key(str(row.get(name, ""))) for name in _NAME_COLUMNS)
    return [key for key in keys if key]

"""The index residents are found by: upkeep with every version written, and the search itself."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from cloud import storage
from cloud.contract import Row, tables
from cloud.letters import is_reading, kana_key, name_key
from cloud.wareki import read_day

MOST_HITS = 200
_KANA, _WRITTEN = "kana", "written"
_NAME_COLUMNS = ("full_name", "tsusho", "former_surname", "latin_name")
_READING_COLUMNS = ("furigana", "tsusho_furigana", "former_surname_furigana")


def upkeep_index(connection: sa.Connection, municipality: str, rows: Iterable[Row | None]) -> None:
    """Bring the index up to the present versions of residents just written."""
    newest: dict[str, Row] = {}
    for row in rows:
        if row is not None and _history_no(row) >= _history_no(newest.get(str(row["atena_no"]), {})):
            newest[str(row["atena_no"])] = row
    index, names = storage.resident_index, storage.resident_name
    for atena_no, row in newest.items():
        query = sa.select(index.c.history_no).where(
            index.c.municipality == municipality, index.c.atena_no == atena_no
        )
        if (connection.execute(query).scalar_one_or_none() or 0) > _history_no(row):
            continue  # an older version corrected: the present one stays what is found
        for table in (index, names):
            connection.execute(
                sa.delete(table).where(table.c.municipality == municipality, table.c.atena_no == atena_no)
            )
        insert_index(connection, municipality, [row])


def reindex(connection: sa.Connection, municipality: str, residents: Iterable[str]) -> None:
    """Bring the index up to what is left of residents of whom a version was taken away."""
    resident = storage.rows["resident"]
    for atena_no in residents:
        for table in (storage.resident_index, storage.resident_name):
            connection.execute(
                sa.delete(table).where(table.c.municipality == municipality, table.c.atena_no == atena_no)
            )
        mine = (resident.c.municipality == municipality, resident.c.atena_no == atena_no)
        query = sa.select(*(resident.c[column] for column in tables()["resident"].columns)).where(*mine)
        left = connection.execute(query.order_by(resident.c.history_no.desc()).limit(1)).first()
        if left is not None:
            known = {column: value for column, value in left._mapping.items() if value is not None}
            insert_index(connection, municipality, [known])


def fold_anew(connection: sa.Connection, municipality: str) -> None:
    """Write the keys of a town's residents anew, after the folding has changed."""
    resident, found = storage.rows["resident"], storage.resident_index
    needed = (*_NAME_COLUMNS, *_READING_COLUMNS, "birth_sort", "status", "household_no", "order_no")
    query = sa.select(*(resident.c[name] for name in ("atena_no", "history_no", *needed)))
    same = (resident.c[name] == found.c[name] for name in ("municipality", "atena_no", "history_no"))
    present = query.join(found, sa.and_(*same)).where(found.c.municipality == municipality)
    rows = [
        {column: value for column, value in line._mapping.items() if value is not None}
        for line in connection.execute(present)
    ]
    for table in (storage.resident_name, found):
        connection.execute(sa.delete(table).where(table.c.municipality == municipality))
    insert_index(connection, municipality, rows)


def insert_index(connection: sa.Connection, municipality: str, rows: Iterable[Row]) -> None:
    """Write index lines for present versions not indexed yet."""
    heads: list[dict[str, object]] = []
    names: list[dict[str, object]] = []
    for row in rows:
        heads.append(_head_line(row) | {"municipality": municipality})
        names.extend(line | {"municipality": municipality} for line in _name_lines(row))
    if heads:
        connection.execute(sa.insert(storage.resident_index), heads)
    if names:
        connection.execute(sa.insert(storage.resident_name), names)


def _history_no(row: Row) -> int:
    value = row.get("history_no", 0)
    return value if isinstance(value, int) else 0


def _head_line(row: Row) -> dict[str, object]:
    readings, names = _readings(row), _names(row)
    return {
        **{name: row[name] for name in ("atena_no", "history_no", "household_no", "order_no", "status")},
        "kana_sort": next(iter(readings), "") or next(reversed(names), ""),
        "birth_sort": row.get("birth_sort"),
    }


def _name_lines(row: Row) -> Iterable[dict[str, object]]:
    keyed = [(_KANA, key) for key in _readings(row)] + [(_WRITTEN, key) for key in _names(row)]
    for seq, (kind, key) in enumerate(dict.fromkeys(keyed)):
        yield {"atena_no": row["atena_no"], "seq": seq, "kind": kind, "folded": key}


def _readings(row: Row) -> list[str]:
    """Return keys of all readings: by their parts, and as one, where a ウ may lengthen what stands before it."""
    texts = [str(row[name]) for name in _READING_COLUMNS if name in row]
    texts += [text for name in _NAME_COLUMNS if is_reading(text := str(row.get(name, "")))]
    keys = [key for text in texts for key in ("".join(map(kana_key, text.split())), kana_key(text))]
    return [key for key in keys if key]


def _names(row: Row) -> list[str]:
    return [key for name in _NAME_COLUMNS if (key := name_key(str(row.get(name, ""))))]


def shown_name(row: Mapping[str, object]) -> str:
    """Return the name a list is headed with: a foreigner's Latin name, then the kanji one."""
    full, latin = str(row.get("full_name", "")), str(row.get("latin_name", ""))
    return f"{latin}　{full}" if latin and full and latin != full else latin or full


def search(
    connection: sa.Connection, municipality: str, typed: str, *, limit: int, removed: bool
) -> list[dict[str, object]]:
    """Return hits for every word typed: readings and written names anywhere, birth date, 宛名番号.

    First those whose name begins with the first word, then the others, each in kana order. The address of a
    person under 支援措置, and of whoever is in the same household, is not read at all.
    """
    words = [word for word in unicodedata.normalize("NFKC", typed).split() if _counts(word)]
    if not words:
        return []
    index = storage.resident_index
    query = (
        _columns(municipality)
        .where(index.c.municipality == municipality, *(_found(municipality, word) for word in words))
        .order_by(sa.case((_leads(municipality, words[0]), 0), else_=1), index.c.kana_sort, index.c.atena_no)
        .limit(min(limit, MOST_HITS))
    )
    if not removed:
        query = query.where(index.c.status == "resident")
    return [_hit(row._mapping) for row in connection.execute(query)]


def _columns(municipality: str) -> sa.Select[Any]:
    index, resident = storage.resident_index, storage.rows["resident"]
    shien, block = storage.rows["shien_sochi"], storage.rows["block"]
    protected = sa.exists().where(shien.c.municipality == municipality, shien.c.atena_no == index.c.atena_no)
    hidden = sa.or_(protected, sheltered(municipality, index.c.household_no))
    blocked = sa.exists().where(
        block.c.municipality == municipality,
        sa.or_(block.c.atena_no == index.c.atena_no, block.c.household_no == index.c.household_no),
    )
    names = ("full_name", "latin_name", "furigana", "birth_text", "birth_sort", "sex")
    places = ("address_town", "address_banchi", "address_katagaki")
    return sa.select(
        index.c.atena_no,
        index.c.household_no,
        index.c.status,
        *(resident.c[name] for name in names),
        *(sa.case((hidden, None), else_=resident.c[name]).label(name) for name in places),
        hidden.label("hidden"),
        protected.label("protected"),
        blocked.label("blocked"),
    ).join(
        resident,
        sa.and_(
            resident.c.municipality == index.c.municipality,
            resident.c.atena_no == index.c.atena_no,
            resident.c.history_no == index.c.history_no,
        ),
    )


def sheltered(municipality: str, household_no: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return what tells that somebody in a household is under 支援措置, by whatever dates, provisional or not.

    The record of one who has left still stands in the household it was closed in, and counts.
    """
    shien, other = storage.rows["shien_sochi"], storage.resident_index.alias()
    protected = sa.exists().where(shien.c.municipality == municipality, shien.c.atena_no == other.c.atena_no)
    return sa.exists().where(
        other.c.municipality == municipality, other.c.household_no == household_no, protected
    )


def _hit(row: Mapping[Any, Any]) -> dict[str, object]:
    known = {column: value for column, value in row.items() if value is not None}
    place = f"{known.get('address_town', '')}{known.get('address_banchi', '')}"
    if known.get("address_katagaki"):
        place += f"　{known['address_katagaki']}"
    hit = {
        name: known.get(name)
        for name in ("atena_no", "household_no", "furigana", "birth_text", "birth_sort", "sex", "status")
    }
    return hit | {
        "name": shown_name(known),
        "address": None if row["hidden"] else place,
        "blocked": bool(row["blocked"]),
        "protected": bool(row["protected"]),
    }


def _counts(word: str) -> bool:
    return bool(kana_key(word) if is_reading(word) else name_key(word))


def _found(municipality: str, word: str) -> sa.ColumnElement[bool]:
    """Return what makes a resident match one word."""
    index = storage.resident_index
    day = read_day(word)
    if day is not None or word.isdecimal():
        born = index.c.birth_sort == day.isoformat() if day else sa.false()
        return sa.or_(index.c.atena_no == word, born)
    kind, key = _key_of(word)
    return _named(municipality, kind, storage.resident_name.c.folded.contains(key, autoescape=True))


def _leads(municipality: str, word: str) -> sa.ColumnElement[bool]:
    """Return what puts a resident into the first part of the list: the name begins with the word."""
    if read_day(word) is not None or word.isdecimal():
        return sa.true()
    kind, key = _key_of(word)
    if kind == _KANA:
        return storage.resident_index.c.kana_sort.startswith(key, autoescape=True)
    return _named(municipality, kind, storage.resident_name.c.folded.startswith(key, autoescape=True))


def _key_of(word: str) -> tuple[str, str]:
    return (_KANA, kana_key(word)) if is_reading(word) else (_WRITTEN, name_key(word))


def _named(municipality: str, kind: str, matches: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    table = storage.resident_name
    named = sa.select(table.c.atena_no).where(
        table.c.municipality == municipality, table.c.kind == kind, matches
    )
    return storage.resident_index.c.atena_no.in_(named)

"""Finding people: an index in kana order, asked word by word, every hit checked again exactly.

The row number of a person is the place in kana order, with gaps; so the index gives its hits in that order
and a list of fifty never sorts.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from offline.store.rows import table_named
from offline.store.search_key import (
    Keys,
    Term,
    TermKind,
    keys_of,
    leading_query,
    leads,
    matches,
    query_of,
    terms_of,
    tokens_of,
)

_GAP = 1 << 16
_LAST = (1 << 62) - 1
_END = "\U0010ffff"
_COLUMNS = "rk, atena_no, living, kana, readings, names, birth"


def create(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    connection.execute(
        "CREATE TABLE person (rk INTEGER PRIMARY KEY, atena_no TEXT NOT NULL, history_no INTEGER NOT NULL,"
        " household_no TEXT NOT NULL, order_no INTEGER NOT NULL, living INTEGER NOT NULL, kana TEXT NOT NULL,"
        " readings TEXT NOT NULL, names TEXT NOT NULL, birth TEXT NOT NULL)"
    )
    connection.execute(
        "CREATE VIRTUAL TABLE token USING fts5 (t, content = '', detail = none, columnsize = 0, tokenize = 'ascii')"
    )


def index(connection: sqlite3.Connection) -> None:
    """Make the indexes; after a fill, not before."""
    connection.execute("CREATE UNIQUE INDEX person_atena_no ON person (atena_no)")
    connection.execute("CREATE INDEX person_kana ON person (kana, atena_no)")
    connection.execute("CREATE INDEX person_household_no ON person (household_no, order_no)")


def rebuild(connection: sqlite3.Connection) -> None:
    """Make the index anew from the present versions of all residents."""
    connection.execute("DELETE FROM person")
    connection.execute("INSERT INTO token (token) VALUES ('delete-all')")
    present = table_named("resident").where(
        connection,
        "r WHERE history_no = (SELECT max(history_no) FROM resident s WHERE s.atena_no = r.atena_no)",
    )
    people = sorted((_person(row) for row in present), key=lambda person: (person[1].kana, person[0][0]))
    _insert(connection, ((place * _GAP, *person) for place, person in enumerate(people, start=1)))


def renew(connection: sqlite3.Connection, atena_nos: Iterable[str]) -> None:
    """Bring some residents' entries up to date."""
    for atena_no in atena_nos:
        _take_out(connection, atena_no)
        present = table_named("resident").where(
            connection, "WHERE atena_no = ? ORDER BY history_no DESC LIMIT 1", atena_no
        )
        if not present:
            continue
        person = _person(present[0])
        rk = _between(connection, person[1].kana, atena_no)
        if rk is None:
            rebuild(connection)
            return
        _insert(connection, [(rk, *person)])


def find(connection: sqlite3.Connection, typed: str, *, limit: int, removed: bool) -> list[str]:
    """Return the numbers of those who match: first whose name begins with the first word, each part in kana order."""
    terms = terms_of(typed)
    if not terms:
        return []
    first = _matching(_leading(connection, terms), terms, removed=removed, leading=True)
    rest = _matching(_any(connection, terms), terms, removed=removed, leading=False)
    return list(islice(chain(first, rest), limit))


def _matching(
    candidates: Iterable[tuple[str, bool, Keys]], terms: tuple[Term, ...], *, removed: bool, leading: bool
) -> Iterator[str]:
    for atena_no, living, keys in candidates:
        if (
            (living or removed)
            and leads(terms[0], keys) is leading
            and all(matches(term, keys, atena_no) for term in terms)
        ):
            yield atena_no


def _leading(connection: sqlite3.Connection, terms: tuple[Term, ...]) -> Iterator[tuple[str, bool, Keys]]:
    first, others = terms[0], terms[1:]
    queries = [query_of(term) for term in others]
    if first.kind is TermKind.READING:
        low = _edge(connection, ">=", first.key, "ASC")
        high = _edge(connection, "<", first.key + _END, "DESC")
        return _candidates(connection, queries, low, high)
    if first.kind is TermKind.NAME:
        queries += [leading_query(first)]
    return _candidates(connection, [query_of(first), *queries], 0, _LAST)


def _any(connection: sqlite3.Connection, terms: tuple[Term, ...]) -> Iterator[tuple[str, bool, Keys]]:
    if terms[0].kind is TermKind.NUMBER:
        return iter(())  # all of them lead
    return _candidates(connection, [query_of(term) for term in terms], 0, _LAST)


def _candidates(
    connection: sqlite3.Connection, queries: list[str], low: int | None, high: int | None
) -> Iterator[tuple[str, bool, Keys]]:
    if low is None or high is None or low > high:
        return
    if queries:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM (SELECT rowid AS found FROM token WHERE token MATCH ?"
            " AND rowid BETWEEN ? AND ? ORDER BY rowid) CROSS JOIN person ON rk = found",
            (" AND ".join(queries), low, high),
        )
    else:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM person WHERE rk BETWEEN ? AND ? ORDER BY rk", (low, high)
        )
    for _, atena_no, living, kana, readings, names, birth in rows:
        yield atena_no, bool(living), Keys(kana, _split(readings), _split(names), birth)


def _edge(connection: sqlite3.Connection, relation: str, kana: str, order: str) -> int | None:
    found = connection.execute(
        f"SELECT rk FROM person WHERE kana {relation} ? ORDER BY kana {order}, atena_no {order} LIMIT 1",
        (kana,),
    ).fetchone()
    return None if found is None else found[0]


def _between(connection: sqlite3.Connection, kana: str, atena_no: str) -> int | None:
    """Return a free row number at a place in kana order; None where the gap is used up."""
    before = connection.execute(
        "SELECT rk FROM person WHERE (kana, atena_no) < (?, ?) ORDER BY kana DESC, atena_no DESC LIMIT 1",
        (kana, atena_no),
    ).fetchone()
    after = connection.execute(
        "SELECT rk FROM person WHERE (kana, atena_no) > (?, ?) ORDER BY kana, atena_no LIMIT 1",
        (kana, atena_no),
    ).fetchone()
    low = before[0] if before else 0
    if after is None:
        return int(low) + _GAP
    middle = (low + after[0]) // 2
    return None if middle == low else int(middle)


def _person(row: object) -> tuple[tuple[str, int, str, int, int], Keys]:
    if not isinstance(row, dict):
        raise TypeError("a row is a map")
    told = (
        row["atena_no"],
        row["history_no"],
        row["household_no"],
        row["order_no"],
        int(row["status"] == "resident"),
    )
    return told, keys_of(row)


def _insert(
    connection: sqlite3.Connection, people: Iterable[tuple[int, tuple[str, int, str, int, int], Keys]]
) -> None:
    for rk, told, keys in people:
        connection.execute(
            "INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (rk, *told, keys.kana, "\n".join(keys.readings), "\n".join(keys.names), keys.birth),
        )
        connection.execute("INSERT INTO token (rowid, t) VALUES (?, ?)", (rk, tokens_of(keys, told[0])))


def _take_out(connection: sqlite3.Connection, atena_no: str) -> None:
    found = connection.execute(f"SELECT {_COLUMNS} FROM person WHERE atena_no = ?", (atena_no,)).fetchone()
    if found is None:
        return
    rk, _, _, kana, readings, names, birth = found
    tokens = tokens_of(Keys(kana, _split(readings), _split(names), birth), atena_no)
    connection.execute("INSERT INTO token (token, rowid, t) VALUES ('delete', ?, ?)", (rk, tokens))
    connection.execute("DELETE FROM person WHERE rk = ?", (rk,))


def _split(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("\n")))

"""The search index: a line a person in kana order, a table of words, and the names of the 町.

The row number of a person is the place in kana order, with gaps; so whatever the table of words finds comes in that
order, and a list of fifty never sorts. Kept by the code that applies what the register says, in the same transaction.
"""

import sqlite3
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from client.domain.gaiji import Gaiji
from offline.store.door import one
from offline.store.rows import Row
from offline.store.search_key import NAME_COLUMNS, PLACE_COLUMNS
from offline.store.search_line import NEEDED, PERSON, Line, Making, Towns, keys_in
from offline.store.search_memory import is_lived_in
from offline.store.search_tokens import tokens_of
from resources import read_text

_SHAPE = 6  # of lines and words: to be raised when a rule of keys, of words or of the tables changes
_GAP = 1 << 16
_LEAST_GAP = 1 << 8
_WINDOW = 32
_COMMON = 200  # how many must have a word for its number to be kept: rarer ones are quick anyhow
_HASH_BYTES = 64 << 20
_TELL_EVERY = 2_000  # people
_OF_LINES = 75  # percent of the time an index takes
T = TypeVar("T")
Told = Callable[[int, int], None]  # how much is done, of how much

_PERSON = f"INSERT INTO person VALUES ({', '.join('?' * len(PERSON))})"
_ENTER = "INSERT INTO token (rowid, t) VALUES (?, ?)"
_LEAVE = "INSERT INTO token (token, rowid, t) VALUES ('delete', ?, ?)"
_KANA, _TOWN = PERSON.index("kana") - 1, PERSON.index("town") - 1  # in a line without its place


def nobody(_done: int, _of: int) -> None:
    """Tell nobody how far it is."""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    connection.execute(f"CREATE TABLE person (rk INTEGER PRIMARY KEY, {', '.join(PERSON[1:])})")
    connection.execute(
        "CREATE VIRTUAL TABLE token USING fts5 (t, content = '', detail = none, columnsize = 0, tokenize = 'ascii')"
    )
    connection.execute("CREATE TABLE search_town (no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE)")
    connection.execute("CREATE TABLE search_shelter (household_no TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute("CREATE TABLE search_common (token TEXT PRIMARY KEY, people INTEGER) WITHOUT ROWID")
    connection.execute(
        "CREATE TABLE search_state (rules TEXT NOT NULL, generation INTEGER NOT NULL, people INTEGER NOT NULL)"
    )
    connection.execute("INSERT INTO search_state VALUES (?, 0, 0)", (_rules(),))


def remove(connection: sqlite3.Connection) -> None:
    """Take the tables away, of whatever shape they are."""
    for table in ("token", "person", "search_town", "search_shelter", "search_common", "search_state"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    connection.execute("DROP INDEX IF EXISTS resident_household_no")


def bring_up(connection: sqlite3.Connection, *, filled: bool, told: Told = nobody) -> None:
    """Make the index anew where it was made by other rules than this program's; to be run in a transaction."""
    there = one(connection, "SELECT 1 FROM sqlite_master WHERE name = 'search_state'")
    if there is not None and one(connection, "SELECT rules FROM search_state") == _rules():
        return
    remove(connection)
    create(connection)
    if filled:
        rebuild(connection, told)
        index(connection)


def _rules() -> str:
    """Return a name for the rules by which keys are folded and ordered; it changes with them."""
    variants = blake2b(read_text("contract", "variants.tsv").encode(), digest_size=8).hexdigest()
    return f"{_SHAPE} {unicodedata.unidata_version} {variants}"


def index(connection: sqlite3.Connection) -> None:
    """Make the indexes; after a fill, not before."""
    connection.execute("CREATE UNIQUE INDEX person_atena_no ON person (atena_no)")
    connection.execute("CREATE INDEX person_kana ON person (kana, atena_no)")
    connection.execute("CREATE INDEX person_household_no ON person (household_no, order_no)")
    connection.execute("CREATE INDEX resident_household_no ON resident (household_no)")
    connection.execute("CREATE INDEX person_hidden ON person (atena_no) WHERE hidden_place IS NOT NULL")


def rebuild(connection: sqlite3.Connection, told: Told = nobody) -> None:
    """Make the index anew from all residents; ``told`` hears from time to time how much is done, and of how much."""
    connection.execute("DELETE FROM person")
    connection.execute("DELETE FROM search_town")
    connection.execute("INSERT INTO token (token) VALUES ('delete-all')")
    connection.execute(f"INSERT INTO token (token, rank) VALUES ('hashsize', {_HASH_BYTES})")
    connection.execute(f"CREATE TEMP TABLE staged ({', '.join(PERSON[1:])}, words)")
    marks = ", ".join("?" * len(PERSON))  # no place in the order yet, but the words
    made = Making(connection)
    _note_shelters(connection, made.hidden)
    of = int(one(connection, "SELECT count(DISTINCT atena_no) FROM resident"))
    lines = (
        made.line(versions)
        for versions in _telling(_all_versions(connection), lambda done: told(done * _OF_LINES, of * 100))
    )
    connection.executemany(f"INSERT INTO staged VALUES ({marks})", lines)
    connection.execute("CREATE INDEX temp.staged_order ON staged (kana, atena_no)")
    staged = _telling(
        _staged(connection), lambda done: told(of * _OF_LINES + done * (100 - _OF_LINES), of * 100)
    )
    _insert(connection, ((place * _GAP, *line) for place, line in enumerate(staged, start=1)))
    connection.execute("DROP TABLE staged")
    connection.execute("INSERT INTO token (token) VALUES ('optimize')")
    connection.execute(
        "INSERT INTO token (token, rank) VALUES ('automerge', 2)"
    )  # few pieces to ask, batch by batch
    _count_words(connection)
    connection.execute(
        "UPDATE search_state SET generation = generation + 1, people = (SELECT count(*) FROM person)"
    )


def _telling(items: Iterable[T], tell: Callable[[int], None]) -> Iterator[T]:
    for done, item in enumerate(items):
        if done % _TELL_EVERY == 0:
            tell(done)
        yield item


def renew(
    connection: sqlite3.Connection,
    atena_nos: Iterable[str],
    letters: Sequence[str] = (),
    *,
    give_way: Callable[[], object] = lambda: None,
) -> None:
    """Bring some residents' entries up to date, and of those who live or lived where a shelter has come or gone.

    ``letters``: the town's own letters that count as others now; whoever bears one is brought up to date too.
    ``give_way`` is called before each.
    """
    made, words = Making(connection), _Words()
    housed = _housed(connection, _note_shelters(connection, made.hidden))
    for atena_no in dict.fromkeys([*atena_nos, *_bearing(connection, letters), *housed]):
        give_way()
        _renew_one(connection, atena_no, made, words)
    words.write(connection, give_way)
    if letters:
        connection.execute("UPDATE search_state SET generation = generation + 1")


class _Words:
    """What leaves and enters the table of words, written in the order of its rows.

    FTS5 puts what it has gathered to disk whenever a row comes that lies before the last one: in any other order each
    person would be a piece of the index of its own, to be merged again.
    """

    def __init__(self) -> None:
        self._found: list[tuple[int, bool, str]] = []  # row, whether its words leave, and they

    def leave(self, line: Line, towns: Towns) -> None:
        """Take a line's words out."""
        self._found.append((line[0], True, tokens_of(keys_in(line, towns), towns.number)))

    def enter(self, row: int, words: str) -> None:
        """Put a line's words in."""
        self._found.append((row, False, words))

    def write(self, connection: sqlite3.Connection, give_way: Callable[[], object]) -> None:
        """Write; what befell one row stays in its order."""
        for row, leaves, words in sorted(self._found, key=itemgetter(0)):
            give_way()
            connection.execute(_LEAVE if leaves else _ENTER, (row, words))


def letters_in(keys: Iterable[Sequence[str | int]]) -> list[str]:
    """Return the town's own letters by the keys of their rows."""
    found = (Gaiji(str(key[0])).letter for key in keys)
    return [letter for letter in found if letter]


def _bearing(connection: sqlite3.Connection, letters: Iterable[str]) -> list[str]:
    texts = " || ".join(f"coalesce({column}, '')" for column in (*NAME_COLUMNS, *PLACE_COLUMNS))
    found = (
        connection.execute(f"SELECT DISTINCT atena_no FROM resident WHERE instr({texts}, ?)", (letter,))
        for letter in letters
    )
    return [atena_no for rows in found for (atena_no,) in rows]


def _renew_one(connection: sqlite3.Connection, atena_no: str, made: "Making", words: _Words) -> None:
    before = _take_out(connection, atena_no, made.towns, words)
    versions = list(_versions(connection, atena_no))
    if not versions:
        return
    line = made.line(versions)
    kana = line[_KANA]
    if before is not None and before[_KANA + 1] == kana:
        rk = before[0]
    else:
        rk = _between(connection, made.towns, words, kana=kana, atena_no=atena_no)
    if line[_TOWN] is not None and not is_lived_in(connection, line[_TOWN]):
        connection.execute(
            "UPDATE search_state SET generation = generation + 1"
        )  # whoever plans by it reads it anew
    _put(connection, (rk, *line), words)


def _all_versions(connection: sqlite3.Connection) -> Iterator[list[Row]]:
    for _, versions in groupby(
        _read(connection, "ORDER BY atena_no, history_no"), key=itemgetter("atena_no")
    ):
        yield list(versions)


def _versions(connection: sqlite3.Connection, atena_no: str) -> Iterator[Row]:
    return _read(connection, "WHERE atena_no = ? ORDER BY history_no", atena_no)


def _read(connection: sqlite3.Connection, condition: str, *values: object) -> Iterator[Row]:
    names = ", ".join(f'"{column}"' for column in NEEDED)
    for found in connection.execute(f"SELECT {names} FROM resident {condition}", values):
        yield {column: value for column, value in zip(NEEDED, found, strict=True) if value is not None}


def _staged(connection: sqlite3.Connection) -> Iterator[Line]:
    return connection.execute("SELECT * FROM staged INDEXED BY staged_order ORDER BY kana, atena_no")


def _insert(connection: sqlite3.Connection, lines: Iterable[Line]) -> None:
    """Write lines in the order of their places, each with its place in front and its words behind."""
    batch: list[Line] = []

    def write() -> None:
        connection.executemany(_PERSON, (line[:-1] for line in batch))
        connection.executemany(_ENTER, ((line[0], line[-1]) for line in batch))
        batch.clear()

    for line in lines:
        batch.append(line)
        if len(batch) == 10_000:
            write()
    write()


def _put(connection: sqlite3.Connection, line: Line, words: _Words) -> None:
    connection.execute(_PERSON, line[:-1])
    words.enter(line[0], line[-1])


def _take_out(connection: sqlite3.Connection, atena_no: str, towns: Towns, words: _Words) -> Line | None:
    line: Line | None = connection.execute(
        f"SELECT {', '.join(PERSON)} FROM person WHERE atena_no = ?", (atena_no,)
    ).fetchone()
    if line is not None:
        _take_line_out(connection, line, towns, words)
    return line


def _take_line_out(connection: sqlite3.Connection, line: Line, towns: Towns, words: _Words) -> None:
    words.leave(line, towns)
    connection.execute("DELETE FROM person WHERE rk = ?", (line[0],))


def _between(connection: sqlite3.Connection, towns: Towns, words: _Words, *, kana: str, atena_no: str) -> int:
    """Return a free row number at a place in kana order; where the gap is used up, neighbours move apart first."""
    while True:
        low, high = _edges(connection, kana, atena_no)
        if high is None:
            return low + _GAP
        if high - low > 1:
            return (low + high) // 2
        _spread(connection, towns, words, low)


def _edges(connection: sqlite3.Connection, kana: str, atena_no: str) -> tuple[int, int | None]:
    before = one(
        connection,
        "SELECT rk FROM person WHERE (kana, atena_no) < (?, ?) ORDER BY kana DESC, atena_no DESC LIMIT 1",
        *(kana, atena_no),
    )
    after = one(
        connection,
        "SELECT rk FROM person WHERE (kana, atena_no) > (?, ?) ORDER BY kana, atena_no LIMIT 1",
        *(kana, atena_no),
    )
    return int(before or 0), None if after is None else int(after)


def _spread(connection: sqlite3.Connection, towns: Towns, words: _Words, around: int) -> None:
    """Give the lines about a place numbers with room between them again: as few lines as make room."""
    size = _WINDOW
    columns = ", ".join(PERSON)
    while True:
        below = connection.execute(
            f"SELECT {columns} FROM person WHERE rk <= ? ORDER BY rk DESC LIMIT ?", (around, size)
        ).fetchall()
        above = connection.execute(
            f"SELECT {columns} FROM person WHERE rk > ? ORDER BY rk LIMIT ?", (around, size)
        ).fetchall()
        lines = [*reversed(below), *above]
        low = one(connection, "SELECT max(rk) FROM person WHERE rk < ?", lines[0][0]) or 0
        last = one(connection, "SELECT min(rk) FROM person WHERE rk > ?", lines[-1][0])
        high = last if last is not None else low + (len(lines) + 1) * _GAP
        step = (high - low) // (len(lines) + 1)
        if step >= _LEAST_GAP:
            break
        size *= 2
    for line in lines:
        _take_line_out(connection, line, towns, words)
    for place, line in enumerate(lines, start=1):
        told = tokens_of(keys_in(line, towns), towns.number)
        _put(connection, (low + place * step, *line[1:], told), words)


def _note_shelters(connection: sqlite3.Connection, homes: Collection[str]) -> list[str]:
    """Keep which homes are shelters; return those that have become one, or ceased to be one, since."""
    before = {home for (home,) in connection.execute("SELECT household_no FROM search_shelter")}
    come, gone = [(home,) for home in homes if home not in before], [(home,) for home in before - set(homes)]
    connection.executemany("INSERT INTO search_shelter VALUES (?)", come)
    connection.executemany("DELETE FROM search_shelter WHERE household_no = ?", gone)
    return [home for (home,) in (*come, *gone)]


def _housed(connection: sqlite3.Connection, homes: Iterable[str]) -> list[str]:
    """Return everybody who lives in some homes or has lived there."""
    asked = "SELECT DISTINCT atena_no FROM resident WHERE household_no = ?"
    return [atena_no for home in homes for (atena_no,) in connection.execute(asked, (home,))]


def _count_words(connection: sqlite3.Connection) -> None:
    """Keep how many people have each common word: what to ask the index for first."""
    connection.execute("DELETE FROM search_common")
    connection.execute("CREATE VIRTUAL TABLE temp.word USING fts5vocab (main, token, row)")
    connection.execute("INSERT INTO search_common SELECT term, doc FROM temp.word WHERE doc >= ?", (_COMMON,))
    connection.execute("DROP TABLE temp.word")

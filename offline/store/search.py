"""Finding people: the index is asked for those who may match, in kana order, and every one is compared exactly."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from itertools import islice

from client.domain.query import Query
from offline.store.search_index import (
    Told,
    bring_up,
    create,
    index,
    letters_in,
    nobody,
    rebuild,
    remove,
    renew,
)
from offline.store.search_line import PERSON
from offline.store.search_memory import Memory
from offline.store.search_terms import Facet, Line, Term, terms_of
from offline.store.search_tokens import leading_token

__all__ = [
    "Finder",
    "Told",
    "bring_up",
    "create",
    "index",
    "letters_in",
    "nobody",
    "rebuild",
    "remove",
    "renew",
]

_LAST = (1 << 62) - 1
_END = "\U0010ffff"
_COLUMNS = ", ".join(PERSON)
_ATENA_NO, _LIVING = PERSON.index("atena_no"), PERSON.index("living")


class Finder:
    """Searches one file; keeps in memory what a search plans by. For one thread."""

    def __init__(self) -> None:
        self._memory: Memory | None = None

    def find(
        self, connection: sqlite3.Connection, query: Query, *, limit: int, without_places: bool = False
    ) -> list[str]:
        """Return the numbers of those who match, in the order of the list."""
        lines = self.lines(connection, query, limit=limit, without_places=without_places)
        return [line[_ATENA_NO] for line in lines]

    def lines(
        self,
        connection: sqlite3.Connection,
        query: Query,
        *,
        limit: int,
        without_places: bool = False,
        unseen: Collection[str] = (),
    ) -> list[Line]:
        """Return the lines of those who match, in three parts, each in kana order.

        First those whose name begins with the first word, then those whose name holds it, then the others.
        ``without_places``: nobody is found by an address, since nobody knows whose is to be hidden. ``unseen``: whom nobody
        may look at; they are found by name or number, and nothing else that is asked is held against them.
        """
        memory = replace(
            self._read_in(connection),
            past=query.past,
            sheltered=query.sheltered,
            without_places=without_places and not query.sheltered,
            cardless=query.cardless,
        )
        terms = terms_of(query, memory)
        if not terms or not all(term.facets for term in terms):
            return []
        found = _Search(connection, memory, terms, removed=query.removed, unseen=unseen).run()
        return list(islice(found, limit))

    def _read_in(self, connection: sqlite3.Connection) -> Memory:
        """Return what a search plans by, read anew where the index was made anew or a 町 has come."""
        generation, towns = connection.execute(
            "SELECT generation, (SELECT max(no) FROM search_town) FROM search_state"
        ).fetchone()
        if self._memory is None or self._memory.generation != generation:
            self._memory = Memory.of(connection, generation)
        elif len(self._memory.towns) != (towns or 0):
            self._memory = self._memory.with_towns(connection)
        return self._memory

    def warm(self, connection: sqlite3.Connection) -> None:
        """Read what a search plans by before the first is asked for."""
        self._read_in(connection)


class _Search:
    """One search under way; it reads no further than its hits are asked for."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        memory: Memory,
        terms: Sequence[Term],
        *,
        removed: bool,
        unseen: Collection[str],
    ) -> None:
        self._connection = connection
        self._memory = memory
        self._first, self._rest = terms[0], terms[1:]
        self._removed = removed
        self._unseen = unseen

    def run(self) -> Iterator[Line]:
        """Yield the lines of those who match."""
        looked_up = [line for line in self._looked_up() if self._holds(line)]
        for rank, lines in enumerate((self._leading(), self._named(), self._otherwise())):
            known = [line for line in looked_up if self._first.rank(line) == rank]
            last = None
            proved = (line for line in lines if self._holds(line) and self._first.rank(line) == rank)
            for line in merge(known, proved, key=lambda line: line[0]):
                if line[0] != last:
                    last = line[0]
                    yield line

    def _holds(self, line: Line) -> bool:
        if not (self._removed or line[_LIVING]):
            return False
        terms = (self._first, *self._rest)
        if line[_ATENA_NO] not in self._unseen:
            return all(term.holds(line) for term in terms)
        named = [term.names_one(line) for term in terms]
        return any(named) and all(one or term.is_open for one, term in zip(named, terms, strict=True))

    def _leading(self) -> Iterator[Line]:
        for facet in self._first.names:
            if facet.reading:
                low = self._edge(">=", facet.reading, "ASC")
                high = self._edge("<", facet.reading + _END, "DESC")
                asked = [facet.question() or ""] if facet.is_whole else []
                yield from self._candidates(asked, low, high)
            else:
                asked = [facet.question() or "", f'"{leading_token(facet.written)}"']
                yield from self._candidates(asked)

    def _named(self) -> Iterator[Line]:
        return self._by(self._first.names)

    def _otherwise(self) -> Iterator[Line]:
        return self._by(self._first.others)

    def _by(self, facets: Sequence[Facet]) -> Iterator[Line]:
        if not facets:
            return iter(())
        asked = _any_of(facets)
        return iter(()) if asked == "" else self._candidates([] if asked is None else [asked])

    def _candidates(
        self, asked: Iterable[str], low: int | None = 0, high: int | None = _LAST
    ) -> Iterator[Line]:
        """Yield the lines the index has for some questions and for those of the other words, in their order."""
        others = [_any_of(term.facets) for term in self._rest]
        if low is None or high is None or low > high or "" in others:
            return
        questions = [*asked, *(question for question in others if question)]
        if questions:
            yield from self._connection.execute(
                f"SELECT {_COLUMNS} FROM (SELECT rowid AS found FROM token WHERE token MATCH ?"
                " AND rowid BETWEEN ? AND ? ORDER BY rowid) CROSS JOIN person ON rk = found",
                (" AND ".join(questions), low, high),
            )
        else:
            yield from self._connection.execute(
                f"SELECT {_COLUMNS} FROM person WHERE rk BETWEEN ? AND ? ORDER BY rk", (low, high)
            )

    def _looked_up(self) -> list[Line]:
        """Return the lines of those a word names by number, or by an address that is not in the index."""
        found: dict[int, Line] = {}
        if self._unseen:
            found |= self._lines("atena_no IN (SELECT value FROM json_each(?))", json.dumps([*self._unseen]))
        for facet in (facet for term in (self._first, *self._rest) for facet in term.facets):
            if facet.number:
                for column in ("atena_no", "household_no"):
                    found |= self._lines(f"{column} = ?", facet.number)
            if facet.place and self._memory.sheltered:
                found |= self._lines("hidden_place IS NOT NULL AND instr(hidden_place, ?)", facet.place)
        return sorted(found.values())

    def _lines(self, condition: str, value: str) -> dict[int, Line]:
        found = self._connection.execute(f"SELECT {_COLUMNS} FROM person WHERE {condition}", (value,))
        return {line[0]: line for line in found}

    def _edge(self, relation: str, kana: str, order: str) -> int | None:
        found = self._connection.execute(
            f"SELECT rk FROM person WHERE kana {relation} ? ORDER BY kana {order}, atena_no {order} LIMIT 1",
            (kana,),
        ).fetchone()
        return None if found is None else int(found[0])


def _any_of(facets: Sequence[Facet]) -> str | None:
    """Return the question for a word in any of some senses: None where the index does not help, "" where it knows nobody."""
    asked = [facet.question() for facet in facets]
    if None in asked:
        return None
    said = [question for question in asked if question]
    return "(" + " OR ".join(said) + ")" if said else ""

"""What a search keeps in memory of its index: the names of the 町, and how many people have each common word."""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from offline.store.door import one
from offline.store.search_key import Links
from offline.store.search_line import links_of
from offline.store.search_tokens import PAST, town_token

MOST_TOWNS = 64  # that are asked for by name; with more, so many live there that reading on finds them soon
_FEW = 64  # people who are read rather than the index asked about them once more
_DENSE = 0.25  # a word so many have costs more to ask for than it keeps out
_MOST_WORDS = 4
_SUFFIX_END = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Memory:
    """The index as a search plans by it; ``generation`` says of when. ``past`` asks for former names and places too,

    ``sheltered`` says that addresses may be searched that are nobody's to know (支援措置責任者).
    """

    generation: int
    people: int
    towns: dict[int, str]
    common: dict[str, int]
    past: bool = False
    sheltered: bool = False
    without_places: bool = False
    cardless: bool = False  # nobody is found by a residence card's number
    links: Links = field(default_factory=dict)
    _joined: str = field(default="", repr=False)
    _starts: Sequence[int] = field(default=(), repr=False)
    _numbers: Sequence[int] = field(default=(), repr=False)
    _backwards: Sequence[tuple[str, int]] = field(default=(), repr=False)
    _lived: frozenset[int] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, connection: sqlite3.Connection, generation: int) -> "Memory":
        """Read it from a file."""
        empty = cls(
            generation=generation,
            people=int(one(connection, "SELECT people FROM search_state")),
            towns={},
            common=dict(connection.execute("SELECT token, people FROM search_common")),
            links=links_of(connection),
        )
        made = empty.with_towns(connection)
        return replace(made, _lived=frozenset(no for no in made.towns if is_lived_in(connection, no)))

    def with_towns(self, connection: sqlite3.Connection) -> "Memory":
        """Return it with the names of the 町 as they are now."""
        towns: dict[int, str] = dict(connection.execute("SELECT no, key FROM search_town"))
        starts, at = [], 0
        for key in towns.values():
            starts.append(at)
            at += len(key) + 1
        return replace(
            self,
            towns=towns,
            _joined="\n".join(towns.values()),
            _starts=starts,
            _numbers=tuple(towns),
            _backwards=sorted((key[::-1], no) for no, key in towns.items()),
            _lived=self._lived | (towns.keys() - self.towns.keys()),  # one that is new has somebody
        )

    def towns_holding(self, key: str) -> list[int]:
        """Return the 町 whose name holds a key."""
        found: list[int] = []
        at = self._joined.find(key)
        while at >= 0:
            place = bisect_left(self._starts, at + 1) - 1
            found.append(self._numbers[place])
            following = place + 1
            at = self._joined.find(key, self._starts[following]) if following < len(self._starts) else -1
        return found

    def lived_in(self, towns: list[int]) -> list[int]:
        """Return those of some 町 that an address in question is in: all, where former ones count."""
        return towns if self.past else [no for no in towns if no in self._lived]

    def towns_ending(self, key: str) -> list[int]:
        """Return the 町 whose name ends with a key."""
        backwards = key[::-1]
        first = bisect_left(self._backwards, (backwards, 0))
        end = bisect_left(self._backwards, (backwards + _SUFFIX_END, 0))
        return [no for _, no in self._backwards[first:end]]

    def ask(self, token: str) -> str:
        """Return the question for one word."""
        return f'("{token}" OR "{PAST}{token}")' if self.past else f'"{token}"'

    def ask_any(self, tokens: Iterable[str], *, past: bool = True) -> str:
        """Return the question for at least one of some words; without ``past``, of what has no past."""
        asked = map(self.ask, tokens) if past else (f'"{token}"' for token in tokens)
        return "(" + " OR ".join(asked) + ")"

    def ask_all(self, tokens: Iterable[str]) -> str:
        """Return the question for all of some words, at least one, by those that keep most people out."""
        rarest, *others = sorted(set(tokens), key=self._people_with)
        chosen = [rarest]
        if self._people_with(rarest) > _FEW:  # words of one name come together: each more is worth asking for
            dense = _DENSE * self.people
            chosen += [token for token in others[: _MOST_WORDS - 1] if self._people_with(token) < dense]
        return "(" + " AND ".join(map(self.ask, chosen)) + ")"

    def _people_with(self, token: str) -> int:
        own = self.common.get(token.lower(), 0)
        return own + self.common.get(PAST + token.lower(), 0) if self.past else own


def is_lived_in(connection: sqlite3.Connection, town: int) -> bool:
    """Tell whether anybody lives in a 町: a name that is no more is still in former addresses."""
    asked = (f'"{town_token(town)}"',)
    return one(connection, "SELECT 1 FROM token WHERE token MATCH ? LIMIT 1", *asked) is not None

"""What was typed, word by word, in every sense it may have; how each sense is asked of the index, and proved."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from client.domain.date_span import DateSpan, typed_dates
from client.domain.letters import is_kana, kana_key, seen
from client.domain.place_key import NUMBER, place_key
from client.domain.query import Match, Query
from offline.store import search_tokens as words
from offline.store.search_key import name_key
from offline.store.search_line import PERSON
from offline.store.search_memory import MOST_TOWNS, Memory

Line = tuple[Any, ...]
_AT = {column: place for place, column in enumerate(PERSON)}
_ATENA_NO, _HOUSEHOLD_NO, _CARD, _SEX = (_AT[name] for name in ("atena_no", "household_no", "card", "sex"))
_KANA, _READINGS, _NAMES = (_AT[name] for name in ("kana", "readings", "names"))
_FIRST, _LAST, _UNKNOWN = (_AT[name] for name in ("born_first", "born_last", "born_unknown"))
_TOWN, _REST, _HIDDEN = (_AT[name] for name in ("town", "rest", "hidden_place"))
_PAST_READINGS, _PAST_NAMES, _PAST_PLACES = (
    _AT[name] for name in ("past_readings", "past_names", "past_places")
)
_A_CARD = re.compile(r"[A-Z]{2}\d{8}[A-Z]{2}")  # 在留カード, 特別永住者証明書
_SEXES = {"男": "男", "女": "女", "M": "男", "F": "女"}


def _nobody(_line: Line) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Facet:
    """One sense of a word: what to ask the index (never too little; None where it does not help), and the proof.

    ``number`` is a number that is looked up, not searched; ``place`` the key of an address.
    """

    question: Callable[[], str | None]
    holds: Callable[[Line], bool]
    leads: Callable[[Line], bool] = _nobody
    reading: str = ""
    is_whole: bool = False  # the reading is asked for whole, not where it begins
    written: str = ""
    number: str = ""
    place: str = ""

    @property
    def is_name(self) -> bool:
        """Tell whether it is a sense as a name."""
        return bool(self.reading or self.written)


@dataclass(frozen=True, slots=True)
class Term:
    """A word in all its senses; without any it finds nobody."""

    facets: tuple[Facet, ...]

    def holds(self, line: Line) -> bool:
        """Tell whether a person is meant."""
        return any(facet.holds(line) for facet in self.facets)

    def rank(self, line: Line) -> int:
        """Return which part of the list a person belongs to by this word: 0 the name begins with it, 1 holds it, 2 else."""
        names = [facet for facet in self.facets if facet.is_name]
        if any(facet.leads(line) for facet in names):
            return 0
        return 1 if any(facet.holds(line) for facet in names) else 2

    def names_one(self, line: Line) -> bool:
        """Tell whether it names a person: by the name or the number, as whoever may not be looked at is found."""
        return any(facet.holds(line) for facet in self.facets if facet.is_name or facet.number)

    @property
    def is_open(self) -> bool:
        """Tell whether it may ask for something else than a name or a number: a day, a place, a card, a sex."""
        return any(not (facet.is_name or facet.number) for facet in self.facets)

    @property
    def names(self) -> tuple[Facet, ...]:
        """Return its senses as a name."""
        return tuple(facet for facet in self.facets if facet.is_name)

    @property
    def others(self) -> tuple[Facet, ...]:
        """Return its other senses."""
        return tuple(facet for facet in self.facets if not facet.is_name)


def terms_of(query: Query, memory: Memory) -> tuple[Term, ...]:
    """Read a query; of the one field a word that folds to nothing does not count."""
    found = [term for word in _words(query.typed, memory) if (term := _any_sense(word, memory)).facets]
    names = _words(query.name, memory)
    if query.match is not Match.INFIX and names:
        names = ["".join(names)]  # 氏 and 名 are one name
    found += [Term(tuple(_named(name, query.match, memory))) for name in names]
    found += [Term(tuple(_placed(word, memory))) for word in _words(query.place, memory)]
    if birth := seen(query.birth).strip():
        found.append(Term(tuple(_born(birth, memory))))
    found += [Term(tuple(_numbered(word, memory))) for word in _words(query.number, memory)]
    if typed_sex := seen(query.sex).strip():
        sex = _SEXES.get(typed_sex.upper(), typed_sex)
        found.append(Term((Facet(lambda: None, lambda line: bool(line[_SEX] == sex)),)))
    return tuple(found)


def _words(text: str, memory: Memory) -> list[str]:
    return unicodedata.normalize("NFKC", seen(text).translate(memory.links)).split()


def _any_sense(word: str, memory: Memory) -> Term:
    facets = [*_born(word, memory), *_numbered(word, memory)]
    if not word.isdecimal() and not facets:
        facets += _named(word, Match.INFIX, memory)
    return Term((*facets, *_placed(word, memory)))


def _named(word: str, match: Match, memory: Memory) -> Iterator[Facet]:
    if is_kana(word):
        if key := kana_key(word):
            yield _by_reading(key, match, memory)
    elif key := name_key(word):
        yield _by_name(key, match, memory)


def _by_reading(key: str, match: Match, memory: Memory) -> Facet:
    def holds(line: Line) -> bool:
        others = line[_READINGS]  # None: nobody knows how the name is read, and kana is a name
        return (others is not None and (_has(line[_KANA], key, match) or _has(others, key, match))) or (
            memory.past and _has(line[_PAST_READINGS], key, match)
        )

    besides = {
        Match.INFIX: (),
        Match.PREFIX: (words.leading_reading_token(key),),
        Match.EXACT: (words.whole_reading_token(key), words.leading_reading_token(key)),
    }[match]
    return Facet(
        lambda: memory.ask_all([*besides, *words.reading_tokens(key)]),
        holds,
        lambda line: line[_READINGS] is not None and bool(line[_KANA].startswith(key)),
        reading=key,
        is_whole=match is Match.EXACT,
    )


def _by_name(key: str, match: Match, memory: Memory) -> Facet:
    besides = {
        Match.INFIX: (),
        Match.PREFIX: (words.leading_token(key),),
        Match.EXACT: (words.whole_name_token(key), words.leading_token(key)),
    }[match]
    return Facet(
        lambda: memory.ask_all([*besides, *words.name_tokens(key)]),
        lambda line: _has(line[_NAMES], key, match) or (memory.past and _has(line[_PAST_NAMES], key, match)),
        lambda line: _has(line[_NAMES], key, Match.PREFIX),
        written=key,
    )


def _born(word: str, memory: Memory) -> Iterator[Facet]:
    for span in typed_dates(word):
        yield _by_birth(span, memory)


def _by_birth(span: DateSpan, memory: Memory) -> Facet:
    first, last = words.day_number(span.first), words.day_number(span.last)
    asked = words.birth_tokens(span)

    def holds(line: Line) -> bool:
        if span.yearless:
            month, day = span.yearless
            return bool(line[_FIRST] == line[_LAST] and line[_FIRST] % 10_000 == month * 100 + day)
        within = first <= line[_FIRST] and line[_LAST] <= last
        return bool(within and (line[_UNKNOWN] or not span.unknown))

    return Facet(lambda: memory.ask_any(asked, past=False) if asked else None, holds)


def _numbered(word: str, memory: Memory) -> Iterator[Facet]:
    plain = word.upper()
    if word.isdecimal() and word.isascii():
        yield Facet(lambda: "", lambda line: word in {line[_ATENA_NO], line[_HOUSEHOLD_NO]}, number=word)
    elif _A_CARD.fullmatch(plain) and memory.cardless:
        yield Facet(lambda: "", _nobody)
    elif _A_CARD.fullmatch(plain):
        yield Facet(
            lambda: memory.ask_any([words.card_token(plain)], past=False),
            lambda line: bool(line[_CARD] == plain),
        )


def _placed(word: str, memory: Memory) -> Iterator[Facet]:
    key = place_key(word)
    if key and memory.without_places:
        yield Facet(lambda: "", _nobody)
    elif key:
        yield Facet(lambda: _where(key, memory), lambda line: _lives(line, key, memory), place=key)


def _lives(line: Line, key: str, memory: Memory) -> bool:
    if line[_HIDDEN] is not None and memory.sheltered:
        now, _, before = line[_HIDDEN].partition("\n")
        if key in now or (memory.past and key in before):
            return True
    if line[_TOWN] is not None and key in memory.towns[line[_TOWN]] + line[_REST]:
        return True
    if not memory.past or not line[_PAST_PLACES]:
        return False
    past = (entry.partition(":") for entry in line[_PAST_PLACES].split("\n"))
    return any(key in memory.towns[int(town)] + rest for town, _, rest in past)


def _where(key: str, memory: Memory) -> str | None:
    """Ask for addresses that hold a key: in the name of the 町, across it and what follows, or behind it."""
    if number := words.number_token(key):
        return memory.ask(number)
    towns = memory.towns_holding(key)
    if len(towns) > MOST_TOWNS:
        towns = memory.lived_in(towns)
    if len(towns) > MOST_TOWNS:
        return None
    asked = [memory.ask_any(map(words.town_token, towns))] if towns else []
    for end in range(1, len(key)):
        rest = key[end:]
        if not rest[0].isdigit() and (ending := memory.towns_ending(key[:end])):
            asked.append(_across(ending, rest, memory))
    asked.append(memory.ask_all(words.rest_tokens(key)))
    return "(" + " OR ".join(asked) + ")"


def _across(towns: list[int], rest: str, memory: Memory) -> str:
    if len(towns) > MOST_TOWNS:
        return memory.ask_all(words.beginning_tokens(rest))
    near = memory.ask_any(words.town_and_number_token(town, rest) for town in towns)
    further = words.rest_tokens(rest)
    if rest.startswith(NUMBER):
        further = further[1:]  # its first number is in what was asked already
    return f"({near} AND {memory.ask_all(further)})" if further else near


def _has(keys: str | None, key: str, match: Match) -> bool:
    """Tell whether one of some keys, a line each, holds, begins with or is a key."""
    if not keys or key not in keys:
        return False
    if match is Match.INFIX:
        return True
    if match is Match.PREFIX:
        return keys.startswith(key) or f"\n{key}" in keys
    return key in keys.split("\n")

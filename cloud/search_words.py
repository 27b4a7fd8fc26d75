"""What was asked, word by word: whom every sense of a word means, as the index has it ([STD j330, j340])."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from cloud import storage
from cloud.date_spans import Span, as_typed
from cloud.letters import is_reading, kana_key, name_key, visible, words_of
from cloud.own_letters import links
from cloud.place_keys import NUMBER, place_key
from cloud.search_index import CARD, HOUSE, NAME, PAST, PLACE, READING, town_keys
from cloud.shelter import hidden_homes

INFIX, PREFIX, EXACT = "infix", "prefix", "exact"
MOST_WORDS = 16  # of one field
_TEXTS = ("typed", "name", "birth", "place", "number", "sex")
_A_CARD = re.compile("[A-Z]{2}[0-9]{8}[A-Z]{2}")  # 在留カード, 特別永住者証明書
_SEXES = {"M": "男", "F": "女"}
_BEHIND_ALL = "\U0010ffff"
Condition = sa.ColumnElement[bool]
People = sa.Select[Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A search. ``shelters``: whoever asks may search the addresses that are hidden (支援措置責任者).

    ``cards``: and may be told who has a residence card of a number (在留資格等).
    """

    typed: str = ""
    name: str = ""
    birth: str = ""
    place: str = ""
    number: str = ""
    sex: str = ""
    match: str = INFIX  # of the field ``name`` alone
    removed: bool = False
    past: bool = False
    shelters: bool = False
    cards: bool = True

    @property
    def overlong(self) -> str | None:
        """Return a field that has more words than are read, if any has."""
        return next((name for name in _TEXTS if len(words_of(getattr(self, name))) > MOST_WORDS), None)


@dataclass(frozen=True, slots=True)
class Term:
    """What a word asks, as selections of 宛名番号: whose name matches, whose number it is, who is meant otherwise.

    ``leads`` tells whose name begins with it: the first part of the list. Where ``sure``, they are among ``named``.
    """

    named: People | None = None
    leads: Condition = field(default_factory=sa.false)
    sure: bool = True
    is_reading: bool = False
    length: int = 0
    numbers: tuple[People, ...] = ()
    rest: tuple[People, ...] = ()  # by day of birth, place, card

    @property
    def others(self) -> tuple[People, ...]:
        """Return whom it means otherwise than by the name."""
        return (*self.numbers, *self.rest)

    @property
    def naming(self) -> tuple[People, ...]:
        """Return whom it names: by the name or the number, as whoever may not be looked at is found."""
        return self.numbers if self.named is None else (self.named, *self.numbers)

    @property
    def senses(self) -> tuple[People, ...]:
        """Return whom each sense of the word means."""
        return (*self.naming, *self.rest)


class Reader:
    """Reads what was asked of one town."""

    def __init__(self, connection: sa.Connection, municipality: str, asked: Asked) -> None:
        self._connection = connection
        self._municipality = municipality
        own = links(connection, municipality)
        texts: dict[str, Any] = {name: visible(getattr(asked, name)).translate(own) for name in _TEXTS}
        self._asked = replace(asked, **texts)
        self.sex = self._asked.sex.strip()
        self._towns: list[str] | None = None

    def terms(self) -> list[Term]:
        """Return the words, that which orders the list first; of the one field a word without a sense does not count."""
        asked = self._asked
        found = [term for word in words_of(asked.typed) if (term := self._any_sense(word)).senses]
        found += [self._named(word, asked.match) for word in self._names()]
        found += [Term(rest=tuple(self._placed(word))) for word in words_of(asked.place)]
        if asked.birth.strip():
            found.append(Term(rest=tuple(self._born(asked.birth))))
        numbers = words_of(asked.number)
        found += [Term(numbers=self._numbered(word), rest=self._carded(word)) for word in numbers]
        return found

    def _names(self) -> list[str]:
        """Return what the field for names holds: words that may stand anywhere, or else one name, however it is parted."""
        words = words_of(self._asked.name)
        return words if self._asked.match == INFIX or not words else ["".join(words)]

    def of_sex(self) -> Condition:
        """Return who is of the sex that is asked for, if any is."""
        index, resident = storage.resident_index, storage.rows["resident"]
        if not self.sex:
            return sa.true()
        return sa.exists().where(
            resident.c.municipality == self._municipality,
            resident.c.atena_no == index.c.atena_no,
            resident.c.history_no == index.c.history_no,
            resident.c.sex == _SEXES.get(self.sex.upper(), self.sex),
        )

    def _any_sense(self, word: str) -> Term:
        born, numbers, cards = tuple(self._born(word)), self._numbered(word), self._carded(word)
        is_name = not (born or numbers or cards or word.isdecimal())
        name = self._named(word, INFIX) if is_name else Term()
        return replace(name, numbers=numbers, rest=(*born, *cards, *self._placed(word)))

    def _named(self, word: str, match: str) -> Term:
        """Read a word as a name: kana alone as a reading, anything else as a name that is written so."""
        if is_reading(word):
            kind, key, leads = READING, kana_key(word), self._reading_leads
        else:
            kind, key, leads = NAME, name_key(word), self._name_leads
        if not key:
            return Term()
        return Term(
            self._with_key(kind, _compare(match, key)),
            leads(key),
            sure=match != EXACT,
            is_reading=kind == READING,
            length=len(key),
        )

    def _reading_leads(self, key: str) -> Condition:
        """Return who is read so from the beginning, by the reading that orders the list."""
        index, line = storage.resident_index, storage.resident_name
        is_read = sa.exists().where(  # without a reading the list is ordered by the name
            line.c.municipality == self._municipality,
            line.c.atena_no == index.c.atena_no,
            line.c.kind == READING,
        )
        return sa.and_(_begins(index.c.kana_sort, key), is_read)

    def _name_leads(self, key: str) -> Condition:
        begins = self._lines((NAME,), lambda folded: _begins(folded, key))
        return storage.resident_index.c.atena_no.in_(begins)

    def _born(self, text: str) -> Iterator[People]:
        return (self._people(partial(_within, span)) for span in as_typed(text))

    def _numbered(self, word: str) -> tuple[People, ...]:
        if not (word.isascii() and word.isdecimal()):
            return ()
        own, home = (
            self._people(lambda index: index.atena_no == word),
            self._people(lambda index: index.household_no == word),
        )
        return own, home

    def _carded(self, word: str) -> tuple[People, ...]:
        if not _A_CARD.fullmatch(word.upper()):
            return ()
        if not self._asked.cards:
            return (self._people(lambda _index: sa.false()),)
        return (self._lines((CARD,), lambda folded: folded == word.upper()),)

    def _placed(self, word: str) -> Iterator[People]:
        """Read a word as a piece of an address; whoever lives in a hidden home is not found by one, now or formerly.

        Nor is anybody by the hidden home of a former housemate.
        """
        key = place_key(word)
        if not key:
            return
        holds = _compare(INFIX, key)
        if NUMBER in key:
            yield self._open(self._with_key(PLACE, holds))
            return
        towns = [town for town in self._town_keys() if key in town]
        yield self._open(self._people(lambda index: index.town.in_(towns)))
        yield self._open(self._lines((HOUSE, PAST[PLACE]) if self._asked.past else (HOUSE,), holds))

    def _open(self, people: People) -> People:
        """Return those of some people whose address may be searched."""
        if self._asked.shelters:
            return people
        index = storage.resident_index.alias()
        hidden = sa.select(index.c.atena_no).where(
            index.c.municipality == self._municipality,
            index.c.household_no.in_(hidden_homes(self._municipality)),
        )
        return people.where(people.selected_columns[0].not_in(hidden))

    def _town_keys(self) -> list[str]:
        if self._towns is None:
            self._towns = town_keys(self._connection, self._municipality)
        return self._towns

    def _people(self, condition: Callable[[Any], Condition]) -> People:
        index = storage.resident_index.alias().c
        return sa.select(index.atena_no).where(index.municipality == self._municipality, condition(index))

    def _with_key(self, kind: str, compares: Callable[[Any], Condition]) -> People:
        return self._lines((kind, PAST[kind]) if self._asked.past else (kind,), compares)

    def _lines(self, kinds: tuple[str, ...], compares: Callable[[Any], Condition]) -> People:
        line = storage.resident_name
        people = sa.select(line.c.atena_no).where(
            line.c.municipality == self._municipality, line.c.kind.in_(kinds), compares(line.c.folded)
        )
        if PAST[PLACE] not in kinds or self._asked.shelters:
            return people
        home = line.c.household_no  # of a former place alone
        return people.where(sa.or_(home.is_(None), home.not_in(hidden_homes(self._municipality))))


def _compare(match: str, key: str) -> Callable[[Any], Condition]:
    if match == EXACT:
        return lambda folded: folded == key
    if match == PREFIX:
        return lambda folded: _begins(folded, key)
    return lambda folded: folded.contains(key, autoescape=True)


def _begins(column: Any, key: str) -> Condition:
    return sa.and_(column >= key, column < key + _BEHIND_ALL)


def _within(span: Span, index: Any) -> Condition:
    if span.any_year is not None:
        whole_day = index.born_first == index.born_last
        return sa.and_(whole_day, index.born_first % 10_000 == span.any_year)
    within = sa.and_(index.born_first.between(span.first, span.last), index.born_last <= span.last)
    return sa.and_(within, index.born_unknown) if span.unknown else within

"""What names are found by: folded keys, made from the register's letters and never shown."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from client.domain.calendar import parse_day
from client.domain.letters import is_kana, is_private, kana_key, one_for_all, strip_selectors
from offline.store.rows import Row

_STAND_IN = "\u00b7"  # for ASCII signs, which the tokenizer would split at


@dataclass(frozen=True, slots=True)
class Keys:
    """A person's keys: the reading that orders the list, all readings, all written names, the birth date."""

    kana: str
    readings: tuple[str, ...]
    names: tuple[str, ...]
    birth: str


class TermKind(Enum):
    """How a typed word is read."""

    READING = "reading"
    NAME = "name"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Term:
    """One typed word; of a number ``day`` is the date it may stand for."""

    kind: TermKind
    key: str
    day: str = ""


def name_key(text: str) -> str:
    """Fold a written name: no selectors, widths, spaces or signs; Latin in capitals; variants as one."""
    plain = unicodedata.normalize("NFKC", strip_selectors(text)).upper()
    return "".join(one_for_all(letter) for letter in plain if letter.isalnum() or is_private(letter))


def reading_keys(text: str) -> tuple[str, ...]:
    """Fold a reading, by its parts and as one: between サトウ and ウメ the ウ is no long vowel, typed as one it is."""
    by_parts = "".join(kana_key(part) for part in text.split())
    as_one = kana_key(text)
    return (by_parts,) if by_parts == as_one else (by_parts, as_one)


def keys_of(row: Row) -> Keys:
    """Return the keys of a row of table ``resident``."""
    names = [_text(row, column) for column in ("full_name", "tsusho", "former_surname", "latin_name")]
    spoken = [_text(row, f"{stem}furigana") for stem in ("", "tsusho_", "former_surname_")]
    spoken += [name for name in names if is_kana(name)]
    readings = [key for text in spoken for key in reading_keys(text) if key]
    folded = [key for key in map(name_key, names) if key]
    # Without any reading a Latin or kanji name orders the list; it comes after all kana but for capitals.
    kana = next(iter(readings), "") or next(reversed(folded), "")
    return Keys(kana, _once(readings), _once(folded), _text(row, "birth_sort"))


def terms_of(typed: str) -> tuple[Term, ...]:
    """Read what was typed, word by word; what folds to nothing does not count."""
    found = map(_term, unicodedata.normalize("NFKC", typed).split())
    return tuple(term for term in found if term.key)


def matches(term: Term, keys: Keys, atena_no: str) -> bool:
    """Tell whether a word finds a person."""
    if term.kind is TermKind.READING:
        return any(term.key in reading for reading in keys.readings)
    if term.kind is TermKind.NAME:
        return any(term.key in name for name in keys.names)
    return term.key == atena_no or (bool(term.day) and term.day == keys.birth)


def leads(term: Term, keys: Keys) -> bool:
    """Tell whether a person belongs to the first part of the list: the name begins with the word."""
    if term.kind is TermKind.READING:
        return keys.kana.startswith(term.key)
    if term.kind is TermKind.NAME:
        return any(name.startswith(term.key) for name in keys.names)
    return True


def tokens_of(keys: Keys, atena_no: str) -> str:
    """Return the words the index keeps of a person."""
    found = {f"i{_safe(atena_no)}", f"b{_safe(keys.birth)}"}
    for reading in keys.readings:
        found.update(_pieces("u", "k", reading))
    for name in keys.names:
        found.update(_pieces("n", "m", name))
        found.update({f"p{_safe(name[:1])}", f"q{_safe(name[:2])}"})
    return " ".join(sorted(found))


def query_of(term: Term) -> str:
    """Return what to ask the index for a word: never too little; every hit is checked again."""
    if term.kind is TermKind.NUMBER:
        return f'("i{_safe(term.key)}" OR "b{_safe(term.day or "-")}")'
    short, long = ("u", "k") if term.kind is TermKind.READING else ("n", "m")
    wanted = sorted(set(_pieces(short if len(term.key) == 1 else "", long, term.key)))
    return " AND ".join(f'"{token}"' for token in wanted)


def leading_query(term: Term) -> str:
    """Return what to ask the index for names that begin with a word."""
    return f'"{"q" if len(term.key) > 1 else "p"}{_safe(term.key[:2])}"'


def _term(word: str) -> Term:
    day = parse_day(word)
    if day is not None or word.isdecimal():
        return Term(TermKind.NUMBER, word, day.isoformat() if day else "")
    if is_kana(word):
        return Term(TermKind.READING, kana_key(word))
    return Term(TermKind.NAME, name_key(word))


def _pieces(short: str, long: str, text: str) -> Iterator[str]:
    if short:
        yield from (f"{short}{_safe(letter)}" for letter in text)
    yield from (f"{long}{_safe(text[at : at + 2])}" for at in range(len(text) - 1))


def _safe(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter > "\x7f" else _STAND_IN for letter in text)


def _once(keys: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) else ""

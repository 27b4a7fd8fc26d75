"""What people are found by: folded keys, made from the register's letters and never shown."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from client.domain.calendar import RegisterDate
from client.domain.date_span import DateSpan, recorded
from client.domain.letters import Folding, is_kana, is_private, kana_key, one_for_all, seen
from client.domain.place_key import place_key
from offline.store.rows import Row

NAME_COLUMNS = ("full_name", "tsusho", "former_surname", "latin_name")
READING_COLUMNS = ("furigana", "tsusho_furigana", "former_surname_furigana")
_CALLED_COLUMNS = (*NAME_COLUMNS, *READING_COLUMNS)
Links = Mapping[int, str]  # a private-use code point to the letter it counts as
NO_LINKS: Links = {}
PLACE_COLUMNS = ("address_town", "address_banchi", "address_katagaki")


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody lives: the key of the 町, and that of 番地 and 方書; the address's key is the two together."""

    town: str
    rest: str


@dataclass(frozen=True, slots=True)
class Keys:
    """A person's keys: the reading that orders the list, what the person is and was called, born, lives and lived."""

    kana: str
    readings: tuple[str, ...]
    names: tuple[str, ...]
    born: DateSpan
    sex: str = ""
    card: str = ""
    place: Place | None = None
    past_readings: tuple[str, ...] = ()
    past_names: tuple[str, ...] = ()
    past_places: tuple[Place, ...] = field(default=())
    hidden: tuple[Place | None, tuple[Place, ...]] = (
        None,
        (),
    )  # places that are a shelter's: now, and before


@lru_cache(maxsize=50_000)
def name_key(text: str) -> str:
    """Fold a written name: no selectors, widths, spaces or signs; Latin in capitals; variants as one."""
    return unicodedata.normalize("NFKC", seen(text)).upper().translate(_LETTERS)


def _one_letter(letter: str) -> str:
    return one_for_all(letter) if letter.isalnum() or is_private(letter) else ""


_LETTERS = Folding(_one_letter)


def reading_keys(text: str) -> tuple[str, ...]:
    """Fold a reading, by its parts and as one: between サトウ and ウメ the ウ is no long vowel, typed as one it is."""
    by_parts = "".join(kana_key(part) for part in text.split())
    as_one = kana_key(text)
    return (by_parts,) if by_parts == as_one else (by_parts, as_one)


def keys_of(versions: Sequence[Row], *, shelters: Collection[object] = (), links: Links = NO_LINKS) -> Keys:
    """Return the keys of a person from all versions of the record, the present one last.

    ``shelters``: the households with somebody under 支援措置. Of whoever lives in one no place is to be found by, of
    whoever has lived there not that one. ``links``: which letter each of the town's own counts as.
    """
    present = versions[-1]
    hidden = present["household_no"] in shelters
    readings, names = _called(present, links)
    # Without any reading a Latin or kanji name orders the list; it comes after all kana but for capitals.
    kana = next(iter(readings), "") or _last_name(present, links)
    past_readings, past_names, past_places = (
        _past(versions[:-1], present, links) if len(versions) > 1 else ((), (), ())
    )
    place = _place(present, links)
    left = [(past, home in shelters) for past, home in past_places if past != place]
    return Keys(
        kana=kana,
        readings=readings,
        names=names,
        born=recorded(RegisterDate(_text(present, "birth_text"), None)),
        sex=_text(present, "sex"),
        card=_text(present, "residence_card_no").upper(),
        place=None if hidden else place,
        past_readings=tuple(key for key in past_readings if key not in readings),
        past_names=tuple(key for key in past_names if key not in names),
        past_places=_once(past for past, shelter in left if not (hidden or shelter)),
        hidden=(place if hidden else None, _once(past for past, shelter in left if hidden or shelter)),
    )


def _called(row: Row, links: Links) -> tuple[tuple[str, ...], tuple[str, ...]]:
    readings: dict[str, None] = {}
    names: dict[str, None] = {}
    for column in READING_COLUMNS:
        if spoken := _text(row, column):
            readings.update(dict.fromkeys(reading_keys(spoken)))
    for column in NAME_COLUMNS:
        if written := _text(row, column).translate(links):
            names[name_key(written)] = None
            if is_kana(written):
                readings.update(dict.fromkeys(reading_keys(written)))
    return tuple(filter(None, readings)), tuple(filter(None, names))


def _last_name(row: Row, links: Links) -> str:
    keys = (name_key(_text(row, column).translate(links)) for column in reversed(NAME_COLUMNS))
    return next((key for key in keys if key), "")


def _past(
    versions: Sequence[Row], present: Row, links: Links
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[Place, object], ...]]:
    """Return the keys of what was otherwise before, places each with its household; some may be as they are now."""
    readings: dict[str, None] = {}
    names: dict[str, None] = {}
    places: dict[tuple[Place, object], None] = {}
    for row in versions:
        if not _same(row, present, _CALLED_COLUMNS):
            spoken, written = _called(row, links)
            readings.update(dict.fromkeys(spoken))
            names.update(dict.fromkeys(written))
        if not _same(row, present, PLACE_COLUMNS):
            places[_place(row, links), row["household_no"]] = None
    return tuple(readings), tuple(names), tuple(places)


def _same(row: Row, other: Row, columns: Iterable[str]) -> bool:
    return all(row.get(column) == other.get(column) for column in columns)


def _place(row: Row, links: Links) -> Place:
    town, banchi, katagaki = (_text(row, column).translate(links) for column in PLACE_COLUMNS)
    return Place(place_key(town), place_key(banchi) + place_key(katagaki))


def _once(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(places))


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) else ""


def pieces(text: str) -> list[str]:
    """Return each two neighbouring letters."""
    return [one + next_one for one, next_one in pairwise(text)]

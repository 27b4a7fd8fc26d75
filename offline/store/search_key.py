"""What people are found by: folded keys, made from the register's letters and never shown."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from client.domain.calendar import RegisterDate
from client.domain.date_span import DateSpan, recorded
from client.domain.letters import is_kana, is_private, kana_key, one_for_all, strip_selectors
from client.domain.place_key import place_key
from offline.store.rows import Row

NAME_COLUMNS = ("full_name", "tsusho", "former_surname", "latin_name")
READING_COLUMNS = ("furigana", "tsusho_furigana", "former_surname_furigana")
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


@lru_cache(maxsize=50_000)
def name_key(text: str) -> str:
    """Fold a written name: no selectors, widths, spaces or signs; Latin in capitals; variants as one."""
    plain = unicodedata.normalize("NFKC", strip_selectors(text)).upper()
    return "".join(one_for_all(letter) for letter in plain if letter.isalnum() or is_private(letter))


def reading_keys(text: str) -> tuple[str, ...]:
    """Fold a reading, by its parts and as one: between サトウ and ウメ the ウ is no long vowel, typed as one it is."""
    by_parts = "".join(kana_key(part) for part in text.split())
    as_one = kana_key(text)
    return (by_parts,) if by_parts == as_one else (by_parts, as_one)


def keys_of(versions: Sequence[Row], *, hidden: bool, links: Links = NO_LINKS) -> Keys:
    """Return the keys of a person from all versions of the record, the present one last.

    ``hidden``: somebody in the household is under 支援措置; no place of the person is to be found by then.
    ``links``: which letter each of the town's own counts as.
    """
    present = versions[-1]
    readings, names = _called(present, links)
    # Without any reading a Latin or kanji name orders the list; it comes after all kana but for capitals.
    kana = next(iter(readings), "") or _last_name(present, links)
    past_readings, past_names, past_places = (
        _past(versions[:-1], links) if len(versions) > 1 else ((), (), ())
    )
    place = _place(present, links)
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
        past_places=() if hidden else tuple(past for past in past_places if past != place),
    )


def _called(row: Row, links: Links) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = [_text(row, column).translate(links) for column in NAME_COLUMNS if column in row]
    spoken = [_text(row, column) for column in READING_COLUMNS if column in row]
    spoken += [name for name in names if is_kana(name)]
    readings = (key for text in spoken for key in reading_keys(text) if key)
    return _once(readings), _once(key for key in map(name_key, names) if key)


def _last_name(row: Row, links: Links) -> str:
    keys = (name_key(_text(row, column).translate(links)) for column in reversed(NAME_COLUMNS))
    return next((key for key in keys if key), "")


def _past(
    versions: Sequence[Row], links: Links
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Place, ...]]:
    readings: dict[str, None] = {}
    names: dict[str, None] = {}
    places: dict[Place, None] = {}
    for row in versions:
        spoken, written = _called(row, links)
        readings.update(dict.fromkeys(spoken))
        names.update(dict.fromkeys(written))
        places[_place(row, links)] = None
    return tuple(readings), tuple(names), tuple(places)


def _place(row: Row, links: Links) -> Place:
    town, banchi, katagaki = (_text(row, column).translate(links) for column in PLACE_COLUMNS)
    return Place(place_key(town), place_key(banchi) + place_key(katagaki))


def _once(keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keys))


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) else ""


def pieces(text: str) -> Iterator[str]:
    """Yield each two neighbouring letters."""
    return (text[at : at + 2] for at in range(len(text) - 1))

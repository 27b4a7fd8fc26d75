"""What clerks type, by class: what is sampled from the town's own people, letter by letter as it is typed."""

import sqlite3
from collections.abc import Callable, Iterator
from random import Random

from client.domain.query import Match, Query

Row = dict[str, str]
_COLUMNS = (
    *("full_name", "furigana", "latin_name", "tsusho", "former_surname", "birth_text", "birth_sort"),
    *("address_town", "address_banchi", "address_katagaki", "atena_no", "household_no", "residence_card_no"),
)
ODD = (
    *(
        "ア",
        "サト",
        "サトウ",
        "ア ン",
        "ン ン",
        "ア 町",
        "ウ 1 町",
        "コ ウ",
        "サトウ 町",
        "ア イ ウ エ オ カ キ ク",
        "ん",
    ),
    *(
        "田",
        "子",
        "山 川",
        "一 二",
        "田 田",
        "子 1",
        "町",
        "区",
        "区町",
        "みどり県",
        "市",
        "丁目",
        "の",
        "ハイツ",
        "メゾン 1",
    ),
    *(
        "1",
        "12",
        "1-1",
        "-",
        "ー",
        "号",
        "本 1",
        "S58",
        "1983",
        "ン 1983",
        "4月12日",
        "不詳",
        "58.4.12",
        "1 2 3 4 5",
    ),
    *(
        "😀",
        "a" * 200,
        "' OR 1=1 --",
        '" AND *',
        "NEAR(a b, 3)",
        "\u202e逆",
        "\U000e0100",
        "\udc80",
        "\x00\x07",
    ),
)


def sampled(connection: sqlite3.Connection, count: int, dice: Random) -> list[Row]:
    """Return some versions of some people's records."""
    (last,) = connection.execute("SELECT max(rowid) FROM resident").fetchone()
    return some(connection, dice.sample(range(1, last + 1), count))


def some(connection: sqlite3.Connection, rowids: list[int]) -> list[Row]:
    """Return records by their place in the file."""
    query = f"SELECT {', '.join(_COLUMNS)} FROM resident WHERE rowid = ?"
    found = (connection.execute(query, (rowid,)).fetchone() for rowid in rowids)
    return [{name: value or "" for name, value in zip(_COLUMNS, row, strict=True)} for row in found if row]


def classes(rows: list[Row], few: list[Row]) -> dict[str, list[Query]]:
    """Return the queries of each class; ``few`` are people who have what only few have."""
    made: dict[str, Callable[[Row], Iterator[str]]] = {
        "kana_prefix": lambda row: _typed(_surname(row["furigana"])),
        "kana_exact": lambda row: iter([row["furigana"]]),
        "kana_infix": lambda row: iter([_surname(row["furigana"])[1:3], _surname(row["furigana"])[1:]]),
        "given": lambda row: _typed(_given(row["furigana"])),
        "surname_given": _surname_given,
        "kanji": lambda row: _typed(row["full_name"].replace("　", "")),
        "kanji_infix": lambda row: iter([_given(row["full_name"]), row["full_name"][1:2]]),
        "birth": lambda row: iter([row["birth_text"], row["birth_sort"], row["birth_sort"].replace("-", "")]),
        "birth_partial": lambda row: iter(
            [row["birth_sort"][:4], row["birth_sort"][:7], row["birth_text"].split("月")[0]]
        ),
        "address": _addresses,
        "address_kana": _address_kana,
        "household": lambda row: iter([row["household_no"]]),
        "atena_no": lambda row: iter([row["atena_no"]]),
        "combined": _combined,
    }
    found = {name: _queries(words(row) for row in rows) for name, words in made.items()}
    found |= {
        "latin": _queries(_typed(row["latin_name"]) for row in few),
        "card": _queries(iter([row["residence_card_no"]]) for row in few),
        "tsusho": _queries(_typed(row["tsusho"].replace("　", "")) for row in few),
        "former_surname": _queries(_typed(row["former_surname"]) for row in few),
        "past_name": _queries((_typed(row["full_name"].replace("　", "")) for row in rows), past=True),
        "past_address": _queries((_addresses(row) for row in rows), past=True),
        "form_exact": _named((_names(row) for row in rows), Match.EXACT),
        "form_prefix": _named((_names(row) for row in rows), Match.PREFIX),
        "odd": _queries([iter(ODD)]),
    }
    return found


def _named(names: Iterator[Iterator[str]], match: Match) -> list[Query]:
    return [Query(name=name, match=match) for some in names for name in some]


def _names(row: Row) -> Iterator[str]:
    """Yield a name letter by letter, and a given name alone: nobody is called so as a whole."""
    yield from _typed(row["furigana"])
    yield from _typed(row["full_name"])
    yield from _typed(_given(row["full_name"]))
    yield _given(row["furigana"])[-1:]


def _queries(words: "Iterator[Iterator[str]] | list[Iterator[str]]", *, past: bool = False) -> list[Query]:
    return [Query(typed=word, past=past) for some in words for word in some if word]


def _typed(text: str) -> Iterator[str]:
    return (text[:end] for end in range(1, len(text) + 1))


def _surname(name: str) -> str:
    return name.split("　", maxsplit=1)[0]


def _given(name: str) -> str:
    return name.rsplit("　", maxsplit=1)[-1]


def _surname_given(row: Row) -> Iterator[str]:
    surname = _surname(row["furigana"])
    for given in _typed(_given(row["furigana"])):
        yield f"{surname} {given}"
        yield f"{surname[:1]} {given}"


def _local(row: Row) -> str:
    return row["address_town"].split("市")[-1]


def _addresses(row: Row) -> Iterator[str]:
    yield from _typed(_local(row) + row["address_banchi"] + row["address_katagaki"])
    yield from _typed(row["address_katagaki"])
    yield row["address_banchi"]
    yield (
        row["address_banchi"].replace("番地の", "-").replace("番地", "-").replace("番", "-").replace("号", "")
    )


def _address_kana(row: Row) -> Iterator[str]:
    surname = _surname(row["furigana"])
    for place in (_local(row), row["address_banchi"], _local(row) + row["address_banchi"]):
        yield f"{place} {surname}"
        yield f"{surname[:1]} {place}"


def _combined(row: Row) -> Iterator[str]:
    surname, year = _surname(row["furigana"]), row["birth_sort"][:4]
    yield f"{surname} {row['birth_text']}"
    yield f"{surname[:1]} {year}"
    yield f"{surname[:1]} {row['birth_sort'][:7]}"
    yield f"{_given(row['full_name'])} {year} {_local(row)}"

"""個人番号 and 住民票コード in words: known by how they are written and by their check digit (docs/CONTRACT.md).

Terminals take in no row that holds one (番号法), so none may come into the register. The contract says what is one;
this is the cloud's own reading of it, and ``vectors/forbidden_numbers.json`` has cases for both readers.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

_CALLED = re.compile(
    r"(?:^|[\W_])(?:(?:individual|my)_?numbers?|kojin_?bango|juminhyo_?codes?|個人番号|マイナンバー|住民票コード)"
    r"(?:_(?:sealed|plain|clear|text|value|number|no|\d+))?\Z",
    re.IGNORECASE,
)
_CODE_ENDINGS = ("_code", "_id", "_key", "_no")
_CODES = frozenset(
    (
        *("number", "code", "postcode", "symbol", "branch", "plate"),
        *("body", "provisional"),  # of the town's own making
        *("subject", "members", "former", "id", "key"),  # in a request: who it is about
    )
)

FEWEST_DIGITS = 11  # of a 住民票コード; a 個人番号 has one more
# Looked for in every word of a town: written out digit by digit it takes two thirds of a repeated group's time.
_WORTH_READING = re.compile("[ 　ー－−‐-―-]*".join(["[0-9０-９]"] * FEWEST_DIGITS))
_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))
# A group beside a Latin letter is of a key, one behind + of a telephone number, one behind "0." a fraction.
_GROUP = re.compile(r"(?<![0-9A-Za-z+])(?<![0-9]\.)[0-9]+(?![0-9A-Za-z])")
_GAP = re.compile("[ -]{1,3}")
_WAYS = tuple(  # to write one, by the digits in each group
    tuple(map(int, way.split()))
    for way in (
        *("12", "6 6", "4 4 4", "3 3 3 3", "2 2 2 2 2 2", "1 1 1 1 1 1 1 1 1 1 1 1"),  # 個人番号
        *("11", "4 4 3", "3 4 4", "5 6", "5 5 1", "1 1 1 1 1 1 1 1 1 1 1"),  # 住民票コード
    )
)
_CARD, _CORPORATE = [4, 4, 4, 4], [1, 4, 4, 4]


def is_forbidden_name(name: str, value: object = None) -> bool:
    """Tell whether a column or field is called like one of the two; under a sealed name octets may pass."""
    found = _CALLED.search(unicodedata.normalize("NFKC", name))
    if found is None:
        return False
    return not (isinstance(value, bytes) and name.lower().endswith("_sealed"))


def holds_code(name: str) -> bool:
    """Tell whether a column or field holds a code, whose digits are its own, and no words."""
    return name in _CODES or name.endswith(_CODE_ENDINGS)


def is_worth_reading(text: str) -> bool:
    """Tell whether eleven digits follow each other in a text, apart by nothing but spaces and hyphens."""
    return _WORTH_READING.search(text) is not None


def holds_forbidden_number(text: str) -> bool:
    """Tell whether a text holds what must be taken for 個人番号 or 住民票コード."""
    return is_worth_reading(text) and any(map(_is_forbidden, _candidates(text)))


def forbidden_field(payload: Mapping[str, object]) -> str | None:
    """Return the first field of a request that is called like one of the two, or whose words hold one.

    It is told by a name of the contract: a map's own keys are not repeated.
    """
    return next((shown for shown, name, value in _fields(payload, "") if _may_not_be(name, value)), None)


def _fields(payload: Mapping[str, object], within: str) -> Iterator[tuple[str, str, object]]:
    """Yield every field, each with the name it is told by, and what it holds inside it after it."""
    for name, value in payload.items():
        shown = name if name.isidentifier() else within
        yield shown, name, value
        for part in value if isinstance(value, list | tuple) else [value]:
            if isinstance(part, Mapping):
                yield from _fields(part, shown)


def _may_not_be(name: str, value: object) -> bool:
    if is_forbidden_name(name, value):
        return True
    words = value if isinstance(value, list | tuple) else [value]
    return not holds_code(name) and any(isinstance(one, str) and holds_forbidden_number(one) for one in words)


def _candidates(text: str) -> Iterator[str]:
    """Yield the digits of every row of groups that is written as one of the two is."""
    for groups in _rows_of_groups(unicodedata.normalize("NFKC", text).translate(_HYPHENS)):
        sizes = [len(group) for group in groups]
        if sizes == _CARD or (sizes == _CORPORATE and _is_corporate("".join(groups))):
            continue
        for way in _WAYS:
            for first in range(len(groups) - len(way) + 1):
                if tuple(sizes[first : first + len(way)]) == way:
                    yield "".join(groups[first : first + len(way)])


def _rows_of_groups(text: str) -> Iterator[Sequence[str]]:
    """Yield groups of digits that stand together, up to three spaces or hyphens between each two."""
    row: list[str] = []
    end = 0
    for found in _GROUP.finditer(text):
        if not _GAP.fullmatch(text, end, found.start()):
            yield row
            row = []
        row.append(found[0])
        end = found.end()
    yield row


def _is_forbidden(digits: str) -> bool:
    if digits[-1] != _check_digit(digits[:-1]):
        return False
    if len(digits) == FEWEST_DIGITS:
        return not digits.startswith("0")  # as telephone numbers do
    return not _is_moment(digits)


def _check_digit(rest: str) -> str:
    """Return the check digit (平成26年総務省令第85号 第5条; of 住民票コード 平成14年総務省告示第436号, the same sum).

    From the lowest digit on, the n-th counts n + 1 times up to the sixth, n - 5 times above it.
    """
    total = sum(int(digit) * (n + 1 if n <= 6 else n - 5) for n, digit in enumerate(reversed(rest), 1))
    return str(0 if total % 11 <= 1 else 11 - total % 11)


def _is_moment(digits: str) -> bool:
    """Tell whether twelve digits are a minute of these two centuries: 202611201432."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    try:
        datetime(year, month, day, int(digits[8:10]), int(digits[10:]))  # noqa: DTZ001 - only whether it is one
    except ValueError:
        return False
    return 1900 <= year < 2100


def _is_corporate(digits: str) -> bool:
    """Tell whether thirteen digits are a 法人番号 (法人番号の指定等に関する省令 第2条)."""
    twice, once = sum(map(int, digits[1::2])), sum(map(int, digits[2::2]))
    return int(digits[0]) == 9 - (2 * twice + once) % 9

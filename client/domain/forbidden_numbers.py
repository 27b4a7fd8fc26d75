"""個人番号 and 住民票コード: how they are known by their names and by themselves, so that they are kept nowhere here.

By name: a column or field that is called like one, whatever it holds. Ciphertext of the cloud's key is let through
under a name that ends in ``_sealed``, as bytes and nothing else.

By themselves: in words that people write (names, addresses, remarks, reasons), twelve or eleven digits whose check
digit is right, half or full width, whole or in groups as they are written. Each of ten harmless runs of digits has a
right check digit, so what has another meaning is left out: a telephone number (eleven digits from 0, or behind a +),
法人番号, a card of four fours, a moment (202611201432), digits next to Latin letters or inside a longer run. Not
looked at by value are codes, which are digits and no words (``is_coded``): 宛名番号, 住所コード, keys.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

INDIVIDUAL_NUMBER, JUMINHYO_CODE = 12, 11  # digits

_NAMES = "individual_?numbers?|my_?numbers?|kojin_?bango|juminhyo_?codes?|個人番号|マイナンバー|住民票コード"
_NAMED = re.compile(rf"(?:.*[_\W])?(?:{_NAMES})(?:_(?:no|number|value|text|plain|clear|sealed|\d+))?", re.I)
_SEALED = "_sealed"
_CODED_ENDS = ("_no", "_id", "_code", "_key")
_CODED = frozenset(
    (
        *("number", "code", "postcode", "symbol", "branch", "plate"),
        *("body", "provisional"),  # documents of the town's own making: numbers of layout, keys of newcomers
        *("subject", "members", "former", "id", "key"),  # of a request: persons and changes by their numbers
    )
)

_GAP = r"[ 　\-‐-―−－ー]"
# What the costly look is spent on only: eleven digits with nothing but gaps between them. Written out digit by digit
# it takes a third of the time that a repeated group takes.
SUSPECT = re.compile(f"{_GAP}*".join(["[0-9０-９]"] * JUMINHYO_CODE))
_RUN = re.compile(r"(?<![0-9A-Za-z+])(?<![0-9]\.)[0-9](?:[ -]{0,3}[0-9])*(?![0-9A-Za-z])")
_DASHES = {ord(dash): "-" for dash in "‐‑‒–—―−ー"}
_GROUPS = re.compile(r"[0-9]+")
_WRITTEN = {  # in which groups each is written
    INDIVIDUAL_NUMBER: frozenset({(12,), (4, 4, 4), (3, 3, 3, 3), (6, 6), (2,) * 6, (1,) * 12}),
    JUMINHYO_CODE: frozenset({(11,), (4, 4, 3), (3, 4, 4), (5, 5, 1), (5, 6), (1,) * 11}),
}
_WEIGHTS = (
    6,
    5,
    4,
    3,
    2,
    7,
    6,
    5,
    4,
    3,
    2,
)  # of the digits before the check digit, the last of them for the last


def is_forbidden_name(name: str, value: object = None) -> bool:
    """Tell whether a column or field is called like one of the two; sealed bytes may pass."""
    if not _NAMED.fullmatch(unicodedata.normalize("NFKC", name)):
        return False
    return not (name.lower().endswith(_SEALED) and isinstance(value, bytes))


def is_coded(name: str) -> bool:
    """Tell whether a column or field holds a code and no words: its digits are its own."""
    return name in _CODED or name.endswith(_CODED_ENDS)


def is_forbidden_number(text: str) -> bool:
    """Tell whether a text is a 個人番号 or a 住民票コード and nothing else, its check digit right."""
    digits = unicodedata.normalize("NFKC", text)
    plain = digits.isascii() and digits.isdecimal()
    return plain and len(digits) in {INDIVIDUAL_NUMBER, JUMINHYO_CODE} and _is_one(digits)


def holds_forbidden_number(text: str) -> bool:
    """Tell whether words hold what must be taken for 個人番号 or 住民票コード."""
    return next(_found_in(text), None) is not None


def without_forbidden_numbers(text: str) -> str:
    """Return words with every digit of theirs blotted out where they hold one of the two."""
    return re.sub(r"[0-9０-９]", "＊", text) if holds_forbidden_number(text) else text


def forbidden_field(payload: Mapping[str, object]) -> str | None:
    """Return the first field of a request that is named like one of the two, or whose words hold one; else None."""
    for name, value in payload.items():
        if is_forbidden_name(name, value) or _holds_one(name, value):
            return name
        for part in _parts(value):
            if found := forbidden_field(part):
                return found
    return None


def _holds_one(name: str, value: object) -> bool:
    if is_coded(name):
        return False
    words = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
    return any(isinstance(one, str) and holds_forbidden_number(one) for one in words)


def _parts(value: object) -> list[Mapping[str, object]]:
    inside = value if isinstance(value, list | tuple) else [value]
    return [one for one in inside if isinstance(one, Mapping)]


def _found_in(text: str) -> Iterator[str]:
    if not SUSPECT.search(text):
        return
    for run in _RUN.finditer(unicodedata.normalize("NFKC", text).translate(_DASHES)):
        groups = _GROUPS.findall(run[0])
        if _has_another_meaning(groups):
            continue
        for first in range(len(groups)):
            for last in range(first + 1, len(groups) + 1):
                part = groups[first:last]
                digits = "".join(part)
                if tuple(map(len, part)) in _WRITTEN.get(len(digits), ()) and _is_one(digits):
                    yield digits


def _has_another_meaning(groups: Sequence[str]) -> bool:
    """Tell whether a whole run is a card of four fours or a 法人番号."""
    sizes = [len(group) for group in groups]
    return sizes == [4, 4, 4, 4] or (sizes in ([13], [1, 4, 4, 4]) and _is_corporate("".join(groups)))


def _is_one(digits: str) -> bool:
    if len(digits) == JUMINHYO_CODE:
        return digits[0] != "0" and _checks(digits)
    return _checks(digits) and not _is_moment(digits)


def _checks(digits: str) -> bool:
    """Tell whether the last digit is the check digit of those before it.

    平成26年総務省令第85号 第5条 of 個人番号; 住基法施行規則 第1条 and 平成14年総務省告示第436号 of 住民票コード: 11 minus
    the weighted sum modulo 11, and 0 where the rest is 0 or 1.
    """
    weights = _WEIGHTS[-(len(digits) - 1) :]
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
    return int(digits[-1]) == (0 if rest <= 1 else 11 - rest)


def _is_moment(digits: str) -> bool:
    try:
        return 1900 <= datetime.strptime(digits, "%Y%m%d%H%M").year < 2100  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False


def _is_corporate(digits: str) -> bool:
    """Tell whether thirteen digits are a 法人番号 (財務省令 第2条: 9 minus the weighted sum modulo 9, at the front)."""
    total = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits[1:])))
    return int(digits[0]) == 9 - total % 9

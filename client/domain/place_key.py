"""What addresses are found by: one key for every way to write a number, a 丁目 or a ヶ ([STD j240, j250]).

The register's text is never altered; only keys are folded. 葛城町一丁目２番３号, 葛城町１丁目2-3 and 葛城1－2－3 all
begin alike: each number becomes its digits behind a ``#``, and what only tells numbers apart is dropped. So an
address is found by a fragment when the fragment's key stands in its key, and 12 never begins in the middle of 312.
"""

import unicodedata
from functools import lru_cache

from client.domain.letters import LONG_MARKS, is_private, kana_sounds, one_for_all, strip_selectors

_NUMERALS = {letter: value for value, letter in enumerate("〇一二三四五六七八九")} | {"零": 0}
_TENS = {"十": 10, "百": 100}  # 千 is left a letter: 千代田, 千葉
_UNITS = ("丁目", "番地", "番丁", "号室", "号棟", "丁", "番", "号", "室", "棟", "ノ")
_NO = frozenset("之乃")
_FOLDED_AWAY = ("大字", "小字")
_AZA, _BEFORE_AZA = (
    "字",
    frozenset("文十"),
)  # 文字, 十字 are words of their own; elsewhere 字 is often left out
NUMBER = "#"  # what each number of a key begins with


@lru_cache(maxsize=50_000)
def place_key(text: str) -> str:
    """Return the key of an address or of a piece of one; empty where nothing of it can be searched."""
    return _numbered(_plain(text))


def _plain(text: str) -> str:
    """Return the text in one width and form: capitals, large katakana without voicing, one letter for its variants."""
    parted = _parted(unicodedata.normalize("NFKC", strip_selectors(text)).upper())
    letters = (one_for_all(letter) for letter in kana_sounds(parted))
    plain = "".join("ノ" if letter in _NO else "カ" if letter == "ケ" else letter for letter in letters)
    for word in _FOLDED_AWAY:
        plain = plain.replace(word, "")
    return "".join(
        letter for at, letter in enumerate(plain) if letter != _AZA or (at and plain[at - 1] in _BEFORE_AZA)
    )


def _parted(text: str) -> str:
    """Return the text with each dash behind a number as a space: 2-3 are two numbers, センター loses its long mark."""
    return "".join(
        " " if letter in LONG_MARKS and at and _is_numeral(text[at - 1]) else letter
        for at, letter in enumerate(text)
    )


def _is_numeral(letter: str) -> bool:
    return (letter.isascii() and letter.isdigit()) or letter in _NUMERALS or letter in _TENS


def _numbered(plain: str) -> str:
    out: list[str] = []
    at = 0
    while at < len(plain):
        digits, end = _number(plain, at)
        if digits:
            out.append(NUMBER + digits)
            at = _behind_unit(plain, end)
        else:
            if plain[at].isalnum() or is_private(plain[at]):
                out.append(plain[at])
            at += 1
    return "".join(out)


def _number(plain: str, at: int) -> tuple[str, int]:
    """Return the digits of a number that begins here, and where it ends; none where no number begins."""
    end = at
    while end < len(plain) and plain[end].isascii() and plain[end].isdigit():
        end += 1
    if end > at:
        return plain[at:end], end
    while end < len(plain) and (plain[end] in _NUMERALS or plain[end] in _TENS):
        end += 1
    return (_value(plain[at:end]) if end > at else ""), end


def _value(numerals: str) -> str:
    """Read 三 as 3, 二三 as 23, 二十三 as 23, 百二 as 102."""
    if not any(letter in _TENS for letter in numerals):
        return "".join(str(_NUMERALS[letter]) for letter in numerals)
    total, last = 0, ""
    for letter in numerals:
        if letter in _TENS:
            total, last = total + int(last or "1") * _TENS[letter], ""
        else:
            last += str(_NUMERALS[letter])
    return str(total + int(last or "0"))


def _behind_unit(plain: str, at: int) -> int:
    """Return the place behind 丁目, 番地の, ‐ and the like, which only part a number from what follows."""
    while True:
        unit = next((unit for unit in _UNITS if plain.startswith(unit, at)), "")
        if not unit:
            return at
        at += len(unit)

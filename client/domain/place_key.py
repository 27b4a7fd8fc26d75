"""What addresses are found by: one key for every way to write a number, a 丁目 or a ヶ ([STD j240, j250]).

The register's text is never altered; only keys are folded. 葛城町一丁目２番３号, 葛城町１丁目2-3 and 葛城1－2－3 all
begin alike: each number becomes its digits behind a ``#``, and what only tells numbers apart is dropped. So an
address is found by a fragment when the fragment's key stands in its key, and 12 never begins in the middle of 312.
"""

import re
import unicodedata
from functools import lru_cache

from client.domain.letters import LONG_MARKS, Folding, is_private, kana_sounds, one_for_all, seen

_NUMERALS = dict(zip("〇零一二三四五六七八九", "00123456789", strict=True))
_TENS = {"十": 10, "百": 100}  # 千 is left a letter: 千代田, 千葉
_IN_NUMERALS = "".join([*_NUMERALS, *_TENS])
_UNITS = "丁目|番地|番丁|号室|号棟|丁|番|号|室|棟|ノ"  # what only parts a number from what follows
_NUMBER = re.compile(rf"([0-9]+|[{_IN_NUMERALS}]+)(?:{_UNITS})*|[\W_]")
_DASH_BEHIND_NUMBER = re.compile(rf"(?<=[0-9{_IN_NUMERALS}])[{re.escape(''.join(sorted(LONG_MARKS)))}]")
_FOLDED_AWAY = re.compile("大字|小字")
_AZA = re.compile("(?<![文十])字")  # 文字, 十字 are words of their own; elsewhere 字 is often left out
NUMBER = "#"  # what each number of a key begins with


@lru_cache(maxsize=50_000)
def place_key(text: str) -> str:
    """Return the key of an address or of a piece of one; empty where nothing of it can be searched."""
    return _NUMBER.sub(_numbered, _plain(text))


def _plain(text: str) -> str:
    """Return the text in one width and form: capitals, large katakana without voicing, one letter for its variants."""
    capitals = unicodedata.normalize("NFKC", seen(text)).upper()
    # 2-3 are two numbers, センター loses its long mark.
    parted = _DASH_BEHIND_NUMBER.sub(" ", capitals)
    return _AZA.sub("", _FOLDED_AWAY.sub("", kana_sounds(parted).translate(_LETTERS)))


def _one_letter(letter: str) -> str:
    one = one_for_all(letter)
    return "ノ" if one in "之乃" else "カ" if one == "ケ" else one


_LETTERS = Folding(_one_letter)


def _numbered(found: re.Match[str]) -> str:
    number = found[1]
    if number is None:  # a sign tells nothing; a town's own letter is one, though Unicode knows nothing of it
        return found[0] if is_private(found[0]) else ""
    return NUMBER + (number if number.isascii() else _value(number))


def _value(numerals: str) -> str:
    """Read 三 as 3, 二三 as 23, 二十三 as 23, 百二 as 102."""
    if _TENS.keys().isdisjoint(numerals):
        return "".join(_NUMERALS[letter] for letter in numerals)
    total, last = 0, ""
    for letter in numerals:
        if letter in _TENS:
            total, last = total + int(last or "1") * _TENS[letter], ""
        else:
            last += _NUMERALS[letter]
    return str(total + int(last or "0"))

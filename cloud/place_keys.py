"""Search keys of addresses ([STD j240, j250]): a number is one number however it is written, and is parted from the next.

葛城町一丁目２番３号 and 葛城町1-2-3 are both 葛城町#1#2#3; a piece of an address is found where its key stands.
"""

import re
from functools import lru_cache

from cloud.letters import is_dash, is_gaiji, place_letters, plain_capitals

_DIGITS = dict(zip("〇零一二三四五六七八九", "00123456789", strict=True))
_TENS = {"十": 10, "百": 100}
_NUMERALS = "".join([*_DIGITS, *_TENS])
NUMBER = "#"  # what each number of a key begins with
_PARTS = "丁目|番地|番丁|号室|号棟|丁|番|号|室|棟|ノ"
_NUMBER = re.compile(rf"([0-9]+|[{_NUMERALS}]+)(?:{_PARTS})*")
_ONE_LETTER = str.maketrans("之乃ケ", "ノノカ")  # ヶ, ケ, が and カ are one
_AZA = re.compile("大字|小字")
_MERE_AZA = re.compile("(?<![文十])字")


@lru_cache(maxsize=10_000)
def place_key(text: str) -> str:
    """Return the key of an address or of a piece of one; empty where it says nothing."""
    letters = place_letters(_with_gaps(plain_capitals(text))).translate(_ONE_LETTER)
    # Looked behind in what stood there, so that 字字 after 文 falls but for the first.
    plain = _MERE_AZA.sub("", _AZA.sub("", letters))
    key: list[str] = []
    at = 0
    for found in _NUMBER.finditer(plain):
        key += [_letters_of(plain[at : found.start()]), NUMBER, _value(found[1])]
        at = found.end()
    return "".join([*key, _letters_of(plain[at:])])


def _with_gaps(text: str) -> str:
    """Put a space for each dash after a number, which would be a long mark elsewhere."""
    after = zip(" " + text, text, strict=False)
    return "".join(
        " " if is_dash(letter) and (before in _NUMERALS or "0" <= before <= "9") else letter
        for before, letter in after
    )


def _letters_of(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum() or is_gaiji(letter))


def _value(number: str) -> str:
    """Read 23, 二三 and 二十三 as 23, 百二 as 102."""
    if number[0] in "0123456789":
        return number
    digits = "".join(_DIGITS.get(letter, letter) for letter in number)
    *tens, ones = re.split("([十百])", digits)
    if not tens:
        return digits
    pairs = zip(tens[::2], tens[1::2], strict=True)
    return str(sum(int(many or "1") * _TENS[ten] for many, ten in pairs) + int(ones or "0"))

"""Search keys of names and readings ([STD j330]), written for the cloud alone.

Stored letters are never changed; only keys are folded. A terminal folds by its own code to the same classes.
"""

import unicodedata
from functools import cache, lru_cache

from resources import read_text

_SMALL = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))
_ONE_SOUND = {"ワ": "ハ", "ヲ": "オ", "ヰ": "イ", "ヱ": "エ"}  # rule 2 of [STD j330]
_V_SOUNDS = {"ァ": "バ", "ィ": "ビ", "ェ": "ベ", "ォ": "ボ"}
_ENDS_IN_O = set("オコソトノホモヨロ")
_LONG = set("ー―－‐‑–—−ｰ-~～〜")  # dash-like letters are equal, whichever was typed
_MARKS = _LONG | {"・"}
_VOICING = {"\u3099", "\u309a"}
_NO_SOUND = _MARKS | _VOICING
_UNSEEN = {"Cf", "Cs"}  # format characters and halves of surrogate pairs
_NO_PLACE_SOUND = _LONG | _VOICING


def is_selector(letter: str) -> bool:
    """Tell whether a code point only selects a variant of the letter before it."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def visible(text: str) -> str:
    """Return a text without what nobody sees; white space stays."""
    return "".join(letter for letter in text if not _is_unseen(letter))


@lru_cache(maxsize=20_000)
def _is_unseen(letter: str) -> bool:
    """Tell whether a code point selects a variant, controls, formats, or is half of one; private use is a letter."""
    if is_selector(letter):
        return True
    kind = unicodedata.category(letter)
    return kind in _UNSEEN or (kind == "Cc" and not letter.isspace())


def words_of(text: str) -> list[str]:
    """Return the words of what was typed, in one width, without what nobody sees."""
    return unicodedata.normalize("NFKC", visible(text)).split()


def _katakana(text: str) -> str:
    return "".join(
        chr(ord(letter) + 0x60) if "ぁ" <= letter <= "ゖ" else letter
        for letter in unicodedata.normalize("NFKC", text)
    )


def _large(letter: str) -> str:
    large = _SMALL.get(letter, letter)
    return _ONE_SOUND.get(large, large)


def _voiced_v(text: str) -> str:
    for small, sound in _V_SOUNDS.items():
        text = text.replace("ヴ" + small, sound)
    return text.replace("ヴ", "ブ")


def kana_key(text: str) -> str:
    """Fold a reading: katakana, no voicing, no small kana, no long marks, no white space; オウ = オオ = オー."""
    key: list[str] = []
    for written in unicodedata.normalize("NFD", _voiced_v(_katakana(visible(text)))):
        letter = _large(written)
        if (letter == "ウ" or letter in _LONG) and key and key[-1] in _ENDS_IN_O:
            key.append("オ")
        elif letter not in _NO_SOUND and not letter.isspace():
            key.append(letter)
    return "".join(key)


def name_key(text: str) -> str:
    """Fold a written name: no spaces, signs or what nobody sees, one letter for its variants (邉 邊 → 辺), capitals."""
    kept = (letter for letter in plain_capitals(text) if letter.isalnum() or is_gaiji(letter))
    return "".join(map(_representative, kept))


def is_gaiji(letter: str) -> bool:
    """Tell whether a code point is for private use: a letter of the town's own."""
    return unicodedata.category(letter) == "Co"


def plain_capitals(text: str) -> str:
    """Return a text in one width and in capitals, without what nobody sees."""
    return unicodedata.normalize("NFKC", visible(text)).upper()


def place_letters(text: str) -> str:
    """Return a text of an address with its kana large and without voicing or long marks, one letter for its variants."""
    sounds = (_large(letter) for letter in unicodedata.normalize("NFD", _voiced_v(_katakana(text))))
    return "".join(_representative(letter) for letter in sounds if letter not in _NO_PLACE_SOUND)


def is_dash(letter: str) -> bool:
    """Tell whether a letter is one of the dashes that are all equal."""
    return letter in _LONG


def _representative(letter: str) -> str:
    return _variants().get(letter, letter)


@cache
def _variants() -> dict[str, str]:
    """Return the letter that stands for each variant, from the contract's table."""
    lines = [line.split("\t") for line in read_text("contract", "variants.tsv").splitlines() if "\t" in line]
    return {variant: one for one, variants in lines for variant in variants}


def is_reading(text: str) -> bool:
    """Tell whether what was typed is read as a reading: kana, marks and white space, nothing else."""
    folded = "".join(_katakana(visible(text)).split())
    return bool(folded) and all("ァ" <= letter <= "ヺ" or letter in _MARKS for letter in folded)

"""Search keys of names and readings ([STD j330]), written for the cloud alone.

Stored letters are never changed; only keys are folded. A terminal folds by its own code to the same classes.
"""

import unicodedata
from functools import cache

from resources import read_text

_SMALL = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))
_ONE_SOUND = {"ワ": "ハ", "ヲ": "オ", "ヰ": "イ", "ヱ": "エ"}  # rule 2 of [STD j330]
_V_SOUNDS = {"ァ": "バ", "ィ": "ビ", "ェ": "ベ", "ォ": "ボ"}
_ENDS_IN_O = set("オコソトノホモヨロ")
_LONG = set("ー―－‐‑–—−ｰ-~～〜")  # dash-like letters are equal, whichever was typed
_NO_SOUND = _LONG | set("・\u3099\u309a")


def is_selector(letter: str) -> bool:
    """Tell whether a code point only selects a variant of the letter before it."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"


def _katakana(text: str) -> str:
    return "".join(
        chr(ord(letter) + 0x60) if "ぁ" <= letter <= "ゖ" else letter
        for letter in unicodedata.normalize("NFKC", text)
    )


def _voiced_v(text: str) -> str:
    for small, sound in _V_SOUNDS.items():
        text = text.replace("ヴ" + small, sound)
    return text.replace("ヴ", "ブ")


def kana_key(text: str) -> str:
    """Fold a reading: katakana, no voicing, no small kana, no long marks, no spaces; オウ = オオ = オー."""
    key: list[str] = []
    for written in unicodedata.normalize("NFD", _voiced_v(_katakana(text))):
        letter = _SMALL.get(written, written)
        letter = _ONE_SOUND.get(letter, letter)
        if (letter == "ウ" or letter in _LONG) and key and key[-1] in _ENDS_IN_O:
            key.append("オ")
        elif letter not in _NO_SOUND and not letter.isspace():
            key.append(letter)
    return "".join(key)


def name_key(text: str) -> str:
    """Fold a written name: no spaces, signs or selectors, one letter for its variants (邉 邊 → 辺), small letters."""
    bare = "".join(letter for letter in text if not is_selector(letter))
    folded = unicodedata.normalize("NFKC", bare).casefold()
    kept = [
        letter for letter in folded if letter.isalnum() or unicodedata.category(letter) == "Co"
    ]  # Co: 外字
    return "".join(_variants().get(letter, letter) for letter in kept)


@cache
def _variants() -> dict[str, str]:
    """Return the letter that stands for each variant, from the contract's table."""
    lines = [line.split("\t") for line in read_text("contract", "variants.tsv").splitlines() if "\t" in line]
    return {variant: one for one, variants in lines for variant in variants}


def is_reading(text: str) -> bool:
    """Tell whether what was typed is a reading: kana and marks, nothing else."""
    folded = _katakana(text)
    return bool(kana_key(text)) and all(
        "ァ" <= letter <= "ヺ" or letter in _NO_SOUND or letter.isspace() for letter in folded
    )

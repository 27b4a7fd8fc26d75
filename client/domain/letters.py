"""What equality of names means: clusters, search keys, and what is a kanji or kana.

Stored letters are never normalised; keys are ([STD j330], folding rules of mandatory search). Every function takes any
text, lone surrogates, marks without a letter and controls included: what a door let in must at least be showable.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache, lru_cache

from resources import read_text

_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_LARGE = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_VU = (("ヴァ", "バ"), ("ヴィ", "ビ"), ("ヴェ", "ベ"), ("ヴォ", "ボ"), ("ヴ", "ブ"))
_SAME = str.maketrans("ヲヰヱワ", "オイエハ")
_O_ROW = frozenset("オコソトノホモヨロ")
_VOICING = frozenset("\u3099\u309a")
LONG_MARKS = frozenset("ー―－‐‑–—−ｰ-~～〜")  # whatever dash was typed for a long mark
_LONG = "ー"
_DROPPED = LONG_MARKS | frozenset("・ 　\t")
_SOUNDS_IN_TEXT = {  # one letter for each sound, none for what changes one
    **dict.fromkeys(map(ord, LONG_MARKS | _VOICING)),
    **{small: _SAME.get(large, large) for small, large in _LARGE.items()},
    **_SAME,
}
_AFTER_O = re.compile(f"(?<=[{''.join(sorted(_O_ROW))}])[ウ{_LONG}]+")
_KANA = re.compile(rf"[ぁ-ゖァ-ヺ\s{re.escape(''.join(sorted(_DROPPED)))}]+")
_MARKS = frozenset({"Mn", "Mc", "Me"})  # selectors are among them
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})  # controls, format characters, lone surrogates
_JOINER = "\u200d"
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")
_LONGEST_CLUSTER = 16  # code points; a family of emoji has 11, and no text may hide inside one letter


def is_selector(letter: str) -> bool:
    """Tell whether a code point is a variation selector (standardised or ideographic)."""
    code = ord(letter)
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


def is_private(letter: str) -> bool:
    """Tell whether a code point is a town's own letter (外字): private use, any plane."""
    return unicodedata.category(letter) == "Co"


@lru_cache(maxsize=20_000)
def clusters(text: str) -> tuple[str, ...]:
    """Split a text into what a person calls letters: a base with its variation selectors and marks (か U+3099) is one.

    After Unicode's UAX #29, as far as names need it: emoji joined by U+200D are one letter; controls and direction marks
    are letters of their own, so that nothing unseen goes uncounted.
    """
    parts: list[str] = []
    for letter in text:
        if parts and len(parts[-1]) < _LONGEST_CLUSTER and _goes_on(parts[-1], letter):
            parts[-1] += letter
        else:
            parts.append(letter)
    return tuple(parts)


def _goes_on(cluster: str, letter: str) -> bool:
    if letter < "\u0300":
        return False
    kind = unicodedata.category(letter)
    if kind in _MARKS or letter == _JOINER or _SKIN_TONES[0] <= letter <= _SKIN_TONES[1]:
        return True
    return kind == "So" and cluster[-1] == _JOINER and unicodedata.category(cluster[0]) == "So"


def length(text: str) -> int:
    """Count the letters of a text as a person does: 葛󠄀 is one, 𠮷 is one, か with a mark of its own is one."""
    return len(clusters(text))


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are one name (P14): the same code points, selectors included, in the same order.

    Nothing else is equal. No normal form is: NFC turns U+FA10 塚 into U+585A 塚, which is another family's name. What
    a search finds alike (``one_for_all``) is never for that the same name.
    """
    return one == other


class Folding(dict[int, str]):
    """A table for ``str.translate`` that asks once what becomes of each letter."""

    def __init__(self, fold: Callable[[str], str]) -> None:
        super().__init__()
        self._fold = fold

    def __missing__(self, code: int) -> str:
        found = self[code] = self._fold(chr(code))
        return found


def seen(text: str) -> str:
    """Return the text without what nobody sees, for keys and for what is typed; white space stays.

    That is variation selectors, controls, format characters (U+200B, U+200F, U+FEFF) and lone surrogates.
    """
    return text.translate(_SEEN)


def _seen(letter: str) -> str:
    unseen = is_selector(letter) or (unicodedata.category(letter) in _UNSEEN and not letter.isspace())
    return "" if unseen else letter


_SEEN = Folding(_seen)


@lru_cache(maxsize=50_000)
def kana_key(text: str) -> str:
    """Fold a reading to its search key: katakana without voicing, small kana, long marks or spaces.

    渡辺 as ワタナベ, わたなべ, ﾜﾀﾅﾍﾞ or わた なべ gives ハタナヘ. After an オ-row kana ウ and the long mark count as
    オ (オウ = オオ = オー), elsewhere the long mark counts for nothing: 大野 (オオノ) and 小野 (オノ) stay apart.
    """
    folded = _without_vu(unicodedata.normalize("NFKC", seen(text)).translate(_TO_KATAKANA))
    sounds = unicodedata.normalize("NFD", folded).translate(_SOUNDS)
    return _AFTER_O.sub(lambda found: "オ" * len(found[0]), sounds).replace(_LONG, "")


def _sound(letter: str) -> str:
    if letter in LONG_MARKS:
        return _LONG
    return "" if letter in _DROPPED or letter.isspace() else letter.translate(_SOUNDS_IN_TEXT)


_SOUNDS = Folding(_sound)


def _without_vu(katakana: str) -> str:
    """Return katakana with バ, ビ, ブ for what is written with ヴ ([STD j330])."""
    for written, sound in _VU:
        katakana = katakana.replace(written, sound)
    return katakana


def kana_sounds(text: str) -> str:
    """Return a text with its kana in one form, its other letters as they are: katakana, large, no voicing, no long marks."""
    katakana = _without_vu(text.translate(_TO_KATAKANA))
    return unicodedata.normalize("NFD", katakana).translate(_SOUNDS_IN_TEXT)


def is_kana(text: str) -> bool:
    """Tell whether a query is to be read as a reading: kana, long marks, spaces and nothing else."""
    folded = unicodedata.normalize("NFKC", seen(text))
    return _KANA.fullmatch(folded) is not None and not folded.isspace()


def one_for_all(letter: str) -> str:
    """Return the letter that stands for all variants of one: 辺 for 邉 and 邊, 高 for 髙; for keys only."""
    return _representatives().get(letter, letter)


@cache
def _representatives() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in read_text("contract", "variants.tsv").splitlines():
        one, _, others = line.partition("\t")  # a comment has no tab
        found.update(dict.fromkeys(others, one))
    return found


def letter_of_mj(mj_code: str) -> str | None:
    """Return the letter a number of 文字情報基盤 (MJ026190) is a form of, without selectors; None where it is none."""
    lines = _letters_by_mj()
    if len(mj_code) != len("MJ000000") or not mj_code.isascii() or not mj_code[-2:].isdecimal():
        return None
    place = int(mj_code[-2:])
    letter = lines.get(mj_code[:-2].upper(), "")[place : place + 1]
    return letter if letter.strip() else None


@cache
def _letters_by_mj() -> Mapping[str, str]:
    rows = (line.partition("\t") for line in read_text("contract", "mj_letters.tsv").splitlines())
    return {hundred: letters for hundred, tab, letters in rows if tab}


def code_points(cluster: str) -> str:
    """Name a letter by its code points, as officers quote it: U+9089 U+E0110."""
    return " ".join(f"U+{ord(letter):04X}" for letter in cluster)

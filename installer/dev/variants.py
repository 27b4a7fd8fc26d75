"""Writes resources/contract/variants.tsv anew from the MJ縮退マップ that jntajis brings; see docs/decisions/0017."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from jntajis import MJShrinkSchemeCombo, mj_shrink_candidates

TABLE = Path(__file__).resolve().parents[2] / "resources" / "contract" / "variants.tsv"
HEAD = """\
# Variants of kanji (異体字) as the search for names folds them [STD j330]: one class a line, the letter that stands for
# all, a tab, the others. Letters of no class stand for themselves. Variation selectors are taken off before, not listed.
# A letter that Unicode decomposes to another one (U+FA10 塚) is listed with it.
#
# Written by `./dev variants`; docs/decisions/0017-variant-classes.md says by which rule.
#
# Derived from: MJ縮退マップ, 情報処理推進機構 (IPA) / 文字情報技術促進協議会 (CITPC), https://moji.or.jp/mojikiban/map/ ,
# by way of jntajis-python (Open Collector, Inc., BSD-3-Clause), with additions of our own. Like its source this file is
# licensed under CC BY-SA 2.1 JP (https://creativecommons.org/licenses/by-sa/2.1/jp/); the program around it is not.
"""
# The strongest word first: notices on the family register, unification rules, likeness, and the notice for foreigners'
# names, which also lends letters of like sound.
SCHEMES = (
    MJShrinkSchemeCombo.MOJ_FAMILY_REGISTER_ACT_RELATED_NOTICE,
    MJShrinkSchemeCombo.JIS_INCORPORATION_UCS_UNIFICATION_RULE,
    MJShrinkSchemeCombo.INFERENCE_BY_READING_AND_GLYPH,
    MJShrinkSchemeCombo.MOJ_NOTICE_582,
)
IDEOGRAPHS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAD9), (0x20000, 0x2FA1D), (0x30000, 0x323AF))
# [STD j330] names the first three (頻 is printed there); the map lacks the rest because both forms are in JIS X 0213.
BY_HAND = (
    *("辺邊边邉𨘢", "浜濱頻濵滨", "藤䕨籘籐"),
    *(
        "桧檜",
        "遥遙",
        "凛凜",
        "亘亙",
        "薮藪籔",
        "鴬鶯",
        "鶴靍",
        "麹麴",
        "叱𠮟",
        "掻搔",
        "巌巖",
        "穣穰",
        "籠篭",
    ),
    *("賎賤", "曹曺", "庵菴", "剥剝", "填塡", "頬頰", "噛嚙", "繋繫", "痩瘦", "嘘噓", "噌噲", "欅﨔", "斉斊"),
)
# Pairs the map joins through one shape that two names share; the letters are as different as names can be.
APART = frozenset({frozenset("功切"), frozenset("師帥"), frozenset("玉王")})


def folded(letter: str) -> str:
    """Return the letter a compatibility ideograph decomposes to, or the letter."""
    return unicodedata.normalize("NFKC", letter)


def ideographs() -> Iterator[str]:
    """Yield every letter that may be a kanji."""
    for first, last in IDEOGRAPHS:
        yield from map(chr, range(first, last + 1))


def named(letter: str) -> tuple[str, ...]:
    """Return which other letters the strongest scheme that knows a letter names for it."""
    for scheme in SCHEMES:
        found = [folded(other) for other in mj_shrink_candidates(letter, scheme)]
        if others := [other for other in dict.fromkeys(found) if other != folded(letter)]:
            return tuple(others)
    return ()


def level(letter: str) -> int:
    """Return how common a letter is: level 1 or 2 of JIS X 0208, 3 in JIS X 0213, 4 elsewhere."""
    try:
        return 1 if letter.encode("euc_jp")[0] < 0xD0 else 2
    except UnicodeEncodeError:
        pass
    try:
        return 3 if letter.encode("euc_jis_2004") else 4
    except UnicodeEncodeError:
        return 4


class Classes:
    """Letters that count as one."""

    def __init__(self) -> None:
        self._of: dict[str, set[str]] = {}

    def same(self, letters: tuple[str, ...]) -> bool:
        """Tell whether letters are one already."""
        return len({id(self._of.get(letter, letter)) for letter in letters}) == 1

    def join(self, one: str, other: str) -> bool:
        """Make two letters one; False where they were."""
        mine, its = self._of.setdefault(one, {one}), self._of.setdefault(other, {other})
        if mine is its:
            return False
        mine |= its
        for letter in its:
            self._of[letter] = mine
        return True

    def all(self) -> list[set[str]]:
        """Return every class of more than one letter."""
        return [
            found for found in {id(found): found for found in self._of.values()}.values() if len(found) > 1
        ]


def classes() -> tuple[Classes, Counter[str]]:
    """Join by hand and by the map; return also how often each letter is named for another."""
    joined, votes = Classes(), Counter[str]()
    for group in BY_HAND:
        for letter in group[1:]:
            joined.join(group[0], letter)
        votes[group[0]] += len(group)
    open_words = {letter: found for letter in ideographs() if (found := named(letter))}
    for found in open_words.values():
        votes.update(found)
    while settled := [letter for letter, found in open_words.items() if joined.same(found)]:
        for (
            letter
        ) in settled:  # where several letters are named the map does not know which: not ours to choose
            found = open_words.pop(letter)
            if frozenset((letter, found[0])) not in APART:
                joined.join(folded(letter), found[0])
    for letter in ideographs():
        if folded(letter) != letter:
            joined.join(folded(letter), letter)
    return joined, votes


def table() -> str:
    """Return the whole file."""
    joined, votes = classes()
    lines = []
    for found in joined.all():
        first, *rest = sorted(found, key=lambda letter: (level(letter), -votes[letter], letter))
        lines.append(f"{first}\t{''.join(sorted(rest))}\n")
    return HEAD + "".join(sorted(lines))


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8", newline="\n")

"""Writes resources/contract/mj_letters.tsv anew: which letter each number of 文字情報基盤 is a form of.

IPAmj明朝 names its glyphs by their MJ numbers, and its character map says which letter, with which selector, each draws.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # found also when started as a script of its own

import uharfbuzz as hb  # type: ignore[import-untyped]  # noqa: E402 -- has no types; after the line above

from printing.layout.fonts import PAPER_FONT, find_font  # noqa: E402 -- found only through the line above

TABLE = ROOT / "resources" / "contract" / "mj_letters.tsv"
MJ = re.compile(r"mj([0-9]{6})")
NONE = "　"  # where a number has no letter in the character map
A_LINE = 100
HEAD = """\
# Letters by their number in 文字情報基盤 (MJ文字図形名), without variation selectors: a line holds the hundred numbers that
# begin with its first word, MJ0094 those from MJ009400 on; a wide space where a number has no letter. From it a letter of
# a town's own (外字) that bears an MJ number is found under its ordinary letter [STD j330].
#
# Written by `./dev variants` from the glyph names and the character map of IPAmj明朝, which are as in MJ文字情報一覧表:
# 情報処理推進機構 (IPA) / 文字情報技術促進協議会 (CITPC), https://moji.or.jp/mojikiban/mjlist/ . Like that list this file is
# licensed under CC BY-SA 2.1 JP (https://creativecommons.org/licenses/by-sa/2.1/jp/); the program around it is not.
"""


def letters_by_glyph(font: hb.Font) -> dict[int, int]:
    """Return the code point each glyph is drawn for; a letter alone counts before a sequence."""
    face = font.face
    found: dict[int, int] = {}
    for code in sorted(face.unicodes):
        if not _is_private(code):
            found.setdefault(font.get_nominal_glyph(code), code)
    for selector in sorted(face.variation_selectors):
        for code in sorted(face.variation_unicodes(selector)):
            if gid := font.get_variation_glyph(code, selector):
                found.setdefault(gid, code)
    return found


def _is_private(code: int) -> bool:
    return 0xE000 <= code <= 0xF8FF or code >= 0xF0000


def table() -> str:
    """Return the whole file."""
    font = hb.Font(hb.Face(hb.Blob.from_file_path(str(find_font(PAPER_FONT)))))
    by_number: dict[int, str] = {}
    for gid, code in letters_by_glyph(font).items():
        if name := MJ.fullmatch(font.glyph_to_string(gid)):
            by_number[int(name[1])] = chr(code)
    lines = []
    for first in range(0, max(by_number) + 1, A_LINE):
        row = "".join(by_number.get(number, NONE) for number in range(first, first + A_LINE))
        lines.append(f"MJ{first // A_LINE:04d}\t{row.rstrip(NONE)}\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8", newline="\n")

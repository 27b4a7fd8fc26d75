"""Text → glyph ids and widths, variation sequences exact; screens and papers both ask here.

Qt, and every shaper, silently falls back to the base letter when a font lacks a variation sequence; a name
would then be printed as another person's. So nothing is shaped here: each letter is looked up in the fonts'
own tables, and a letter no font has is named, never replaced. A private-use letter (外字) means nothing but in the
town's own fonts; other fonts have signs of their makers' there.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uharfbuzz as hb  # type: ignore[import-untyped]  # has no types; this file is its door

from client.domain.errors import PaperError
from client.domain.letters import clusters, code_points, is_private
from printing.layout.fonts import is_own
from printing.layout.own_font import NO_OWN_FONT, OwnFont

Source = Path | bytes  # a font file, or a font made in memory

_LONGEST_CLUSTER = 2  # a base and one selector
_MJ_NAME = re.compile(r"mj[0-9]{6}")  # what IPAmj明朝 calls its glyphs: the number of 文字情報基盤
_NEEDS_SHAPING = frozenset(
    {"Mn", "Mc", "Me", "Cf", "Cc", "Cs"}
)  # marks and controls are not letters of their own


@dataclass(frozen=True, slots=True)
class Glyph:
    """A letter as a font draws it: ``font`` is the place in the chain, ``gid`` 0 the visible 'missing' box."""

    cluster: str
    font: int
    gid: int
    advance_em: float


class FontChain:
    """Fonts asked in order; the first that has a letter exactly as written draws it.

    Strict chains refuse (``paper.glyph_missing``); others give the first font's missing box, for screens.
    """

    def __init__(self, paths: Sequence[Path], *, strict: bool = True) -> None:
        self.paths = tuple(paths)
        self.strict = strict
        self._files = tuple(_open(path) for path in self.paths)
        if not self._files:
            raise PaperError("paper.font_missing", font="")
        self.take_own(NO_OWN_FONT)

    def take_own(self, own: OwnFont) -> None:
        """Take the font of the town's own letters, in the place of the one before; on the thread that draws."""
        self._own = own
        made = (own.data,) if own.data else ()
        self.sources: tuple[Source, ...] = (*self.paths, *made)
        self._fonts = (*self._files, *(hb.Font(hb.Face(hb.Blob(data))) for data in made))
        files = range(len(self.paths))
        self._of_all = tuple(files)
        # the register's outline before a font file the town left on this PC
        self._of_the_town = (
            *range(len(files), len(self.sources)),
            *(n for n in files if is_own(self.paths[n])),
        )
        self._found: dict[str, Glyph | None] = {}
        self._widths: dict[str, float] = {}

    def glyphs(self, text: str) -> tuple[Glyph, ...]:
        """Return one glyph a letter. PaperError ``paper.glyph_missing`` with the code points as ``letters``."""
        parts = clusters(text)
        found = [self._found.get(cluster) or self._glyph(cluster) for cluster in parts]
        if all(found):
            return tuple(glyph for glyph in found if glyph)
        if self.strict:
            raise missing_error(self.missing(text))
        return tuple(glyph or self._box(part) for glyph, part in zip(found, parts, strict=True))

    def missing(self, text: str) -> tuple[str, ...]:
        """Return the letters no font of the chain has, each once, in order."""
        return tuple(dict.fromkeys(cluster for cluster in clusters(text) if self._glyph(cluster) is None))

    def mj_name(self, cluster: str) -> str | None:
        """Return the MJ文字図形名 of a letter as it is drawn, MJ026190; None where it has none."""
        if cluster in self._own.mj_codes:
            return self._own.mj_codes[cluster]
        glyph = self._glyph(cluster)
        name = self._fonts[glyph.font].glyph_to_string(glyph.gid) if glyph else ""
        return name.upper() if _MJ_NAME.fullmatch(name) else None

    def width(self, text: str) -> float:
        """Return the width of a text in em (times the size: the width on paper)."""
        known = self._widths.get(text)
        if known is None:
            known = sum(glyph.advance_em for glyph in self.glyphs(text))
            if len(text) <= _LONGEST_CLUSTER:  # letters come again, texts are other people's
                self._widths[text] = known
        return known

    def _box(self, cluster: str) -> Glyph:
        return Glyph(cluster, 0, 0, _advance(self._fonts[0], 0))

    def _glyph(self, cluster: str) -> Glyph | None:
        if cluster not in self._found:
            self._found[cluster] = self._look_up(cluster)
        return self._found[cluster]

    def _look_up(self, cluster: str) -> Glyph | None:
        if not 0 < len(cluster) <= _LONGEST_CLUSTER or unicodedata.category(cluster[0]) in _NEEDS_SHAPING:
            return None
        for place in self._places(cluster):
            gid = _gid(self._fonts[place], cluster)
            if gid:
                return Glyph(cluster, place, gid, _advance(self._fonts[place], gid))
        return None

    def _places(self, cluster: str) -> tuple[int, ...]:
        if cluster in self._own.left_out:  # the register has it, but not how it looks: nobody else's will do
            return ()
        return self._of_the_town if is_private(cluster[0]) else self._of_all


def missing_error(letters: Sequence[str]) -> PaperError:
    """Name the letters as officers quote them: U+9089 U+E0110, U+20BB7."""
    return PaperError("paper.glyph_missing", letters=", ".join(code_points(letter) for letter in letters))


def _open(path: Path) -> hb.Font:
    if not path.is_file():
        raise PaperError("paper.font_missing", font=path.name)
    return hb.Font(hb.Face(hb.Blob.from_file_path(str(path))))  # mapped, not read


def _gid(font: hb.Font, cluster: str) -> int:
    base = ord(cluster[0])
    if len(cluster) == 1:
        return font.get_nominal_glyph(base) or 0
    return font.get_variation_glyph(base, ord(cluster[1])) or 0


def _advance(font: hb.Font, gid: int) -> float:
    return float(font.get_glyph_h_advance(gid)) / float(font.face.upem)

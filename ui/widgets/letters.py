"""Draws names by glyph: Qt itself ignores variation sequences and would show another person's name.

The glyphs come from the same look-up the papers use, so screen and paper cannot disagree; a letter no font
has is the visible 'missing' box, never its base letter.
"""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPointF, Qt
from PySide6.QtGui import QFont, QGlyphRun, QPainter, QRawFont
from PySide6.QtWidgets import QApplication

from client.domain.letters import clusters
from printing.layout.glyphs import FontChain, Source
from printing.layout.own_font import OwnFont

ASCENT_EM = 0.88  # of IPAmj明朝
LINE_EM = 1.3
_MORE = "…"
_BASE_PT = 10.5
_ANY_PX = 16.0
_LARGEST_RUN = 60.0  # Qt 6.11 draws nothing at all for a raw font's glyph run above 64 pixels: outlines then
_POINTS_PER_INCH = 72


def pixels(pt: float, dpi: float) -> float:
    """Return a size of the design in pixels, grown with the letters of the whole screen."""
    return pt * QApplication.font().pointSizeF() / _BASE_PT * dpi / _POINTS_PER_INCH


class Letters:
    """A font chain made ready for the screen; fulfils ports.Lettering."""

    def __init__(self, chain: FontChain) -> None:
        self._chain = chain
        # A raw font reads its whole file (46 MB, 25 ms); another size of it is a clone that costs nothing.
        self._files = tuple(_raw_font(path) for path in chain.paths)
        self._raw = lru_cache(maxsize=64)(self._load)
        self._runs = lru_cache(maxsize=4000)(self._lay_out)
        self._join()

    def take_own(self, own: OwnFont) -> None:
        """Draw the town's own letters (外字) by this font from now on."""
        self._chain.take_own(own)
        self._join()

    def _join(self) -> None:
        made = self._chain.sources[len(self._files) :]
        self._fonts = (*self._files, *map(_raw_font, made))
        self._raw.cache_clear()
        self._runs.cache_clear()

    def missing(self, text: str) -> tuple[str, ...]:
        """Return the letters no font here has, each once, in order."""
        return self._chain.missing(text)

    def mj_name(self, letter: str) -> str | None:
        """Return the MJ文字図形名 of a letter as it is drawn."""
        return self._chain.mj_name(letter)

    def width(self, text: str, px: float) -> float:
        """Return the width of a text in pixels."""
        return self._chain.width(text) * px

    def lines(self, text: str, px: float, room: float) -> tuple[str, ...]:
        """Break a text between letters so that each line fits the room; at least one letter a line."""
        lines: list[str] = [""]
        used = 0.0
        for cluster in clusters(text):
            width = self.width(cluster, px)
            if used + width > room and lines[-1]:
                lines.append("")
                used = 0.0
            lines[-1] += cluster
            used += width
        return tuple(lines)

    def elided(self, text: str, px: float, room: float) -> str:
        """Return as much of a text as fits, with … where something is left out; nothing where nothing fits."""
        if self.width(text, px) <= room:
            return text
        rest = room - self.width(_MORE, px)
        return f"{self.lines(text, px, rest)[0]}{_MORE}" if rest > px else ""

    def draw(self, painter: QPainter, x: float, baseline: float, text: str, px: float) -> None:
        """Draw a text on a line, in the painter's pen."""
        device = painter.device()
        ratio = device.devicePixelRatio() if device is not None else 1.0
        if px * ratio > _LARGEST_RUN:
            self._draw_outlines(painter, x, baseline, text, px)
            return
        for run in self._runs(text, round(px, 2)):
            painter.drawGlyphRun(QPointF(x, baseline), run)

    def _draw_outlines(self, painter: QPainter, x: float, baseline: float, text: str, px: float) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(x, baseline)
        for glyph in self._chain.glyphs(text):
            outline = self._raw(glyph.font, px).pathForGlyph(glyph.gid)
            outline.setFillRule(
                Qt.FillRule.WindingFill
            )  # as fonts and SVG mean it: where strokes cross is ink
            painter.fillPath(outline, painter.pen().color())
            painter.translate(glyph.advance_em * px, 0)
        painter.restore()

    def fitted(self, text: str, px: float, room: float) -> float:
        """Return the size at which a text fits the room: its own, or smaller."""
        return min(px, px * room / max(1.0, self.width(text, px)))

    def _load(self, place: int, px: float) -> QRawFont:
        sized = QRawFont(self._fonts[place])
        sized.setPixelSize(px)
        return sized

    def _lay_out(self, text: str, px: float) -> tuple[QGlyphRun, ...]:
        by_font: dict[int, tuple[list[int], list[QPointF]]] = {}
        x = 0.0
        for glyph in self._chain.glyphs(text):
            gids, places = by_font.setdefault(glyph.font, ([], []))
            gids.append(glyph.gid)
            places.append(QPointF(x, 0))
            x += glyph.advance_em * px
        return tuple(self._run(font, px, *run) for font, run in by_font.items())

    def _run(self, font: int, px: float, gids: list[int], places: list[QPointF]) -> QGlyphRun:
        run = QGlyphRun()
        run.setRawFont(self._raw(font, px))
        run.setGlyphIndexes(gids)
        run.setPositions(places)
        return run


def _raw_font(source: Source) -> QRawFont:
    hinting = QFont.HintingPreference.PreferNoHinting
    if isinstance(source, bytes):
        return QRawFont(QByteArray(source), _ANY_PX, hinting)
    return QRawFont(str(source), _ANY_PX, hinting)

"""Outlines of the town's own letters (SVG paths) → a TrueType font; the only place that imports fontTools."""

import math
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any, TypeAlias

from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]  # has no types; this file is its door
from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]  # likewise
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]  # likewise
from fontTools.svgLib.path import parse_path  # type: ignore[import-untyped]  # likewise

Outline: TypeAlias = Any  # a glyph as fontTools keeps it
_Point = tuple[float, float]

_EM = 1000  # of the outlines, y downwards
_ASCENT = 880  # where the baseline lies in it, as in IPAmj明朝
_MOST_BYTES = 65_536  # a brushed letter has about 4,000
_MOST_POINTS = 4_000
_ROOM = _EM  # how far outside its em an outline may reach
_PATH = re.compile(rb"\s*[Mm][MmLlHhVvCcSsQqTtAaZz0-9eE+\-.,\s]*")
_BROKEN = (ValueError, IndexError, TypeError, ArithmeticError, AttributeError, AssertionError)
_NAME = "MadoguchiGaiji"
_BOX = ("M100 100H900V900H100Z", "M150 150V850H850V150Z")  # of a missing letter


def read(path: bytes) -> Outline:
    """Read a path. ValueError where it is none, or draws nothing, or something no letter can be."""
    if len(path) > _MOST_BYTES or not _PATH.fullmatch(path):
        raise ValueError("not a path")
    drawn = TTGlyphPen(None)
    try:
        parse_path(path.decode("ascii"), _Upright(Cu2QuPen(drawn, max_err=0.5)))
        outline = drawn.glyph()
    except _BROKEN as error:  # what the reader answers a broken path with
        raise ValueError("not a path") from error
    if outline.numberOfContours < 1 or len(outline.coordinates) > _MOST_POINTS:
        raise ValueError("no outline of a letter")
    left, low, right, high = outline.coordinates.calcIntBounds()
    if left == right or low == high:
        raise ValueError("an outline that draws nothing")
    return outline


def font(outlines: Mapping[str, Outline]) -> bytes:
    """Return a font file of some letters; the same outlines give the same bytes."""
    names = {letter: f"u{ord(letter):04X}" for letter in sorted(outlines)}
    glyphs = {".notdef": read(" ".join(_BOX).encode())} | {names[one]: outlines[one] for one in names}
    made = FontBuilder(_EM, isTTF=True)
    made.setupGlyphOrder(list(glyphs))
    made.setupCharacterMap({ord(letter): name for letter, name in names.items()})
    made.setupGlyf(glyphs)
    made.setupHorizontalMetrics({name: (_EM, made.font["glyf"][name].xMin) for name in glyphs})
    made.setupHorizontalHeader(ascent=_ASCENT, descent=_ASCENT - _EM)
    made.setupNameTable({"familyName": _NAME, "styleName": "Regular", "psName": _NAME})
    made.setupOS2(
        sTypoAscender=_ASCENT, sTypoDescender=_ASCENT - _EM, usWinAscent=_ASCENT, usWinDescent=_EM - _ASCENT
    )
    made.setupPost()
    made.setupHead(unitsPerEm=_EM, created=0, modified=0)
    made.font.recalcTimestamp = False
    out = BytesIO()
    made.font.save(out)
    return out.getvalue()


class _Upright:
    """A pen that turns y upwards and hands on what lies where a letter can be."""

    def __init__(self, pen: Any) -> None:
        self._pen = pen
        self._left = _MOST_POINTS

    def moveTo(self, point: _Point) -> None:
        self._pen.moveTo(self._turned(point))

    def lineTo(self, point: _Point) -> None:
        self._pen.lineTo(self._turned(point))

    def curveTo(self, *points: _Point) -> None:
        self._pen.curveTo(*map(self._turned, points))

    def qCurveTo(self, *points: _Point) -> None:
        self._pen.qCurveTo(*map(self._turned, points))

    def closePath(self) -> None:
        self._pen.closePath()

    def endPath(self) -> None:
        self._pen.closePath()  # what is filled is closed

    def _turned(self, point: _Point) -> _Point:
        x, y = point
        self._left -= 1
        inside = all(math.isfinite(at) and -_ROOM <= at <= _EM + _ROOM for at in (x, y))
        if not inside or self._left < 0:
            raise ValueError("no outline of a letter")
        return x, _ASCENT - y

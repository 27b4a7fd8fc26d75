"""Pages → PDF. Computes nothing but points from millimetres; the same pages give the same bytes."""

from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from itertools import cycle, groupby
from math import cos, radians, sin
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reportlab import rl_config
from reportlab.pdfbase import pdfdoc, pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from printing.desk.fonts import PdfFont
from printing.desk.seal import read_mask
from printing.desk.truetype import TrueType
from printing.layout.glyphs import FontChain, Source
from printing.layout.page import Image, Line, Page, Text, Tone

_MM = 72 / 25.4  # points
_OUTLINE_GREY = 0.62
_OUTLINE_WEIGHT = 0.9  # points


class _NoFont:
    """Stands where reportlab wants a first font, so that no page names a Helvetica it does not embed."""

    face = SimpleNamespace(name="madoguchi-none")
    fontName = "madoguchi-none"  # noqa: N815 - reportlab's name
    _multiByte = 0  # noqa: N815 - reportlab's name
    _dynamicFont = 1  # noqa: N815 - reportlab's name


class _OpenCanvas(Canvas):
    """reportlab's canvas, with the two inner parts named that fonts and images must reach."""

    _doc: Any
    _formsinuse: list[str]


class Drawer:
    """Draws with one chain of fonts; one thread at a time."""

    def __init__(self, chain: FontChain) -> None:
        self._chain = chain
        self._opened: dict[Source, TrueType] = {}
        pdfmetrics.registerFont(_NoFont())
        rl_config.useA85 = 0  # bytes, not text: a quarter smaller, and 2 ms a page

    def _sources(self) -> tuple[TrueType, ...]:
        opened = self._opened
        self._opened = {source: opened.get(source) or TrueType(source) for source in self._chain.sources}
        return tuple(self._opened.values())

    def pdf(self, pages: Sequence[Page], *, title: str) -> bytes:
        """Return the PDF; its title is the paper's kind, and nothing in it beside the pages names a person."""
        out = BytesIO()
        canvas = _OpenCanvas(
            out,
            pageCompression=1,
            invariant=1,
            initialFontName=_NoFont.fontName,  # type: ignore[arg-type]  # the stub says float; it is a name
        )
        canvas.setTitle(title)
        canvas.setAuthor("")
        canvas.setSubject("")
        canvas.setCreator("Madoguchi")
        canvas.setProducer("Madoguchi")
        document = _Document(canvas, self._chain, self._sources())
        for page in pages:
            document.draw(page)
        canvas.save()
        return out.getvalue()


class _Document:
    def __init__(self, canvas: _OpenCanvas, chain: FontChain, sources: tuple[TrueType, ...]) -> None:
        self._canvas = canvas
        self._chain = chain
        self._fonts = [
            PdfFont(source, f"F{n}", Path(source.name).stem) for n, source in enumerate(sources, start=1)
        ]
        self._used: set[int] = set()

    def draw(self, page: Page) -> None:
        self._canvas.setPageSize((page.width * _MM, page.height * _MM))
        parts = [self._text(text, page.height) for text in page.texts]
        parts += _lines(page.lines, page.height)
        parts += [self._image(image, page.height) for image in page.images]
        self._canvas.addLiteral("\n".join(parts))
        self._canvas.showPage()

    def _text(self, text: Text, height: float) -> str:
        place = f"{text.x * _MM:.2f} {(height - text.baseline) * _MM:.2f}"
        spacing = f"{text.spacing * _MM:.4f} Tc " if text.spacing else ""
        runs = self._runs(text)
        if text.tone is Tone.OUTLINE:
            return (
                f"q {_OUTLINE_GREY} G {_OUTLINE_WEIGHT} w {_turn(text.angle)} {place} cm "
                f"BT 1 Tr 0 0 Td {runs} ET Q"
            )
        reset = " 0 Tc" if text.spacing else ""
        return f"BT {place} Td {spacing}{runs}{reset} ET"

    def _runs(self, text: Text) -> str:
        runs = []
        for font, glyphs in groupby(self._chain.glyphs(text.text), key=attrgetter("font")):
            self._use(font)
            codes = self._fonts[font].hex_codes(glyphs)
            runs.append(f"/{self._fonts[font].resource} {text.size:g} Tf <{codes}> Tj")
        return " ".join(runs)

    def _use(self, font: int) -> None:
        if font not in self._used:
            self._used.add(font)
            self._canvas._doc.delayedFonts.append(self._fonts[font])

    def _image(self, image: Image, height: float) -> str:
        name = "Seal" + sha256(image.png).hexdigest()[:12]
        self._add_mask(name, image.png)
        box = image.box
        size = f"{box.width * _MM:.3f} 0 0 {box.height * _MM:.3f}"
        place = f"{box.x * _MM:.3f} {(height - box.bottom) * _MM:.3f}"
        return f"q 0 g {size} {place} cm /{pdfdoc.xObjectName(name)} Do Q"

    def _add_mask(self, name: str, png: bytes) -> None:
        doc = self._canvas._doc
        self._canvas._formsinuse.append(name)
        if pdfdoc.xObjectName(name) in doc.idToObject:
            return
        mask = read_mask(png)
        stream = pdfdoc.PDFStream(content=mask.rows, filters=[])
        parameters = {"Predictor": 15, "Colors": 1, "BitsPerComponent": 1, "Columns": mask.width}
        entries = {
            "Type": "/XObject",
            "Subtype": "/Image",
            "Width": mask.width,
            "Height": mask.height,
            "ImageMask": "true",
            "BitsPerComponent": 1,
            "Decode": pdfdoc.PDFArray([1, 0] if mask.black_is_one else [0, 1]),
            "Interpolate": "false",
            "Filter": "/FlateDecode",
            "DecodeParms": pdfdoc.PDFDictionary(parameters),
        }
        for key, value in entries.items():
            stream.dictionary[key] = value
        doc.addForm(name, stream)


def _lines(lines: Sequence[Line], height: float) -> list[str]:
    """Write lines of one weight together."""
    by_weight: dict[float, list[Line]] = {}
    for line in lines:
        by_weight.setdefault(line.weight, []).append(line)
    parts = []
    for weight, group in by_weight.items():
        ends = ((x * _MM, (height - y) * _MM) for line in group for x, y in _ends(line))
        path = " ".join(f"{x:.2f} {y:.2f} {verb}" for (x, y), verb in zip(ends, cycle("ml"), strict=False))
        parts.append(f"2 J {weight * _MM:.3f} w {path} S")
    return parts


def _ends(line: Line) -> tuple[tuple[float, float], tuple[float, float]]:
    return (line.x1, line.y1), (line.x2, line.y2)


def _turn(angle: float) -> str:
    c, s = cos(radians(angle)), sin(radians(angle))
    return f"{c:.5f} {s:.5f} {-s:.5f} {c:.5f}"

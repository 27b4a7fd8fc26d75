"""A font inside one PDF: Type0, Identity-H, only the glyphs used; what is drawn is what is extracted.

reportlab's own TrueType class draws a missing box after every variation selector and loses plane 2 in
extraction. Here a letter with its selector is one character code, its glyph is the one the layout found, and
ToUnicode gives back exactly the letters of the record.
"""

import zlib
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from reportlab.pdfbase import pdfdoc

from printing.desk.truetype import TrueType
from printing.layout.glyphs import Glyph

_PER_BLOCK = 100  # entries a bfchar block may have
_CMAP_HEAD = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
    b"/CIDSystemInfo <</Registry (Adobe)/Ordering (UCS)/Supplement 0>> def "
    b"/CMapName /Adobe-Identity-UCS def /CMapType 2 def "
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange"
)
_CMAP_END = b"endcmap CMapName currentdict /CMap defineresource pop end end"
_SYMBOLIC = 4
_FONT_COMPRESSION = 4  # a fifth of the page's time at 6, for 3 % fewer bytes


class PdfFont:
    """The letters one document uses of one font, numbered as they are met."""

    def __init__(self, source: TrueType, resource: str, name: str) -> None:
        self.resource = resource
        self._source = source
        self._name = name
        self._codes: dict[str, str] = {}
        self._gids = [0]

    def hex_codes(self, glyphs: Iterable[Glyph]) -> str:
        """Return the character codes of letters in this document, four digits each."""
        return "".join([self._codes.get(glyph.cluster) or self._new_code(glyph) for glyph in glyphs])

    def _new_code(self, glyph: Glyph) -> str:
        code = self._codes[glyph.cluster] = f"{len(self._gids):04x}"
        self._gids.append(glyph.gid)
        return code

    def addObjects(self, doc: Any) -> None:
        """Write the font into the document: reportlab asks for it when all pages are drawn."""
        tag = sha256("".join(self._codes).encode()).digest()
        base = "".join(chr(65 + byte % 26) for byte in tag[:6]) + "+" + self._name
        descendant = self._descendant(doc, base)
        unicode_map = pdfdoc.PDFStream(content=self._to_unicode(), filters=[pdfdoc.PDFZCompress])
        entries = {
            "Type": "/Font",
            "Subtype": "/Type0",
            "BaseFont": "/" + base,
            "Encoding": "/Identity-H",
            "DescendantFonts": pdfdoc.PDFArray([doc.Reference(descendant, "cid:" + base)]),
            "ToUnicode": doc.Reference(unicode_map, "tu:" + base),
        }
        font = doc.Reference(pdfdoc.PDFDictionary(entries), "font:" + self.resource)
        doc.idToObject["BasicFonts"].dict[self.resource] = font

    def _descendant(self, doc: Any, base: str) -> pdfdoc.PDFDictionary:
        scale = 1000 / self._source.units
        widths = " ".join(f"{self._source.advance(gid) * scale:.6g}" for gid in self._gids)
        info = {
            "Registry": pdfdoc.PDFString("Adobe"),
            "Ordering": pdfdoc.PDFString("Identity"),
            "Supplement": 0,
        }
        return pdfdoc.PDFDictionary(
            {
                "Type": "/Font",
                "Subtype": "/CIDFontType2",
                "BaseFont": "/" + base,
                "CIDSystemInfo": pdfdoc.PDFDictionary(info),
                "FontDescriptor": doc.Reference(self._descriptor(doc, base, scale), "fd:" + base),
                "DW": 1000,
                "W": f"[0 [{widths}]]",
                "CIDToGIDMap": "/Identity",
            }
        )

    def _descriptor(self, doc: Any, base: str, scale: float) -> pdfdoc.PDFDictionary:
        data = self._source.subset(self._gids)
        stream = pdfdoc.PDFStream(content=zlib.compress(data, _FONT_COMPRESSION), filters=[])
        stream.dictionary["Length1"] = len(data)
        stream.dictionary["Filter"] = "/FlateDecode"
        return pdfdoc.PDFDictionary(
            {
                "Type": "/FontDescriptor",
                "FontName": "/" + base,
                "Flags": _SYMBOLIC,
                "FontBBox": pdfdoc.PDFArray([round(edge * scale) for edge in self._source.box]),
                "Ascent": round(self._source.ascent * scale),
                "Descent": round(self._source.descent * scale),
                "CapHeight": round(self._source.ascent * scale),
                "ItalicAngle": 0,
                "StemV": 80,
                "FontFile2": doc.Reference(stream, "ff:" + base),
            }
        )

    def _to_unicode(self) -> bytes:
        entries = [
            f"<{code}> <{cluster.encode('utf-16-be').hex()}>".encode()
            for cluster, code in self._codes.items()
        ]
        blocks = [entries[n : n + _PER_BLOCK] for n in range(0, len(entries), _PER_BLOCK)]
        body = [line for block in blocks for line in (b"%d beginbfchar" % len(block), *block, b"endbfchar")]
        return b"\n".join((_CMAP_HEAD, *body, _CMAP_END))

"""Slices glyphs out of a mapped TrueType file: nothing is parsed but the table directory.

IPAmj明朝 has 46 MB and 61,000 glyphs; a parser needs 200 ms and 70 MB for it. The few glyphs of a paper are
cut out of the mapping instead, which takes about a millisecond and keeps the outlines byte by byte.
"""

import mmap
import struct
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

from client.domain.errors import PaperError

_KEPT_TABLES = ("cvt ", "fpgm", "prep")  # hinting programs; without them printers draw thin strokes unevenly
_WHOLE_FILE = 0xB1B0AFBA  # what the sums of a font file must come to
_COMPOSITE = 0x80
_WORDS, _SCALE, _MORE, _TWO_SCALES, _MATRIX = 0x01, 0x08, 0x20, 0x40, 0x80


class TrueType:
    """A font with outlines in ``glyf``, from a file or from memory.

    PaperError ``paper.font_missing`` where it has none.
    """

    def __init__(self, source: Path | bytes) -> None:
        self.name = "Gaiji" if isinstance(source, bytes) else source.name
        self._map = source if isinstance(source, bytes) else _mapped(source)
        self._tables = self._directory()
        if not {"glyf", "loca", "hmtx", "head", "hhea", "maxp"} <= self._tables.keys():
            raise PaperError("paper.font_missing", font=self.name)
        head, hhea = self.table("head"), self.table("hhea")
        self.units: int = struct.unpack(">H", head[18:20])[0]
        self.box: tuple[int, ...] = struct.unpack(">4h", head[36:44])
        self._long_loca = struct.unpack(">h", head[50:52])[0] == 1
        self.ascent, self.descent = struct.unpack(">hh", hhea[4:8])
        self._metrics: int = struct.unpack(">H", hhea[34:36])[0]

    def table(self, tag: str) -> bytes:
        """Return a table's bytes."""
        offset, length = self._tables[tag]
        return self._map[offset : offset + length]

    def advance(self, gid: int) -> int:
        """Return a glyph's advance width in font units."""
        return self._metric(gid)[0]

    def subset(self, gids: Sequence[int]) -> bytes:
        """Return a font in which ``gids[i]`` is glyph i; parts of composite glyphs follow at the end."""
        kept = list(gids)
        place = {gid: n for n, gid in reversed(list(enumerate(kept)))}
        glyf, loca, hmtx = bytearray(), [0], bytearray()
        n = 0
        while n < len(kept):  # grows while parts are found
            outline = self._with_new_parts(self._outline(kept[n]), kept, place)
            glyf += outline + bytes(-len(outline) % 4)
            loca.append(len(glyf))
            hmtx += struct.pack(">Hh", *self._metric(kept[n]))
            n += 1
        return _sfnt(self._subset_tables(len(kept), loca, bytes(glyf), bytes(hmtx)))

    def _subset_tables(self, count: int, loca: list[int], glyf: bytes, hmtx: bytes) -> dict[str, bytes]:
        head, hhea, maxp = (bytearray(self.table(tag)) for tag in ("head", "hhea", "maxp"))
        head[8:12] = bytes(4)  # the sum over the whole file is set at the end
        head[50:52] = b"\0\1"  # long loca
        hhea[34:36] = struct.pack(">H", count)
        maxp[4:6] = struct.pack(">H", count)
        tables = {tag: self.table(tag) for tag in _KEPT_TABLES if tag in self._tables}
        tables.update(head=bytes(head), hhea=bytes(hhea), maxp=bytes(maxp), hmtx=hmtx, glyf=glyf)
        return tables | {"loca": struct.pack(f">{len(loca)}L", *loca)}

    def _directory(self) -> dict[str, tuple[int, int]]:
        count: int = struct.unpack(">H", self._map[4:6])[0]
        rows = struct.iter_unpack(">4sLLL", self._map[12 : 12 + 16 * count])
        return {tag.decode("latin-1"): (offset, length) for tag, _, offset, length in rows}

    def _outline(self, gid: int) -> bytes:
        loca, glyf = self._tables["loca"][0], self._tables["glyf"][0]
        if self._long_loca:
            start, end = struct.unpack(">LL", self._map[loca + 4 * gid : loca + 4 * gid + 8])
        else:
            halves = struct.unpack(">HH", self._map[loca + 2 * gid : loca + 2 * gid + 4])
            start, end = 2 * halves[0], 2 * halves[1]
        return self._map[glyf + start : glyf + end]

    def _metric(self, gid: int) -> tuple[int, int]:
        hmtx = self._tables["hmtx"][0]
        last = self._metrics - 1
        at = hmtx + 4 * min(gid, last)
        advance, bearing = struct.unpack(">Hh", self._map[at : at + 4])
        if gid > last:
            at = hmtx + 4 * self._metrics + 2 * (gid - self._metrics)
            bearing = struct.unpack(">h", self._map[at : at + 2])[0]
        return advance, bearing

    @staticmethod
    def _with_new_parts(outline: bytes, kept: list[int], place: dict[int, int]) -> bytes:
        if len(outline) < 10 or not outline[0] & _COMPOSITE:
            return outline
        renamed, at, flags = bytearray(outline), 10, _MORE
        while flags & _MORE:
            flags, gid = struct.unpack(">HH", renamed[at : at + 4])
            if gid not in place:
                place[gid] = len(kept)
                kept.append(gid)
            renamed[at + 2 : at + 4] = struct.pack(">H", place[gid])
            at += 4 + (4 if flags & _WORDS else 2) + _transform_size(flags)
        return bytes(renamed)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _transform_size(flags: int) -> int:
    if flags & _SCALE:
        return 2
    if flags & _TWO_SCALES:
        return 4
    return 8 if flags & _MATRIX else 0


def _sum(data: bytes) -> int:
    words = array("I", data + bytes(-len(data) % 4))
    if sys.byteorder == "little":  # pragma: no branch - font files are big-endian, every PC of ours is not
        words.byteswap()
    return sum(words) & 0xFFFFFFFF


def _sfnt(tables: dict[str, bytes]) -> bytes:
    count = len(tables)
    power = count.bit_length() - 1
    start = struct.pack(">LHHHH", 0x10000, count, 16 << power, power, 16 * (count - (1 << power)))
    rows, body, whole, head_at = bytearray(start), bytearray(), 0, 0
    offset = len(start) + 16 * count
    for tag, data in sorted(tables.items()):
        if tag == "head":
            head_at = offset + len(body)
        sum_of_table = _sum(data)
        whole += sum_of_table
        rows += struct.pack(">4sLLL", tag.encode("latin-1"), sum_of_table, offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    adjustment = (_WHOLE_FILE - whole - _sum(bytes(rows))) & 0xFFFFFFFF
    font = rows + body
    font[head_at + 8 : head_at + 12] = struct.pack(">L", adjustment)
    return bytes(font)

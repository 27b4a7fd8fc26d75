"""The name of a building in a 方書: what is left without the room, and without whose home it is."""

import re
import unicodedata

_NUMBER = r"(?:(?<![A-Z])[A-Z])?[0-9]+"
_FLOOR = rf"(?:{_NUMBER}(?:階|F))?"
_ROOM = re.compile(
    rf"\s*{_FLOOR}\s*(?:{_NUMBER}(?:[-‐‑−ー―の]{_NUMBER})*(?:号室|号|室|階|F)?|[〇一二三四五六七八九十百]+(?:号室|号|室|階))$"
)
_NAMED_ROOM = re.compile(rf"\s*{_NUMBER}\s*(?:号室|号|室|階)$")
_SOMEBODYS = re.compile(r"様|(?:方|内|気付)$|方\s")  # 「山田様方」 says who lives there, and no building


def building_of(katagaki: str) -> str:
    """Return the building a 方書 names, as the register writes it; empty where it names none that is nobody's."""
    written = katagaki.strip()
    folded = unicodedata.normalize("NFKC", written)
    room = _ROOM.search(folded)
    name = _cut(written, len(folded[room.start() :]) if room else 0)
    while more := _NAMED_ROOM.search(unicodedata.normalize("NFKC", name)):  # 「3号2」: a room of a room
        name = _cut(name, len(more[0]))
    return "" if not name or _SOMEBODYS.search(unicodedata.normalize("NFKC", name)) else name


def _cut(written: str, letters: int) -> str:
    """Return a text without as many letters at its end as it has in one width."""
    left = written
    target = len(unicodedata.normalize("NFKC", written)) - letters
    while left and len(unicodedata.normalize("NFKC", left)) > target:
        left = left[:-1]
    return left.rstrip()

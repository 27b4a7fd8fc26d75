"""Letters of the town's own: a private-use code point that means nothing without the town's outline of it."""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from client.domain.letters import is_private, letter_of_mj

_HEX = re.compile(r"[0-9A-Fa-f]{4,6}")


@dataclass(frozen=True, slots=True)
class Gaiji:
    """外字: a letter of the town's own, as the register describes it."""

    code: str  # the code point in hex, E001
    reading: str = ""
    mj_code: str = ""  # MJ文字図形名 where it was found to be a letter of 文字情報基盤
    outline: bytes = field(default=b"", repr=False)  # SVG path on a 1000 × 1000 em

    @property
    def letter(self) -> str | None:
        """Return the letter itself; None where the code is no private-use code point."""
        if not _HEX.fullmatch(self.code) or int(self.code, 16) > sys.maxunicode:
            return None
        letter = chr(int(self.code, 16))
        return letter if is_private(letter) else None


def gaiji_links(gaiji: Iterable[Gaiji]) -> Mapping[str, str]:
    """Return which letter each of the town's own counts as in a search: that of its MJ文字図形名 ([STD j330]).

    Keys put it in the place of the private-use letter before they fold variants; what has no number stays itself.
    """
    found = {one.letter: letter_of_mj(one.mj_code) for one in gaiji if one.mj_code}
    return {letter: other for letter, other in found.items() if letter and other}

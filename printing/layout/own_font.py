"""The town's own letters (外字) as a font: made in memory from the outlines the register keeps.

Screen and paper draw it like any other font of the chain, and a private-use letter comes from nowhere else. An outline
that cannot be read leaves its letter out: it is then missing and named, like every letter no font has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from client.domain.gaiji import Gaiji


@dataclass(frozen=True, slots=True)
class OwnFont:
    """A font of the town's own letters, and what the register says of them."""

    data: bytes = field(default=b"", repr=False)  # a TrueType file; empty where there is no letter
    mj_codes: Mapping[str, str] = field(default_factory=dict)  # of each letter that has one
    left_out: frozenset[str] = frozenset()  # letters the register names without an outline one can draw
    faults: tuple[str, ...] = ()  # codes of rows that were of no use


NO_OWN_FONT = OwnFont()


def build(gaiji: Iterable[Gaiji]) -> OwnFont:
    """Make the font; a letter that cannot be drawn is left out and named, none stops the others."""
    rows = tuple(gaiji)
    if not rows:
        return NO_OWN_FONT
    from printing.layout import outlines  # fontTools, 50 ms: only where a town has letters of its own

    drawn: dict[str, outlines.Outline] = {}
    faults: list[str] = []
    for one in rows:
        try:
            drawn[_letter(one)] = outlines.read(one.outline)
        except ValueError:
            faults.append(one.code)
    letters = {one.letter: one.mj_code for one in rows if one.letter}
    return OwnFont(
        outlines.font(drawn) if drawn else b"",
        {letter: mj_code for letter, mj_code in letters.items() if mj_code},
        frozenset(letters.keys() - drawn.keys()),
        tuple(faults),
    )


def _letter(one: Gaiji) -> str:
    if one.letter is None:
        raise ValueError("no code point of private use")
    return one.letter

"""What the large-letter view says of each letter of a name (文字コード照会, [STD j370]). No toolkit."""

from dataclasses import dataclass

from client.domain.letters import clusters, code_points, is_private
from client.jobs.ports import Lettering
from ui.marks import Mark
from ui.text import Words

_SPACES = frozenset(
    " \u3000"
)  # between the parts of a name; other white space is shown, it has no business there


@dataclass(frozen=True, slots=True)
class LetterLine:
    """One letter: how it is written, its code points, what it is called, and whether a font here has it."""

    letter: str
    points: str
    called: tuple[str, ...]  # 外字 E001, MJ026190; nothing for kana and the like
    missing: str  # why it is a box; empty where it is drawn
    spoken: str  # all of it, for a screen reader

    @property
    def mark(self) -> Mark | None:
        """Return the shape that says that no font has it, beside colour and word."""
        return Mark.TRIANGLE if self.missing else None


def letter_lines(text: str, lettering: Lettering, words: Words) -> tuple[LetterLine, ...]:
    """Return a line for each letter of a name, in order; spaces between its parts are left out."""
    shown = [cluster for cluster in clusters(text) if cluster not in _SPACES]
    lacking = frozenset(lettering.missing(text))
    lines = []
    for place, letter in enumerate(shown, start=1):
        called = _called(letter, lettering, words)
        missing = words("zoom.missing") if letter in lacking else ""
        points = code_points(letter)
        said = " ".join(filter(None, (_sayable(letter), points, *called, missing)))
        spoken = words("zoom.spoken", n=place, of=len(shown), said=said)
        lines.append(LetterLine(letter, points, called, missing, spoken))
    return tuple(lines)


def _called(letter: str, lettering: Lettering, words: Words) -> tuple[str, ...]:
    own = words("zoom.gaiji", code=f"{ord(letter[0]):04X}") if is_private(letter[0]) else ""
    return tuple(filter(None, (own, lettering.mj_name(letter) or "")))


def _sayable(letter: str) -> str:
    """Return the letter for a screen reader, without what no text of the system may hold."""
    return "".join(part for part in letter if not "\ud800" <= part <= "\udfff")

"""A page as numbers: text, lines, boxes and images in millimetres from the upper left corner.

Layout decides every position; drawing only draws.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

A4 = (210.0, 297.0)
MM_PER_POINT = 25.4 / 72
_ABOVE_BASELINE = 0.88  # of the em box of Japanese type; the rest lies below
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.y + self.height

    def inset(self, across: float, down: float = 0.0) -> "Box":
        """Return the box without a margin on each side."""
        return Box(self.x + across, self.y + down, self.width - 2 * across, self.height - 2 * down)

    def contains(self, other: "Box") -> bool:
        """Tell whether another box lies wholly inside."""
        return (
            self.x <= other.x + _TOLERANCE
            and self.y <= other.y + _TOLERANCE
            and other.right <= self.right + _TOLERANCE
            and other.bottom <= self.bottom + _TOLERANCE
        )

    def overlaps(self, other: "Box") -> bool:
        """Tell whether two boxes share more than an edge."""
        return (
            self.x < other.right - _TOLERANCE
            and other.x < self.right - _TOLERANCE
            and self.y < other.bottom - _TOLERANCE
            and other.y < self.bottom - _TOLERANCE
        )


class Tone(Enum):
    """How a text is inked."""

    BLACK = "black"
    OUTLINE = "outline"  # grey outline, for what lies across a page


@dataclass(frozen=True, slots=True)
class Text:
    """A run of letters on one baseline; ``width`` is what the fonts say, ``size`` is in points."""

    text: str
    x: float
    baseline: float
    size: float
    width: float
    tone: Tone = Tone.BLACK
    angle: float = 0.0  # degrees, counter-clockwise about the start of the baseline
    spacing: float = 0.0  # millimetres after each letter

    @property
    def em(self) -> Box:
        """Return the box the letters stand in."""
        height = self.size * MM_PER_POINT
        return Box(self.x, self.baseline - _ABOVE_BASELINE * height, self.width, height)


def baseline_in(top: float, height: float, size: float) -> float:
    """Return the baseline that centres letters of a size between two edges."""
    letter = size * MM_PER_POINT
    return top + (height - letter) / 2 + _ABOVE_BASELINE * letter


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; weight in millimetres."""

    x1: float
    y1: float
    x2: float
    y2: float
    weight: float = 0.18


@dataclass(frozen=True, slots=True)
class Image:
    """A one-bit PNG at its true size, black on what lies below."""

    box: Box
    png: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Field:
    """Where the value of a field stands, by name: what tests and reviewers measure."""

    name: str
    box: Box
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One sheet, one side."""

    width: float
    height: float
    texts: tuple[Text, ...] = ()
    lines: tuple[Line, ...] = ()
    images: tuple[Image, ...] = ()
    fields: tuple[Field, ...] = ()

    def text_of(self, name: str) -> str | None:
        """Return the text of a field, or None where the page has no such field."""
        return next((found.text for found in self.fields if found.name == name), None)


@dataclass(slots=True)
class Sheet:
    """A page in the making: parts are laid on it, ``page`` is the finished value."""

    size: tuple[float, float] = A4
    texts: list[Text] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)

    def write(self, name: str, box: Box, texts: Iterable[Text]) -> None:
        """Lay a field's text in its box."""
        laid = tuple(texts)
        self.texts.extend(laid)
        self.fields.append(Field(name, box, "".join(text.text for text in laid)))

    def frame(self, box: Box, weight: float) -> None:
        """Draw the four sides of a box."""
        self.lines.extend(
            (
                Line(box.x, box.y, box.right, box.y, weight),
                Line(box.x, box.bottom, box.right, box.bottom, weight),
                Line(box.x, box.y, box.x, box.bottom, weight),
                Line(box.right, box.y, box.right, box.bottom, weight),
            )
        )

    def page(self) -> Page:
        """Return the finished page."""
        return Page(*self.size, tuple(self.texts), tuple(self.lines), tuple(self.images), tuple(self.fields))

"""The shapes a state is shown by; no toolkit, so that models may name them."""

from enum import Enum


class Mark(Enum):
    """A shape; with its tone and a word it says a state three times."""

    CIRCLE = "circle"
    TRIANGLE = "triangle"
    SQUARE = "square"
    DOCUMENT = "document"
    UP = "up"

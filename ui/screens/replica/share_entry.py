"""An officer's share as it is typed from paper: eight lines that check themselves, then the passphrase. No toolkit."""

from client.domain.bundle import ShareLetter
from client.domain.errors import RefusedError
from client.rules.share_text import LINES, letter_of, letters_typed, read_line, read_share, wrong_group
from ui.text import Words

_WHOLE = 20  # letters of a line
_HEAD = 10  # bytes of the first line: they say already whose share it is


class ShareEntry:
    """One officer's share; what was typed is told by its state alone, never shown again."""

    def __init__(self, officer: int, words: Words, first: ShareLetter | None = None) -> None:
        self.officer = officer
        self.letter: ShareLetter | None = None
        self.wrong = False
        self.tries = 0  # at the passphrase
        self._words = words
        self._first = first  # the other officer's, to know it by
        self._lines: list[bytes] = []
        self._typed = 0
        self._group = 0

    @property
    def line(self) -> int:
        """Return which line is to be typed."""
        return len(self._lines) + 1

    @property
    def asks(self) -> str:
        """Return what is to be typed now."""
        if self.letter is not None:
            return self._words("carry.passphrase", officer=self.officer, number=self.letter.number)
        return self._words("carry.line", officer=self.officer, line=self.line)

    @property
    def state(self) -> str:
        """Return how the line stands: how much of it is there, or where it is wrong."""
        if self.letter is not None:
            return self._words("carry.lines_done", number=self.letter.number)
        if self.wrong and self._group:
            return self._words("carry.wrong_group", line=self.line, group=self._group)
        if self.wrong:
            return self._words("carry.wrong_line", line=self.line)
        if not self._typed and not self._lines and self.officer > 1:
            return self._words("carry.second")
        key = "carry.typing" if self._typed or not self._lines else "carry.line_done"
        return self._words(key, n=self._typed, of=_WHOLE, line=self.line, done=len(self._lines))

    def type(self, written: str) -> bool:
        """Hear what stands in the field; tells whether that was the whole line, and right.

        RefusedError ``bundle.same_share``, ``bundle.share``.
        """
        self._typed = letters_typed(written)
        self._group = wrong_group(self.line, written)
        self.wrong = bool(self._group) or self._typed > _WHOLE
        if self._typed != _WHOLE:
            return False
        try:
            content = read_line(self.line, written)
        except RefusedError:
            self.wrong = True
            return False
        if self._first is not None and not self._lines and content == self._first.head[:_HEAD]:
            raise RefusedError("bundle.same_share", number=self._first.number)
        self._lines.append(content)
        self._typed = 0
        if len(self._lines) == LINES:
            self.letter = letter_of(b"".join(self._lines))
        return True

    def take(self, text: str) -> None:
        """Take the share from the text of its file. RefusedError ``bundle.share``."""
        self.letter = read_share(text)

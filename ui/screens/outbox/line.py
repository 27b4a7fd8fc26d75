"""A line of the outbox, and the shape and colour of each state. No toolkit."""

from dataclasses import dataclass

from client.domain.change import ChangeState
from ui.marks import Mark

LOOKS = {
    ChangeState.QUEUED: (Mark.UP, "info"),
    ChangeState.SENDING: (Mark.UP, "info"),
    ChangeState.UNKNOWN: (Mark.TRIANGLE, "warn"),
    ChangeState.ACCEPTED: (Mark.CIRCLE, "ok"),
    ChangeState.LANDED: (Mark.CIRCLE, "ok"),
    ChangeState.CONFLICT: (Mark.SQUARE, "bad"),
    ChangeState.REFUSED: (Mark.SQUARE, "bad"),
    ChangeState.WITHDRAWN: (Mark.DOCUMENT, "quiet"),
    ChangeState.SUPERSEDED: (Mark.DOCUMENT, "quiet"),
}


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """A line of the list."""

    key: str
    mark: Mark
    tone: str
    state: str
    fate: str
    kind: str
    residents: str
    made: str
    attempts: str
    next_try: str
    words: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the texts as the list has them, a column each."""
        tries = (self.attempts, self.next_try)
        return (self.state, self.fate, self.kind, self.residents, self.made, *tries, self.words)

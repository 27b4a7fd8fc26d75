"""What a screen says to the clerk: a note, made from an error by its code."""

from dataclasses import dataclass

from client.domain.errors import CounterError, LinkDownError, RefusedError
from client.rules.sync import RoundReport
from ui.text import Words


@dataclass(frozen=True, slots=True)
class Note:
    """A note: its tone (bad, warn, info, ok), what happened, and why, what to do, what is safe."""

    tone: str
    what: str
    more: str = ""
    code: str = ""


def note_of(error: CounterError, words: Words) -> Note:
    """Return the note for known trouble; refusals and a lost line warn, the rest is graver."""
    said = words.error(error.code, error.facts)
    tone = "warn" if isinstance(error, (LinkDownError, RefusedError)) else "bad"
    return Note(
        tone, said.what, " ".join(part for part in (said.why, said.do, said.safe) if part), error.code
    )


def note_of_repair(report: RoundReport, words: Words) -> Note:
    """Return the note for buckets that were found to differ and were fetched again, with nobody asking."""
    what = words("proof.mended_by_itself", n=report.repaired, rows=report.rows)
    return Note("info", what, words("proof.mended_by_itself_more"))


def slip_note(error: CounterError, words: Words) -> Note:
    """Return the note for a 仮受付票 that did not come out: the intake stands, the slip can be printed again."""
    said = words.error(error.code, error.facts)
    return Note(
        "warn",
        words("change.slip_failed"),
        words("change.slip_again", what=said.what, why=said.why),
        error.code,
    )


def note_of_bug(number: str, words: Words) -> Note:
    """Return the note for a bug of ours, shown with the number under which it was recorded."""
    said = words.error("bug", {"number": number})
    return Note("bad", said.what, " ".join((said.why, said.do, said.safe)), "bug")

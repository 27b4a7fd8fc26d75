"""Whether a 職務代理者 declared here by two certifies: between its days, and until the register has said anything since.

The register wins: papers made meanwhile are doubtful where it names somebody else for their day.
"""

from datetime import datetime, timedelta

from client.domain.calendar import tokyo_day
from client.domain.certificate import Decided
from client.domain.deputy import Appointed, Deputy
from client.domain.errors import CounterError, RefusedError
from client.domain.letters import clusters, is_private
from client.rules.sign_in import CLOCK_TOLERANCE
from client.rules.staff_terms import Pair, pair_error

LONGEST = 30  # letters of a title or a name
WARN = "warning.deputy"  # the paper bears a deputy declared here
WARN_NO_SEAL = "warning.deputy_no_seal"  # and the register has no electronic seal of that deputy


def ending(deputy: Deputy, now: datetime, register_at: datetime | None) -> str | None:
    """Return by what a deputy is over for good: ``register``, ``date``, or None."""
    if register_at is not None and register_at > deputy.register_at:
        return "register"
    return "date" if tokyo_day(now) > deputy.last_day else None


def in_force(deputy: Deputy | None, now: datetime, register_at: datetime | None) -> bool:
    """Tell whether a deputy certifies at a moment; not before it was declared either, where a clock was set back."""
    return (
        deputy is not None
        and now - deputy.made_at >= -CLOCK_TOLERANCE
        and deputy.first_day <= tokyo_day(now)
        and ending(deputy, now, register_at) is None
    )


def declaring_error(
    pair: Pair, words: Appointed, now: datetime, *, on_line: bool, longest: int
) -> CounterError | None:
    """Return why two cannot declare this deputy now, or None; ``longest`` in days, today being the first."""
    if refusal := pair_error(pair, now):
        return refusal
    if on_line:
        return RefusedError("refused.deputy_on_line")
    for field, text in (("deputy_title", words.title), ("deputy_name", words.name)):
        if not text.strip() or len(clusters(text)) > LONGEST or not _is_writable(text):
            return RefusedError("refused.input", field=field)
    today = tokyo_day(now)
    if not today <= words.first_day <= words.last_day < today + timedelta(days=longest):
        return RefusedError("refused.deputy_days", days=longest)
    return None


def ending_error(pair: Pair, now: datetime) -> CounterError | None:
    """Return why two cannot end it, or None: it takes two as it did to begin, for papers bear another name after it."""
    return pair_error(pair, now)


def warnings(decided: Decided) -> tuple[str, ...]:
    """Return what a clerk is told of a paper by who certifies it."""
    if not decided.certifier.declared:
        return ()
    return (WARN,) if decided.seal else (WARN, WARN_NO_SEAL)


def same(certifier: tuple[str, str] | None, other: tuple[str, str] | None) -> bool:
    """Tell whether two are one certifier on paper: title and name letter by letter, however they are spaced."""
    return certifier is not None and other is not None and _close(certifier) == _close(other)


def _is_writable(text: str) -> bool:
    return all(letter.isprintable() or letter == "　" or is_private(letter) for letter in text)


def _close(certifier: tuple[str, str]) -> tuple[str, ...]:
    return tuple("".join(text.split()) for text in certifier)

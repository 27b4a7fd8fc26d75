"""What the analyses found, in words: who, on which day, how often, and by which threshold it stands out. No toolkit."""

from datetime import datetime

from client.domain.journal import Wanted
from client.rules.book_analyses import Analysis, Finding, Thresholds
from ui.clock import in_tokyo
from ui.marks import Mark
from ui.screens.book.day import begin_of, day_after
from ui.text import Words

_KIND_OF = {  # of the lines behind a finding; of access off hours and failures all kinds
    Analysis.SIGN_INS: "sign_in",
    Analysis.MASS: "look_up",
    Analysis.BY_NUMBER: "look_up",
    Analysis.FAILED: "sign_in",
}


def mark_of(finding: Finding) -> tuple[Mark, str]:
    """Return the shape and tone of a finding."""
    return (Mark.TRIANGLE, "warn") if finding.stands_out else (Mark.DOCUMENT, "quiet")


def cells_of(finding: Finding, limits: Thresholds, words: Words) -> tuple[str, ...]:
    """Return a finding as a line of the list."""
    state = words("book.stands_out" if finding.stands_out else "book.usual")
    when = f"{finding.day.isoformat()} {_hour(finding.first)}–{_hour(finding.last)}"
    people = words("book.people", n=finding.people) if finding.people else ""
    told = words(
        f"book_found.{finding.analysis.value}",
        n=finding.count,
        most=finding.most,
        limit=_limit(finding.analysis, limits),
        row=limits.in_a_row,
        night_from=limits.night_from,
        night_until=limits.night_until,
    )
    return state, when, finding.staff, people, told


def behind(finding: Finding) -> Wanted:
    """Return by what the lines behind a finding are looked for."""
    return Wanted(
        staff=finding.staff,
        kind=_KIND_OF.get(finding.analysis, ""),
        since=begin_of(finding.day),
        until=begin_of(day_after(finding.day)),
    )


def _hour(moment: datetime) -> str:
    return in_tokyo(moment).strftime("%H:%M")


def _limit(analysis: Analysis, limits: Thresholds) -> int:
    return {
        Analysis.OFF_HOURS: 0,
        Analysis.FAILED: limits.failed,
        Analysis.SIGN_INS: limits.sign_ins,
        Analysis.MASS: limits.searches_an_hour,
        Analysis.BY_NUMBER: limits.numbers,
    }[analysis]

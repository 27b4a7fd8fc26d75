"""What the answers of a form mean in law, in one line: the day as read, and what the clerk is warned of. No toolkit."""

from datetime import date, datetime

from client.domain.calendar import parse_day, tokyo_day, wareki
from client.domain.errors import RefusedError
from client.domain.intake import Entry
from client.rules.intakes import nhi
from client.rules.intakes.form import LATE, Form, Who, is_late, read
from ui.clock import short_time
from ui.text import Words


def hint_of(form: Form, entry: Entry, words: Words, now: datetime) -> str:
    """Return the line for what was typed so far."""
    typed = entry.value(form.day) if form.day else ""
    day = parse_day(typed) if typed else None
    if typed and day is None:
        return words("change.unread_day")
    at = short_time(entry.insured.at, now) if entry.insured and entry.insured.at else ""
    facts = {"who": _otherwise(form, entry, day, words), "at": at}
    warned = [f"change_warning.{one.rpartition('.')[2]}" for one in _warnings(form, entry, day, now)]
    said = [words("change.read_as", day=wareki(day))] if day else []
    return "　".join((*said, *(words(one, **facts) for one in warned)))


def _warnings(form: Form, entry: Entry, day: date | None, now: datetime) -> tuple[str, ...]:
    """Return what only warns; while the form is not filled in, that its days are over."""
    try:
        return read(form, entry, tokyo_day(now)).warnings
    except RefusedError:
        filed = parse_day(entry.todoke)
        return (LATE,) if day and filed and is_late(form, day, filed) else ()


def _otherwise(form: Form, entry: Entry, day: date | None, words: Words) -> str:
    """Return of whom on a 国保 form the register says otherwise: by place and 続柄, names are drawn elsewhere."""
    if form.kind not in nhi.KINDS or form.who is not Who.MEMBERS or day is None:
        return ""
    found = nhi.told_otherwise(entry, day, member=form is nhi.ACQUIRE)
    living = entry.household.living if entry.household else ()
    return "、".join(
        words("change_warning.one_of", n=place, relationship=one.relationship or "―")
        for place, one in enumerate(living, 1)
        if one.atena_no in found
    )

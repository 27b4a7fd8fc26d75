"""What the permanent status bar says: line, age of the replica, what waits, printer. No toolkit."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum

from client.domain.change import OutboxCounts
from client.domain.feed import FeedPosition, Position
from client.domain.uplink import Uplink
from client.jobs.take_chunks import Progress
from client.rules.link import LinkState
from client.rules.usage import Bytes
from ui.clock import age_words, left_words, short_time
from ui.marks import Mark
from ui.text import Words

FRESH = timedelta(minutes=10)  # design: on line the replica follows within ten minutes


_NOWHERE = Position(None, None)
_NOTHING = Progress(0, 0)


class Line(Enum):
    """The line as a clerk sees it."""

    STARTING = "starting"
    ONLINE = "online"
    MOBILE = "mobile"
    SLOW = "slow"
    PARTIAL = "partial"
    OFFLINE = "offline"
    RECOVERING = "recovering"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Cell:
    """A state of the status bar: shape, tone, word and detail."""

    mark: Mark
    tone: str
    word: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class UplinkFacts:
    """One up-link: how it is, whether it is probed, and what it carried today."""

    uplink: Uplink
    state: LinkState
    watched: bool
    used: Bytes


@dataclass(frozen=True, slots=True)
class Facts:
    """All the status bar stands on."""

    line: Line = Line.STARTING
    line_since: datetime | None = None
    ms: int | None = None
    metered: bool = False
    affected: tuple[str, ...] = ()  # services that are out, or not to be had over this line
    carrying: Uplink = Uplink.MAIN
    uplinks: tuple[UplinkFacts, ...] = ()
    sign_in_again: bool = False  # the line is good, and this clerk was let in without it
    position: Position = _NOWHERE
    filling: bool = False
    declared_until: datetime | None = None  # a disaster
    deputy_until: date | None = None  # the last day of a 職務代理者 declared here
    needs_fill: bool = False  # due, and only when asked for: the line is paid by the byte
    fill: Progress = _NOTHING
    fill_ends_at: datetime | None = None  # as the pace is now
    not_taken: str = ""  # the code of why what the register sends is not taken in
    waiting: int = 0
    wants_a_clerk: int = 0
    doubtful: int = 0  # papers issued off line that wait for the officer
    next_try_at: datetime | None = None
    attachments: int = 0  # that the cloud does not have whole
    attachments_lost: int = 0
    printer: str = ""
    printer_wants: str = ""  # in its own words; empty while it wants nothing


_LOOKS = {
    Line.STARTING: (Mark.CIRCLE, "quiet"),
    Line.ONLINE: (Mark.CIRCLE, "ok"),
    Line.MOBILE: (Mark.TRIANGLE, "warn"),
    Line.PARTIAL: (Mark.TRIANGLE, "warn"),
    Line.SLOW: (Mark.TRIANGLE, "warn"),
    Line.OFFLINE: (Mark.SQUARE, "bad"),
    Line.RECOVERING: (Mark.UP, "warn"),
    Line.STOPPED: (Mark.SQUARE, "bad"),
}


_CARRIED = frozenset({Line.ONLINE, Line.SLOW, Line.PARTIAL, Line.RECOVERING})


def with_outbox(facts: Facts, counts: OutboxCounts) -> Facts:
    """Return the facts with what the outbox holds."""
    return replace(
        facts,
        waiting=counts.waiting,
        wants_a_clerk=counts.wants_a_clerk,
        next_try_at=counts.next_try_at,
        attachments=counts.attachments,
        attachments_lost=counts.attachments_lost,
    )


def link_cell(facts: Facts, words: Words, now: datetime) -> Cell:
    """Return the line: its word, and since when or how fast."""
    mark, tone = _LOOKS[facts.line]
    detail = ""
    if facts.line is Line.OFFLINE and facts.line_since:
        detail = words("status.since", time=short_time(facts.line_since, now))
    elif facts.affected:
        detail = words("status.affected", what=named(facts.affected, words))
    elif facts.line in {Line.ONLINE, Line.MOBILE, Line.SLOW} and facts.ms is not None:
        detail = words("status.speed", ms=facts.ms)
    if facts.sign_in_again:
        detail = words("status.sign_in_again")
    word = words(f"line.{facts.line.value}")
    word = _declared(facts, word, words, now)
    if facts.metered and facts.line is not Line.MOBILE:
        word = words("status.metered", line=word)
    elif facts.carrying is Uplink.SECOND and facts.line in _CARRIED:
        word = words("status.over", line=word, uplink=words(f"uplink.{facts.carrying.value}"))
    return Cell(mark, tone, word, detail)


def _declared(facts: Facts, line: str, words: Words, now: datetime) -> str:
    """Return the line's word with what is declared here; of two declarations only that they are, for the room."""
    disaster = facts.declared_until if facts.line is Line.OFFLINE else None
    deputy = facts.deputy_until
    if disaster and deputy:
        return words("status.declared_both", line=line)
    if disaster:
        return words("status.declared", line=line, time=short_time(disaster, now))
    return words("status.deputy", line=line, month=deputy.month, day=deputy.day) if deputy else line


def named(services: tuple[str, ...], words: Words) -> str:
    """Return services by their names."""
    return words("line_box.and").join(words(f"service.{name}") for name in services)


def replica_cell(facts: Facts, words: Words, now: datetime) -> Cell:
    """Return the age of the replica; where the feeds differ, of each."""
    register, blocks = facts.position.register, facts.position.blocks
    if facts.filling or register is None or blocks is None:
        missing = "status.to_be_fetched" if facts.needs_fill else "status.no_replica"
        text = fill_words(facts, words, now) if facts.filling else words(missing)
        return Cell(Mark.DOCUMENT, "warn", words("status.replica"), text)
    tone, text = "quiet", _ages(register, blocks, words, now)
    if facts.not_taken:
        tone = "bad"
        cause = words(f"not_taken.{facts.not_taken}")
        text = words("status.not_taken", time=short_time(register.at, now), cause=cause)
    elif now - min(register.at, blocks.at) > FRESH:
        tone = "warn"
    return Cell(Mark.DOCUMENT, tone, words("status.replica"), text)


def with_fill(facts: Facts, progress: Progress, now: datetime) -> Facts:
    """Return the facts with how far a first fill is, or a mending."""
    ends_at = now + progress.left if progress.left is not None else None
    return replace(facts, filling=progress.done < progress.of, fill=progress, fill_ends_at=ends_at)


def fill_words(facts: Facts, words: Words, now: datetime) -> str:
    """Return how far a fill is, how fast it goes and how long it still takes, as far as that is known."""
    fill = facts.fill
    if fill.bytes_of:
        text = words("status.filling_bytes", done=megabytes(fill.bytes_done), of=megabytes(fill.bytes_of))
    else:
        text = words("status.mending" if fill.mending else "status.filling", done=fill.done, of=fill.of)
    if fill.rate is not None:
        text += words("status.fill_rate", rate=megabytes(fill.rate))
    if facts.fill_ends_at is not None:
        text += words("status.fill_left", left=left_words(facts.fill_ends_at - now, words))
    return text


def megabytes(size: int) -> str:
    """Return a size in megabytes, small ones to the second place: 0.02, 3.4, 120."""
    return f"{size / 1e6:.2f}" if size < 1e6 else f"{size / 1e6:.1f}" if size < 1e8 else f"{size / 1e6:.0f}"


def _ages(register: FeedPosition, blocks: FeedPosition, words: Words, now: datetime) -> str:
    text = words("status.as_of", time=short_time(register.at, now), age=age_words(now - register.at, words))
    if abs(register.at - blocks.at) > timedelta(minutes=1):
        text += words("status.blocks_as_of", age=age_words(now - blocks.at, words))
    return text


def waiting_cell(facts: Facts, words: Words, now: datetime) -> Cell:
    """Return what waits to be sent, and what waits for a clerk."""
    detail = words("status.items", n=facts.waiting)
    if facts.next_try_at and facts.waiting and facts.next_try_at > now:
        detail += words("status.next_try", time=short_time(facts.next_try_at, now))
    if facts.attachments:
        detail += words("status.attachments", n=facts.attachments)
    asking = facts.wants_a_clerk + facts.attachments_lost
    if asking:
        detail += words("status.wants_a_clerk", n=asking)
    if facts.doubtful:
        detail += words("status.doubtful", n=facts.doubtful)
    tone = "bad" if asking or facts.doubtful else "warn" if facts.waiting or facts.attachments else "quiet"
    return Cell(Mark.UP, tone, words("status.waiting"), detail)


def printer_cell(facts: Facts, words: Words) -> Cell:
    """Return the printer and its state."""
    name = words("status.printer", name=facts.printer)
    if not facts.printer_wants:
        return Cell(Mark.CIRCLE, "ok", name, words("status.printer_ready"))
    return Cell(Mark.TRIANGLE, "warn", name, facts.printer_wants.split("。", 1)[0])

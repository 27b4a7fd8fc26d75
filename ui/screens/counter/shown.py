"""What the middle column shows of a household: rows, banners, details; values in, words out. No toolkit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from client.domain.as_of import AsOf, Source
from client.domain.blocks import Block, BlockLevel
from client.domain.calendar import RegisterDate, tokyo_day
from client.domain.clerk import Right
from client.domain.hold import Hold
from client.domain.resident import AtenaNo, Resident, ResidentKind, ResidentStatus
from client.jobs.find_resident import HouseholdView
from client.rules.end_alerts import EndAlert
from client.rules.on_day import status_on
from ui.clock import age_words, short_time
from ui.screens.counter.find import short_birth
from ui.text import Words


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A line of the household table."""

    atena_no: AtenaNo
    checked: bool
    may_check: bool
    relationship: str
    name: str
    birth: str
    since: str
    state: str
    subject: bool


@dataclass(frozen=True, slots=True)
class BannerLine:
    """A standing word above the data."""

    tone: str
    head: str
    text: str


def member_row(
    member: Resident, view: HouseholdView, words: Words, today: date, *, checked: bool, subject: bool
) -> MemberRow:
    """Return the line of a member, as the record is to be read today."""
    status = status_on(member, today)
    living = status is ResidentStatus.RESIDENT
    parts = []
    if member.atena_no in view.protected:
        parts.append(words("resident.protected"))
    if not living:
        removed = member.removal.day if member.removal else member.tenshutsu_planned
        day = f" {short_birth(RegisterDate('令', removed))}" if removed else ""
        parts.append(words(f"resident.{status.value}") + day)
    return MemberRow(
        atena_no=member.atena_no,
        checked=checked,
        may_check=living,
        relationship=member.relationship or "",
        name=member.shown_name,
        birth=short_birth(member.birth),
        since=short_birth(member.resident_since),
        state="　".join(parts),
        subject=subject,
    )


def banners(
    view: HouseholdView,
    as_of: AsOf | None,
    words: Words,
    now: datetime,
    alerts: Iterable[EndAlert] = (),
) -> tuple[BannerLine, ...]:
    """Return what stands against papers or looks, gravest first, then what is pending and how old the data is.

    ``alerts`` are the end dates this clerk may learn of.
    """
    stand = view.restrictions
    lines = []
    if measures := stand.shien_sochi:
        head = (
            "banner.shien_sochi_provisional"
            if all(one.provisional for one in measures)
            else "banner.shien_sochi"
        )
        lines.append(BannerLine("bad", words(head), words("banner.shien_sochi_text")))
    held = [one.held for one in stand.shien_sochi] + [one.held for one in stand.blocks]
    lines += [_hold(hold, words, now) for hold in dict.fromkeys(held) if hold]  # one request, one line
    blocks = sorted(stand.blocks, key=lambda block: block.level is not BlockLevel.ERROR)
    lines += [_block(block, words) for block in blocks if block.held is None]
    lines += [_end(alert, words) for alert in alerts]
    if view.unsettled:
        lines.append(
            BannerLine(
                "bad", words("banner.unsettled"), words("banner.unsettled_text", n=len(view.unsettled))
            )
        )
    if view.pending:
        lines.append(
            BannerLine("info", words("banner.intake"), words("banner.intake_text", n=len(view.pending)))
        )
    return (*lines, *_age(as_of, words, now))


def details(
    member: Resident, words: Words, *, masked: bool, withheld: Iterable[Right]
) -> tuple[tuple[str, str], ...]:
    """Return the further items of a member, as caption and value; items the record lacks are left out.

    Those this clerk may not see are named in a line of their own.
    """
    foreign = member.foreign
    unseen = "、".join(words(f"resident.no_right_{right.value}") for right in withheld)
    pairs = [
        ("resident.householder", member.householder_name),
        ("resident.honseki", _masked_text(member.honseki, words, masked=masked)),
        ("resident.hittosha", member.hittosha),
        ("resident.former_surname", member.former_surname.text if member.former_surname else None),
        ("resident.tsusho", member.tsusho.text if member.tsusho else None),
        ("resident.nationality", foreign.nationality if foreign else None),
        ("resident.residence_status", foreign.residence_status if foreign else None),
        ("resident.residence_until", _western(foreign.until) if foreign else None),
        ("resident.withheld", words("resident.no_right", items=unseen) if unseen else None),
        ("resident.since", _since(member)),
        ("resident.address_since", member.address_since.text if member.address_since else None),
        ("resident.tennyu_from", member.tennyu_from),
        ("resident.before_move", member.before_move),
        ("resident.tenshutsu_to", member.tenshutsu_to),
        ("resident.remarks", member.remarks),
    ]
    return tuple((words(key), value) for key, value in pairs if value)


def birth_text(member: Resident, today: date, words: Words) -> str:
    """Return the birth date as recorded, and the age."""
    age = member.birth.age_on(today)
    return member.birth.text if age is None else words("resident.birth_age", birth=member.birth.text, age=age)


def is_foreign(member: Resident) -> bool:
    """Tell whether a member is a foreign resident."""
    return member.kind is ResidentKind.FOREIGN


def _masked_text(text: str | None, words: Words, *, masked: bool) -> str | None:
    return words("resident.masked") if masked else text


def _since(member: Resident) -> str:
    reason = f"（{member.resident_since_reason}）" if member.resident_since_reason else ""
    return member.resident_since.text + reason


def _western(day: date | None) -> str | None:
    return f"{day.year}年{day.month}月{day.day}日" if day else None


def _block(block: Block, words: Words) -> BannerLine:
    return BannerLine(
        "bad" if block.level is BlockLevel.ERROR else "warn",
        words(f"banner.block_{block.process.value}"),
        block.reason or words("banner.block_text"),
    )


def _end(alert: EndAlert, words: Words) -> BannerLine:
    what = words(f"banner.block_{alert.process.value}" if alert.process else "banner.shien_sochi")
    facts = {"what": what, "day": _western(alert.ends)}
    if alert.past:
        return BannerLine("bad", words("banner.past_end"), words("banner.past_end_text", **facts))
    return BannerLine(
        "warn", words("banner.ends_soon"), words("banner.ends_soon_text", n=alert.days, **facts)
    )


def _hold(hold: Hold, words: Words, now: datetime) -> BannerLine:
    kind = words(f"change_kind.{hold.kind.value}")
    facts = {"kind": kind, "time": short_time(hold.made_at, now), "terminal": hold.terminal}
    if hold.planned is not None and hold.planned > tokyo_day(now):
        return BannerLine(
            "warn", words("banner.held"), words("banner.held_from", day=_western(hold.planned), **facts)
        )
    return BannerLine("bad", words("banner.held"), words("banner.held_text", **facts))


def _age(as_of: AsOf | None, words: Words, now: datetime) -> tuple[BannerLine, ...]:
    if as_of is None or as_of.source is Source.CLOUD:
        return ()
    age = age_words(as_of.register_age(now), words)
    text = words("banner.replica_text", time=short_time(as_of.register_at, now), age=age)
    return (BannerLine("warn", words("banner.replica"), text),)

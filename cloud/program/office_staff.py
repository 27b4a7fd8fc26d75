"""``office``: people, their days, rights and secrets. What is made anew is printed once and kept nowhere."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.wareki import read_day

if TYPE_CHECKING:
    from datetime import date

    from cloud.office.desk import Desk
    from cloud.office.log import By
    from cloud.office.staff_desk import Secrets

Rows = Sequence[Mapping[str, object]]
Act = Callable[[str, str, "Callable[[argparse.Namespace, Desk, By], Rows]"], argparse.ArgumentParser]


def day(text: str) -> str:
    """Return a day on the command line as ISO."""
    read = read_day(text)
    if read is None:
        raise argparse.ArgumentTypeError("no day: 2026-11-20, R8.11.20")
    return read.isoformat()


def add_to(act: Act) -> None:
    """Describe the acts about staff."""
    act("staff", "list everybody who works or worked here", _staff)
    act("rights", "list somebody's rights, in force or to come", _rights).add_argument("staff_id")
    add = act("staff-add", "take somebody on; prints password and second factor, once", _add)
    for name in ("staff_id", "name", "section"):
        add.add_argument(name)
    add.add_argument("--right", action="append", default=[], metavar="RIGHT")
    add.add_argument("--lent-by", default="", metavar="TOWN", help="応援職員: needs --from and --until")
    _days(add)
    end = act("staff-end", "let somebody go at the end of a day", _end)
    end.add_argument("staff_id")
    end.add_argument("last_day", type=day, metavar="DAY")
    act("suspend", "let somebody in no more until further notice", _suspend).add_argument("staff_id")
    act("resume", "let somebody suspended in again", _resume).add_argument("staff_id")
    grant = act("grant", "grant a right to a person or a section", _grant)
    grant.add_argument("right")
    to = grant.add_mutually_exclusive_group(required=True)
    to.add_argument("--staff", default="", metavar="STAFF_ID")
    to.add_argument("--section", default="")
    _days(grant)
    act("items-one-by-one", "grant zairyu, seal, tax and nhi one by one from now on", _split)
    act(
        "block-acts-one-by-one",
        "grant block_set, block_lift and block_release one by one from now on",
        _split_block_acts,
    )
    revoke = act("revoke-right", "let a grant end, at once or with a day", _revoke)
    revoke.add_argument("grant_id")
    revoke.add_argument("--until", type=day, metavar="DAY")
    act("new-password", "give somebody a new first password, printed once", _password).add_argument(
        "staff_id"
    )
    act("new-totp", "give somebody a new second factor, printed once", _factor).add_argument("staff_id")

    act(
        "factors", "list somebody's second factors, with the fingerprints of public ones", _factors
    ).add_argument("staff_id")
    enrol = act(
        "enrol-factor", "enrol the card or FIDO2 key somebody brings, in place of the one before", _enrol
    )
    enrol.add_argument("staff_id")
    words = "what `madoguchi factor` wrote, or a card's certificate or public key (PEM)"
    enrol.add_argument("file", type=Path, help=words)
    remove = act("remove-factor", "take a second factor away: it opens nothing on line any more", _remove)
    remove.add_argument("staff_id")
    remove.add_argument("kind", help="card, fido2, totp, or a town's own")


def _days(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="first", type=day, metavar="DAY", help="today where it is left out")
    parser.add_argument("--until", type=day, metavar="DAY", help="last day; no end where it is left out")


def _staff(_chosen: argparse.Namespace, desk: "Desk", _by: "By") -> Rows:
    names = ("staff_id", "name", "section", "lent_by", "from_day", "until_day", "when", "suspended_since")
    return [
        {name: getattr(one, name) for name in names}
        | {"rights": " ".join(dict.fromkeys(right.right for right in one.rights if right.when == "now"))}
        for one in desk.staff.people()
    ]


def _rights(chosen: argparse.Namespace, desk: "Desk", _by: "By") -> Rows:
    return [asdict(one) for one in desk.staff.person(chosen.staff_id).rights]


def _add(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    from cloud.office.staff_desk import Entry

    entry = Entry(
        chosen.staff_id,
        chosen.name,
        chosen.section,
        chosen.right,
        chosen.lent_by,
        _date(chosen.first),
        _date(chosen.until),
    )
    return _told(desk, chosen.staff_id, desk.staff.add(by, entry))


def _end(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    last = _date(chosen.last_day)
    if last is not None:
        desk.staff.end(by, chosen.staff_id, last)
    return [{"staff_id": chosen.staff_id, "until_day": chosen.last_day}]


def _suspend(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    desk.staff.suspend(by, chosen.staff_id)
    return [{"staff_id": chosen.staff_id, "state": "suspended"}]


def _resume(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    desk.staff.resume(by, chosen.staff_id)
    return [{"staff_id": chosen.staff_id, "state": "resumed"}]


def _grant(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    first = _date(chosen.first) or desk.staff.today()
    to = {"staff_id": chosen.staff, "section": chosen.section}
    return [{"grant_id": desk.staff.grant(by, chosen.right, first, _date(chosen.until), **to)}]


def _split(_chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return [{"given": desk.staff.split_items(by)}]


def _split_block_acts(_chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return [{"given": desk.staff.split_block_acts(by)}]


def _revoke(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    desk.staff.revoke(by, chosen.grant_id, _date(chosen.until))
    return [{"grant_id": chosen.grant_id, "until_day": chosen.until or ""}]


def _password(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return _told(desk, chosen.staff_id, desk.staff.new_password(by, chosen.staff_id))


def _factor(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return _told(desk, chosen.staff_id, desk.staff.new_factor(by, chosen.staff_id))


def _factors(chosen: argparse.Namespace, desk: "Desk", _by: "By") -> Rows:
    return [asdict(one) for one in desk.staff.factors(chosen.staff_id)]


def _enrol(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    text = chosen.file.read_text("utf-8", "replace")
    return [{"staff_id": chosen.staff_id} | asdict(desk.staff.enrol_factor(by, chosen.staff_id, text))]


def _remove(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    desk.staff.remove_factor(by, chosen.staff_id, chosen.kind)
    return [{"staff_id": chosen.staff_id, "kind": chosen.kind, "state": "removed"}]


def _told(desk: "Desk", staff_id: str, told: "Secrets") -> Rows:
    found = {"password": told.password, "totp_secret": told.base32, "otpauth": desk.staff.uri(told, staff_id)}
    return [{"staff_id": staff_id} | {name: text for name, text in found.items() if text}]


def _date(text: str | None) -> "date | None":
    return read_day(text) if text else None

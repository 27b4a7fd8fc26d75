"""``office``: the back office on the command line, straight on the database; every act is in the office log."""

import argparse
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cloud.program import office_machines, office_staff

if TYPE_CHECKING:
    from cloud.office.desk import Desk
    from cloud.office.log import By

Rows = Sequence[Mapping[str, object]]
_FORBIDDEN = (
    "the person named by --as has no right to do this: name somebody of the town who has `office` today, "
    "`shien_sochi` for measures, and `block_set` or `block_lift` where the town grants those one by one. Nothing was changed"
)


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verb and its acts."""
    office = verbs.add_parser("office", help="intakes, blocks, terminals, quarantine, staff: the back office")
    acts = office.add_subparsers(dest="act", required=True)

    def act(
        name: str, words: str, run_act: "Callable[[argparse.Namespace, Desk, By], Rows]"
    ) -> argparse.ArgumentParser:
        parser = acts.add_parser(name, help=words)
        parser.add_argument("--data", type=Path, required=True, metavar="DIR")
        parser.add_argument("--url", metavar="DATABASE_URL")
        parser.add_argument("--town", metavar="CODE", help="of which town; the first where it is left out")
        parser.add_argument("--as", dest="who", required=True, metavar="STAFF_ID", help="who does it")
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
        parser.set_defaults(run=run, run_act=run_act)
        return parser

    _intake_acts(act)
    _restriction_acts(act)
    _other_acts(act)
    office_machines.add_to(act)
    office_staff.add_to(act)


def _intake_acts(act: office_staff.Act) -> None:
    act("intakes", "list intakes", _intakes).add_argument(
        "--state", choices=("received", "reviewing", "registered", "returned")
    )
    decide = act("decide", "take an intake up, register it or return it", _decide)
    decide.add_argument("key")
    decide.add_argument("decision", choices=("review", "register", "return"))
    decide.add_argument("--reason", default="")
    decide.add_argument(
        "--changes",
        type=Path,
        metavar="FILE",
        help="JSON: the rows, where no rule writes them; as over the wire",
    )
    decide.add_argument(
        "--relationship", action="append", default=[], metavar="NUMBER=続柄", help="to the new householder"
    )


def _restriction_acts(act: office_staff.Act) -> None:
    act("blocks", "list blocks", lambda _, desk, __: desk.blocks.listed(most=_ALL))
    block = act("block", "raise a block", _block)
    block.add_argument("number", help="宛名番号, or 世帯番号 with --household")
    block.add_argument("--household", action="store_true")
    block.add_argument("--process", choices=("issue", "view", "ido"), default="issue")
    block.add_argument("--level", choices=("error", "alert"), default="error")
    block.add_argument("--reason", required=True)
    block.add_argument("--starts", type=office_staff.day, metavar="DAY", help="today where it is left out")
    block.add_argument("--ends", type=office_staff.day, metavar="DAY", help="lifts nothing by itself")
    act("unblock", "lift a block", _unblock).add_argument("block_id")
    act("measures", "list support measures", lambda _, desk, __: desk.measures.listed(most=_ALL))
    measure = act("measure", "begin, confirm, extend or end a support measure", _measure)
    measure.add_argument("step", choices=("begin", "confirm", "extend", "end"))
    measure.add_argument("numbers", nargs="+", help="宛名番号 to begin, else the number of one measure")
    measure.add_argument("--full", action="store_true", help="begin: not provisional")
    measure.add_argument("--starts", type=office_staff.day, metavar="DAY")
    measure.add_argument("--ends", type=office_staff.day, metavar="DAY")


def _other_acts(act: office_staff.Act) -> None:
    resident = act("resident", "change a resident's record", _resident)
    resident.add_argument("atena_no")
    resident.add_argument(
        "--set", action="append", default=[], metavar="COLUMN=TEXT", help="empty takes away"
    )
    resident.add_argument("--correct", action="store_true", help="under the same 履歴番号")
    resident.add_argument("--reason", default="", help="異動事由")
    resident.add_argument("--ido-date", type=office_staff.day, metavar="DAY")
    resident.add_argument("--todoke-date", type=office_staff.day, metavar="DAY")
    act("log", "show what was done, newest first", lambda _, desk, __: desk.log.acts())


_ALL = 1_000_000


def run(chosen: argparse.Namespace) -> int:
    """Do one act and print what came of it; 1 where it was refused."""
    from cloud.office.desk import desk_of
    from cloud.office.entry import officer_of
    from cloud.office.log import By
    from cloud.office.texts import trouble
    from cloud.problems import ProblemError
    from cloud.program.place import no_town, open_here
    from cloud.town.addresses import CODE

    code = chosen.town or CODE
    towns = open_here(chosen.data, chosen.url)
    try:
        tenant = towns.of(code)
        if tenant is None:
            return _no(no_town(code, chosen.data))
        officer = officer_of(tenant, chosen.who)
        if officer is None or _needed(chosen) - officer.rights:
            return _no(_FORBIDDEN)
        try:
            rows = chosen.run_act(chosen, desk_of(tenant), By(officer.staff_id))
        except ProblemError as error:
            return _no(trouble(error))
    finally:
        towns.close()
    print(msgspec.json.encode(list(rows)).decode() if chosen.json else table(rows))
    return 0


def _needed(chosen: argparse.Namespace) -> set[str]:
    """Return the rights an act takes beside the office's own."""
    from cloud.office.reading import SHIEN_RIGHT
    from cloud.staff import BLOCK_LIFT, BLOCK_SET

    if chosen.act == "measure":
        return {SHIEN_RIGHT, BLOCK_LIFT if chosen.step == "end" else BLOCK_SET}
    needed = {"block": BLOCK_SET, "unblock": BLOCK_LIFT}.get(chosen.act)
    return {needed} if needed else set()


def _no(words: str) -> int:
    print(f"madoguchi-training: {words}", file=sys.stderr)
    return 1


def _intakes(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    cases = desk.intakes.intakes_for(by.who, chosen.state)
    names = ("key", "kind", "atena_no", "todoke_date", "received_at", "terminal", "made_by", "state")
    return cases if chosen.json else [{name: case.get(name, "") for name in names} for case in cases]


def _decide(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    from cloud.office.case import Decision

    changes: list[dict[str, object]] = []
    if chosen.changes:
        changes = msgspec.json.decode(chosen.changes.read_bytes(), type=list[dict[str, object]])
    decision = Decision(chosen.decision, by.who, chosen.reason, _pairs(chosen.relationship), changes)
    return [desk.intakes.decide(chosen.key, decision)]


def _block(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    from cloud.office.blocks import BlockForm

    starts = chosen.starts or desk.blocks.today()
    form = BlockForm(chosen.process, chosen.level, chosen.reason, starts, chosen.ends or "")
    on = {"household_no" if chosen.household else "atena_no": chosen.number}
    block_id, version = desk.blocks.raise_block(by, form, **on)
    return [{"block_id": block_id, "blocks_version": version}]


def _unblock(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    return [{"block_id": chosen.block_id, "blocks_version": desk.blocks.lift(by, chosen.block_id)}]


def _measure(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    desks, one = desk.measures, chosen.numbers[0]
    if chosen.step == "begin":
        starts = chosen.starts or desk.blocks.today()
        made, version = desks.begin(
            by, chosen.numbers, provisional=not chosen.full, starts=starts, ends=chosen.ends or ""
        )
        return [{"measure_id": one, "blocks_version": version} for one in made]
    if chosen.step == "end":
        version = desks.end(by, one)
    else:
        version = (desks.confirm if chosen.step == "confirm" else desks.extend)(by, one, chosen.ends or "")
    return [{"measure_id": one, "blocks_version": version}]


def _resident(chosen: argparse.Namespace, desk: "Desk", by: "By") -> Rows:
    from datetime import date

    from cloud.office.residents import Ido

    changes = _pairs(chosen.set)
    if chosen.correct:
        version = desk.residents.correct(by, chosen.atena_no, changes)
    else:
        day = date.fromisoformat(chosen.ido_date or desk.blocks.today())
        notified = date.fromisoformat(chosen.todoke_date) if chosen.todoke_date else None
        version = desk.residents.change(by, chosen.atena_no, changes, Ido(chosen.reason, day, notified))
    return [{"atena_no": chosen.atena_no, "register_version": version}]


def _pairs(words: Sequence[str]) -> dict[str, str]:
    if not all("=" in one for one in words):
        raise ValueError("NAME=TEXT is what --set and --relationship take")
    return {name: text for name, _, text in (one.partition("=") for one in words)}


def table(rows: Rows) -> str:
    """Return rows as columns under their names, as wide as the letters on a screen are."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, *([_plain(row.get(name)) for name in names] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    padded = [
        "  ".join(text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True))
        for line in lines
    ]
    return "\n".join(line.rstrip() for line in padded)


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _width(text: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(letter) in "WF" else not unicodedata.combining(letter)
        for letter in text
    )

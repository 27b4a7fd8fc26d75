"""The auditor: says whether the main job really happened. It imports none of the product.

It reads the cloud's database and the papers' text, and compares. Three looks: `baseline` before the first
act, `before` the back office decides, `after` it has decided. It knows by itself which steps a main job has.
"""

import argparse
import hashlib
import json
import re
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

RTO_SECONDS = 3.0
SMALLEST_PICTURE = 5_000  # bytes
PLAYS = ("killed", "stopped", "dropped")
_NUMBER = re.compile(r"(\d{6})\s*(\d+)\s*/\s*(\d+)")
_SHOWN = ("full_name", "birth_text", "sex", "address_town", "address_banchi", "resident_since_text")
_HEAD = "SELECT version, hex(root) AS root FROM feed_head WHERE feed=?"
SLIP = "仮受付票"  # what its file is called, and what it says itself to be
Row = dict[str, Any]


class Auditor:
    """Gathers findings; a verdict with none is a good one."""

    def __init__(self, database: Path, out: Path) -> None:
        self.findings: list[str] = []
        self.checked = 0
        self._out = out
        self._base = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self._base.row_factory = sqlite3.Row

    def holds(self, truth: bool, finding: str) -> None:
        """Note a finding where something does not hold."""
        self.checked += 1
        if not truth:
            self.findings.append(finding)

    def rows(self, query: str, *values: object) -> list[Row]:
        """Return rows of the cloud's own database."""
        return [dict(row) for row in self._base.execute(query, values)]

    def residents(self) -> dict[str, str]:
        """Return a hash of every version of every record, by its key."""
        return {
            f"{row['atena_no']}/{row['history_no']}": hashlib.sha256(
                repr(sorted(row.items())).encode()
            ).hexdigest()
            for row in self.rows("SELECT * FROM resident")
        }

    def present(self, atena_no: str, history_no: int | None = None) -> Row | None:
        """Return the present version of a record, or a given one; None where the register has none."""
        versions = self.rows("SELECT * FROM resident WHERE atena_no=? ORDER BY history_no DESC", atena_no)
        wanted = (one for one in versions if history_no in {None, one["history_no"]})
        return next(wanted, None)


def squeezed(text: str) -> str:
    """Return a text without white space: a PDF reader's spacing is its own."""
    return "".join(text.split())


def read_paper(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the text of each page, and what its numbers say: (serial, page/pages). No page: it cannot be read."""
    try:
        pages = [page.extract_text() for page in PdfReader(path).pages]
    except (PyPdfError, OSError, ValueError, KeyError):
        return [], []
    found = map(_NUMBER.search, pages)
    return pages, [(one.group(1), f"{one.group(2)}/{one.group(3)}") if one else ("", "") for one in found]


def audit_papers(auditor: Auditor, papers: list[Path], offline_wanted: int) -> None:
    """Each paper once in the book, each number once, each text as the record has it."""
    book = auditor.rows("SELECT * FROM issue_book")
    auditor.holds(len(papers) == len(book), f"{len(papers)} papers, {len(book)} in the book")
    online = [row for row in book if not row["offline"]]
    offline = [row for row in book if row["offline"]]
    auditor.holds(len(online) >= 1, "no paper was issued on line")
    auditor.holds(len(offline) >= offline_wanted, f"{len(offline)} papers off line, {offline_wanted} plays")
    twice = [
        key for key, times in Counter((row["terminal"], row["serial"]) for row in book).items() if times > 1
    ]
    auditor.holds(not twice, f"numbers given twice: {twice}")
    by_serial = {row["serial"]: row for row in book}
    bearers: dict[int, list[str]] = {}
    for path in papers:
        pages, numbers = read_paper(path)
        serials = {serial for serial, _ in numbers}
        auditor.holds(len(serials) == 1 and "" not in serials, f"{path.name}: no single number on its pages")
        serial = int(next(iter(serials), "") or 0)
        bearers.setdefault(serial, []).append(path.name)
        row = by_serial.get(serial)
        auditor.holds(row is not None, f"{path.name}: number {serial} is not in the book")
        if row is not None:
            auditor.holds(path.stem == row["serial_key"], f"{path.name}: it bears {row['serial_key']}")
            audit_paper(auditor, path.name, pages, [place for _, place in numbers], row)
    for serial, names in bearers.items():
        auditor.holds(len(names) == 1, f"number {serial} is on {len(names)} papers: {', '.join(names)}")
    for serial, row in by_serial.items():
        auditor.holds(serial in bearers, f"{row['serial_key']} is in the book, and no paper bears it")


def audit_slips(auditor: Auditor, slips: list[Path]) -> None:
    """Each intake has its slip, with its number and the address handed in; it promises and certifies nothing."""
    texts = {path.name: squeezed("".join(read_paper(path)[0])) for path in slips}
    cases = auditor.rows("SELECT * FROM intake_case")
    auditor.holds(len(slips) == len(cases), f"{len(slips)} slips for {len(cases)} intakes")
    for case in cases:
        key = case["command_key"]
        found = [text for text in texts.values() if key in text]
        auditor.holds(len(found) == 1, f"{len(found)} slips bear the number of intake {key}")
        to = json.loads(case["payload"])["to"]
        address = squeezed(f"{to['town']}{to['banchi']}{to.get('katagaki') or ''}")
        auditor.holds(all(address in text for text in found), f"the slip of {key} has another address")
    for name, text in texts.items():
        auditor.holds(SLIP in text, f"{name}: it does not say that it is a slip")
        auditor.holds("受理" not in text and "証明する" not in text, f"{name}: it says too much")


def audit_paper(auditor: Auditor, name: str, pages: list[str], places: list[str], row: Row) -> None:
    """Hold one paper against its line in the book and against the record it was made from."""
    auditor.holds(row["state"] == "handed_over", f"{name}: the book says {row['state']}")
    auditor.holds(row["pages"] == len(pages), f"{name}: {len(pages)} pages, the book says {row['pages']}")
    auditor.holds(
        places == [f"{page}/{len(pages)}" for page in range(1, len(pages) + 1)],
        f"{name}: pages are numbered {places}",
    )
    text = squeezed("".join(pages))
    payload = json.loads(row["payload"])
    history = payload.get("history", {})
    shown: Counter[tuple[str, str]] = Counter()  # two men in a household: the word stands there twice
    for atena_no in payload["members"]:
        record = auditor.present(atena_no, history.get(atena_no))
        auditor.holds(record is not None, f"{name}: no such record of {atena_no} in the register")
        shown.update((column, squeezed(record[column])) for column in _SHOWN if record and record[column])
    for (column, value), times in shown.items():
        auditor.holds(text.count(value) >= times, f"{name}: {column} is not on it as recorded")
    town = auditor.rows("SELECT name, prefecture FROM town")[0]
    auditor.holds(squeezed(town["prefecture"] + town["name"]) in text, f"{name}: nobody certifies it")
    last = squeezed(pages[-1])
    auditor.holds("証明する" in last, f"{name}: no attestation on the last page")
    auditor.holds(
        all("証明する" not in squeezed(page) for page in pages[:-1]), f"{name}: attestation too early"
    )


def audit_book(auditor: Auditor) -> None:
    """Each copy with its fee and its hand-over, each once; nothing refused, nothing put aside."""
    for row in auditor.rows("SELECT serial_key, fee_yen FROM issue_book"):
        key = row["serial_key"]
        fees = [fee["yen"] for fee in auditor.rows("SELECT yen FROM fee_book WHERE serial_key=?", key)]
        wanted = [row["fee_yen"]] if row["fee_yen"] else []
        auditor.holds(fees == wanted, f"{key}: the fee is not in the book once: {fees}, not {wanted}")
        told = [one["event"] for one in auditor.rows("SELECT event FROM sheet_event WHERE serial_key=?", key)]
        auditor.holds(told == ["handed_over"], f"{key}: the book was told {told}, not one hand-over")
    orphans = "SELECT serial_key FROM {} WHERE serial_key NOT IN (SELECT serial_key FROM issue_book)"
    for table in ("fee_book", "sheet_event"):
        for row in auditor.rows(orphans.format(table)):
            auditor.holds(False, f"{table}: {row['serial_key']} was never issued")
    for row in auditor.rows("SELECT kind, reason FROM quarantine"):
        auditor.holds(False, f"in quarantine: {row['kind']}, {row['reason']}")
    for row in auditor.rows("SELECT key, kind, outcome FROM command WHERE outcome <> 'accepted'"):
        auditor.holds(False, f"{row['kind']} {row['key']} was answered with {row['outcome']}")


def audit_intake(auditor: Auditor, stage: str, baseline: dict[str, str]) -> None:
    """Exactly one intake; the register moves only when the back office decides."""
    cases = auditor.rows("SELECT * FROM intake_case")
    auditor.holds(len(cases) == 1, f"{len(cases)} intakes in the cloud, one was taken")
    now = auditor.residents()
    if len(cases) != 1:
        return
    case = cases[0]
    auditor.holds(case["kind"] == "todoke.tenkyo", f"the intake is a {case['kind']}")
    if stage == "before":
        auditor.holds(case["state"] == "received", f"the intake is {case['state']}")
        auditor.holds(now == baseline, "the register moved before the back office decided")
        return
    payload = json.loads(case["payload"])
    auditor.holds(case["state"] == "registered", f"the intake is {case['state']} after the decision")
    auditor.holds(baseline.items() <= now.items(), "an old version of a record was changed")
    news = sorted({key.split("/")[0] for key in set(now) - set(baseline)})
    auditor.holds(news == sorted(payload["members"]), f"records of {len(news)} persons moved")
    for atena_no in payload["members"]:
        record = auditor.present(atena_no) or {}
        moved = tuple(record.get(f"address_{part}") or "" for part in ("town", "banchi", "katagaki"))
        wanted = tuple(payload["to"].get(part) or "" for part in ("town", "banchi", "katagaki"))
        auditor.holds(moved == wanted, f"{atena_no} does not live where the notification says")


def steps_of(plays: tuple[str, ...]) -> list[str]:
    """Return the steps a main job has, in their order, when the line is cut in these ways."""
    steps = ["sign_in", "fill", "find_by_kana", "issue_online"]
    for play in plays:
        steps.append(f"cut_{play}")
        steps += ["accept_tenkyo", "work_goes_on"] if play == plays[-1] else []
        steps.append(f"line_returns_{play}")
    return [*steps, "all_arrives", "audit_before", "office_decides", "at_the_end"]


def audit_steps(auditor: Auditor, summary: Row, plays: tuple[str, ...]) -> None:
    """Every step of a main job was done, in its order, timed, and photographed."""
    steps: list[Row] = summary.get("steps", [])
    done, wanted = [step.get("name") for step in steps], steps_of(plays)
    for name in wanted:
        auditor.holds(done.count(name) == 1, f"step {name} was done {done.count(name)} times")
    for other in set(done) - set(wanted):
        auditor.holds(False, f"step {other} is none of the main job")
    auditor.holds(done == wanted, f"the steps came in another order: {done}")
    pictures = {re.sub(r"^\d+-", "", Path(path).stem) for path in summary.get("screens", [])}
    for step in steps:
        name = str(step.get("name"))
        auditor.holds(step.get("ok") is True, f"step {name} failed")
        auditor.holds(bool(step.get("shows")), f"step {name} does not say what it asserted")
        auditor.holds(isinstance(step.get("seconds"), float), f"step {name} was not timed")
        auditor.holds(name in pictures, f"step {name} has no picture")
        if name.startswith("cut_"):
            rto = step.get("rto_seconds")
            late = not isinstance(rto, float) or not 0 < rto <= RTO_SECONDS
            auditor.holds(not late, f"step {name}: {rto} s to paper, more than {RTO_SECONDS:.0f} s")


def audit_found(auditor: Auditor, summary: Row) -> None:
    """The resident who was found is the one whose papers are in the book."""
    found = {step.get("atena_no") for step in summary.get("steps", []) if "atena_no" in step}
    subjects = {row["subject"] for row in auditor.rows("SELECT subject FROM issue_book")}
    auditor.holds(
        found == subjects, f"found were {sorted(map(str, found))}, papers are of {sorted(subjects)}"
    )


def audit_summary(auditor: Auditor, summary: Row, papers: list[Path]) -> None:
    """What the player says and what the terminal says of itself, against the cloud and the folder."""
    told = sorted(Path(path).name for path in summary.get("papers", []))
    auditor.holds(told == [path.name for path in papers], f"the summary tells of other papers: {told}")
    replica = summary.get("replica", {})
    for feed in ("register", "blocks"):
        said, head = replica.get(feed), auditor.rows(_HEAD, feed)
        auditor.holds(
            said is not None and len(head) == 1, f"{feed}: the terminal said nothing of its replica"
        )
        if said and head:
            version, root = head[0]["version"], head[0]["root"].lower()
            auditor.holds(said["version"] == version, f"{feed}: replica {said['version']}, cloud {version}")
            auditor.holds(said["root"].lower() == root, f"{feed}: the replica's digest is not the cloud's")
    waiting = summary.get("waiting", -1)
    auditor.holds(waiting == 0, f"{waiting} changes still wait at the terminal")
    for path in map(Path, summary.get("screens", [])):
        good = path.is_file() and path.stat().st_size > SMALLEST_PICTURE
        auditor.holds(good, f"{path.name} is no picture")


def read_json(auditor: Auditor, path: Path) -> Row:
    """Return what a file of the player says; a missing or broken one is a finding."""
    try:
        told: Row = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        auditor.holds(False, f"{path.name} cannot be read")
        return {}
    return told


def main() -> int:
    """Audit a stage; prints the verdict as one JSON line and returns 0 only for a good one."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("stage", choices=("baseline", "before", "after"))
    asked.add_argument("--database", type=Path, required=True)
    asked.add_argument("--out", type=Path, required=True)
    asked.add_argument("--plays", default=",".join(PLAYS), help="how the line was cut, in order")
    options = asked.parse_args()
    plays = tuple(options.plays.split(","))
    auditor = Auditor(options.database, options.out)
    baseline_file = options.out / "baseline.json"
    if options.stage == "baseline":
        baseline_file.write_text(json.dumps(auditor.residents()), "utf-8")
        return 0
    sheets = sorted((options.out / "papers").glob("*.pdf"))
    papers = [path for path in sheets if not path.name.startswith(SLIP)]
    audit_papers(auditor, papers, len(plays))
    audit_slips(auditor, [path for path in sheets if path not in papers])
    audit_book(auditor)
    audit_intake(auditor, options.stage, read_json(auditor, baseline_file))
    if options.stage == "after":
        summary = read_json(auditor, options.out / "summary.json")
        audit_steps(auditor, summary, plays)
        audit_found(auditor, summary)
        audit_summary(auditor, summary, papers)
    verdict = {"stage": options.stage, "checked": auditor.checked, "findings": auditor.findings}
    print(json.dumps(verdict, ensure_ascii=False))
    return 1 if auditor.findings or not auditor.checked else 0


if __name__ == "__main__":
    sys.exit(main())

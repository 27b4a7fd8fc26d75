"""The auditor: says whether the main job really happened. It imports none of the product.

It reads the cloud's database and the papers' text, and compares. Three looks: `baseline` before the first
act, `before` the back office decides, `after` it has decided.
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

RTO_SECONDS = 3.0
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

    def present(self, atena_no: str, history_no: int | None = None) -> Row:
        """Return the present version of a record, or a given one."""
        if history_no is not None:
            return self.rows(
                "SELECT * FROM resident WHERE atena_no=? AND history_no=?", atena_no, history_no
            )[0]
        return self.rows("SELECT * FROM resident WHERE atena_no=? ORDER BY history_no DESC", atena_no)[0]


def squeezed(text: str) -> str:
    """Return a text without white space: a PDF reader's spacing is its own."""
    return "".join(text.split())


def read_paper(path: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the text of each page, and what its numbers say: (serial, page/pages)."""
    pages = [page.extract_text() for page in PdfReader(path).pages]
    numbers = []
    for page in pages:
        found = re.search(r"(\d{6})\s*(\d+)\s*/\s*(\d+)", page)
        numbers.append((found.group(1), f"{found.group(2)}/{found.group(3)}") if found else ("", ""))
    return pages, numbers


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
    auditor.holds(not auditor.rows("SELECT * FROM quarantine"), "facts stand in quarantine")
    by_serial = {row["serial"]: row for row in book}
    seen: list[int] = []
    for path in papers:
        pages, numbers = read_paper(path)
        serials = {serial for serial, _ in numbers}
        auditor.holds(len(serials) == 1 and "" not in serials, f"{path.name}: no single number on its pages")
        serial = int(next(iter(serials)) or 0)
        seen.append(serial)
        row = by_serial.get(serial)
        auditor.holds(row is not None, f"{path.name}: number {serial} is not in the book")
        if row is not None:
            audit_paper(auditor, path.name, pages, [place for _, place in numbers], row)
    auditor.holds(len(set(seen)) == len(seen), "two papers bear one number")


def audit_paper(auditor: Auditor, name: str, pages: list[str], places: list[str], row: Row) -> None:
    """Hold one paper against its line in the book and against the record it was made from."""
    auditor.holds(row["state"] == "handed_over", f"{name}: the book says {row['state']}")
    auditor.holds(row["pages"] == len(pages), f"{name}: {len(pages)} pages, the book says {row['pages']}")
    auditor.holds(
        places == [f"{page}/{len(pages)}" for page in range(1, len(pages) + 1)],
        f"{name}: pages are numbered {places}",
    )
    fees = auditor.rows("SELECT yen FROM fee_book WHERE serial_key=?", row["serial_key"])
    auditor.holds(
        [fee["yen"] for fee in fees] == [row["fee_yen"]], f"{name}: the fee is not in the book once"
    )
    text = squeezed("".join(pages))
    payload = json.loads(row["payload"])
    history = payload.get("history", {})
    for atena_no in payload["members"]:
        record = auditor.present(atena_no, history.get(atena_no))
        shown = ("full_name", "birth_text", "sex", "address_town", "address_banchi", "resident_since_text")
        for column in shown:
            value = record[column]
            auditor.holds(
                value is None or squeezed(value) in text,
                f"{name}: {column} of {atena_no} is not on it as recorded",
            )
    town = auditor.rows("SELECT name, prefecture FROM town")[0]
    auditor.holds(squeezed(town["prefecture"] + town["name"]) in text, f"{name}: nobody certifies it")
    last = squeezed(pages[-1])
    auditor.holds("証明する" in last, f"{name}: no attestation on the last page")
    auditor.holds(
        all("証明する" not in squeezed(page) for page in pages[:-1]), f"{name}: attestation too early"
    )


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
        record = auditor.present(atena_no)
        moved = (record["address_town"], record["address_banchi"], record["address_katagaki"] or "")
        wanted = tuple(payload["to"].get(part) or "" for part in ("town", "banchi", "katagaki"))
        auditor.holds(moved == wanted, f"{atena_no} does not live where the notification says")


def audit_summary(auditor: Auditor, summary: Row) -> None:
    """What the player timed and what the terminal says of itself, against the cloud."""
    for step in summary["steps"]:
        auditor.holds(step["ok"], f"step {step['name']} failed")
        if "rto_seconds" in step:
            auditor.holds(
                step["rto_seconds"] <= RTO_SECONDS, f"{step['name']}: {step['rto_seconds']:.2f} s to paper"
            )
    for feed, said in summary.get("replica", {}).items():
        head = auditor.rows("SELECT version, hex(root) AS root FROM feed_head WHERE feed=?", feed)[0]
        auditor.holds(
            said["version"] == head["version"], f"{feed}: replica {said['version']}, cloud {head['version']}"
        )
        auditor.holds(
            said["root"].lower() == head["root"].lower(), f"{feed}: the replica's digest is not the cloud's"
        )
    auditor.holds(bool(summary.get("replica")), "the terminal said nothing of its replica")
    auditor.holds(
        summary.get("waiting", -1) == 0, f"{summary.get('waiting')} changes still wait at the terminal"
    )
    for path in summary["screens"]:
        auditor.holds(Path(path).stat().st_size > 5_000, f"{Path(path).name} is no picture")


def main() -> int:
    """Audit a stage; prints the verdict as one JSON line and returns 0 only for a good one."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("stage", choices=("baseline", "before", "after"))
    asked.add_argument("--database", type=Path, required=True)
    asked.add_argument("--out", type=Path, required=True)
    asked.add_argument("--plays", type=int, default=3, help="how often the line was cut")
    options = asked.parse_args()
    auditor = Auditor(options.database, options.out)
    baseline_file = options.out / "baseline.json"
    if options.stage == "baseline":
        baseline_file.write_text(json.dumps(auditor.residents()), "utf-8")
        return 0
    baseline = json.loads(baseline_file.read_text("utf-8"))
    audit_papers(auditor, sorted((options.out / "papers").glob("*.pdf")), options.plays)
    audit_intake(auditor, options.stage, baseline)
    if options.stage == "after":
        audit_summary(auditor, json.loads((options.out / "summary.json").read_text("utf-8")))
    verdict = {"stage": options.stage, "checked": auditor.checked, "findings": auditor.findings}
    print(json.dumps(verdict, ensure_ascii=False))
    return 1 if auditor.findings or not auditor.checked else 0


if __name__ == "__main__":
    sys.exit(main())

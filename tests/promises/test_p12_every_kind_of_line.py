"""Every kind of line that any act can write into the journal stands in the table for IT staff, and no other (P12)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = re.compile(r"<!-- journal kinds -->(.*?)<!-- end of journal kinds -->", re.DOTALL)
# Where the kind is worked out: what becomes of a copy, and a line read again.
WORKED_OUT = {
    "offline/store/book.py": {"sheet", "handed_over", "spoiled"},
    "offline/store/journal.py": set[str](),
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("client", "offline", "printing", "ui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def kinds_written() -> set[str]:
    found: set[str] = set()
    for place, tree in sources():
        named = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name) and isinstance(node.value.value, str)
        }
        for node in ast.walk(tree):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "JournalEntry"
            ):
                continue
            told = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "kind")][0]
            if isinstance(told, ast.Constant) and isinstance(told.value, str):
                found.add(told.value)
            elif isinstance(told, ast.Name) and told.id in named:
                found.add(named[told.id])
            else:
                assert place in WORKED_OUT, f"{place}: a line whose kind cannot be read"
                found |= WORKED_OUT[place]
    return found


def test_the_table_of_the_journal_names_every_kind_that_is_written_and_no_other() -> None:
    table = TABLE.search((ROOT / "docs/OPERATIONS.md").read_text("utf-8"))
    assert table is not None
    rows = [line.split("|")[1] for line in table[1].strip().splitlines()[2:]]
    told = {kind for row in rows for kind in re.findall(r"`(\w+)`", row)}
    assert told == kinds_written()

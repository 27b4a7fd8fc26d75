"""Writes the generated parts of docs/ anew: what code says of itself is copied, never typed twice.

A part stands between ``<!-- docs:NAME -->`` and ``<!-- /docs -->``; --check only tells what is out of date.
"""

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("client", "offline", "printing", "ui", "cloud", "resources")
JAPANESE = re.compile(r"[々〆぀-ゟ゠-ヿ㐀-鿿豈-﫿\U00020000-\U0003ffff]+")
KANJI = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]")
CITATION = re.compile(r"(住基法|番号法|戸籍法|地方自治法|第\d)[^ ,;.)]*")
PART = re.compile(r"(<!-- docs:(\w+) -->\n).*?(<!-- /docs -->)", re.DOTALL)


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module of ours by its dotted name, parsed."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield dotted, ast.parse(path.read_text(encoding="utf-8"))


def first_line(node: ast.Module | ast.ClassDef) -> str:
    """Return the first line of a docstring, or nothing."""
    return (ast.get_docstring(node) or "").split("\n", 1)[0].strip()


def term_of(line: str) -> str | None:
    """Return the Japanese term a docstring line names: its first run that holds a kanji, law citations aside."""
    for run in JAPANESE.findall(CITATION.sub("", line)):
        if KANJI.search(run):
            return str(run)
    return None


def terms() -> list[tuple[str, str, str, str]]:
    """Return (term, class, module, sentence) for every class whose docstring names a Japanese term."""
    found = []
    for module, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and (term := term_of(first_line(node))):
                found.append((term, node.name, module, first_line(node)))
    return sorted(found)


def cell(text: str) -> str:
    """Make a text safe inside a table."""
    return text.replace("|", "\\|").replace("``", "`")


def part_terms() -> str:
    """Draw the table of terms and the classes that bear them."""
    rows = [f"| {term} | `{name}` | `{module}` | {cell(line)} |" for term, name, module, line in terms()]
    return "\n".join(["| term | class | room | in one sentence |", "| --- | --- | --- | --- |", *rows])


def part_rooms() -> str:
    """List every module with its sentence."""
    lines, folder = [], ""
    for module, tree in sources():
        here = module.split(".", 1)[0]
        if here != folder:
            folder = here
            lines += ["", f"## {folder}/", "", "| room | in one sentence |", "| --- | --- |"]
        lines.append(f"| `{module}` | {cell(first_line(tree))} |")
    return "\n".join(lines).strip()


def state_tables() -> Iterator[tuple[str, Mapping[Enum, Mapping[Enum, Enum]]]]:
    """Yield the tables of the rules, by module name."""
    rules = importlib.import_module("client.rules")
    for found in pkgutil.iter_modules(rules.__path__):
        table = getattr(importlib.import_module(f"client.rules.{found.name}"), "TRANSITIONS", None)
        if isinstance(table, Mapping):
            yield found.name, table


def part_states() -> str:
    """Draw every table of states; a state nothing leads to is where it begins."""
    pictures = []
    for name, table in state_tables():
        reached = {to.name for row in table.values() for to in row.values()}
        lines = [f"`client/rules/{name}.py`", "", "```mermaid", "stateDiagram-v2"]
        lines += [f"    [*] --> {state.name}" for state in table if state.name not in reached]
        lines += [
            f"    {state.name} --> {to.name}: {event.value}"
            for state, row in table.items()
            for event, to in row.items()
        ]
        lines += [f"    {state.name} --> [*]" for state, row in table.items() if not row]
        pictures.append("\n".join([*lines, "```"]))
    return "\n\n".join(pictures)


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room(module: str) -> str:
    """Return the package a module belongs to, two steps deep: client.rules, ui.screens, cloud."""
    parts = module.split(".")
    return ".".join(parts[:2]) if (ROOT / Path(*parts[:2])).is_dir() else parts[0]


def part_arrows() -> str:
    """Draw who imports whom, package by package, as the code has it now."""
    arrows = {
        (room(module), room(name))
        for module, tree in sources()
        for name in imported(tree)
        if name.split(".", 1)[0] in PACKAGES and room(module) != room(name)
    }
    lines = [f"    {one.replace('.', '_')}[{one}] --> {two.replace('.', '_')}[{two}]" for one, two in arrows]
    return "\n".join(["```mermaid", "graph TD", *sorted(lines), "```"])


def part_settings() -> str:
    """Show the sample settings file."""
    sample: str = importlib.import_module("ui.config_file").sample()
    return f"```toml\n{sample}```"


def part_exits() -> str:
    """Draw the table of the counter's exit codes."""
    meanings: Mapping[int, str] = importlib.import_module("ui.cli.exit_codes").MEANINGS
    rows = [f"| {code} | {meaning} |" for code, meaning in meanings.items()]
    return "\n".join(["| exit code of `madoguchi` | meaning |", "| --- | --- |", *rows])


PARTS: Mapping[str, Callable[[], str]] = {
    "terms": part_terms,
    "rooms": part_rooms,
    "states": part_states,
    "arrows": part_arrows,
    "settings": part_settings,
    "exits": part_exits,
}


def renewed(text: str) -> str:
    """Return a page with its generated parts as they should be."""
    return PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}\n{found[3]}", text)


def stale_pages() -> Iterator[tuple[Path, str]]:
    """Yield each page that is out of date, and what it should hold."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        wanted = renewed(text)
        if wanted != text:
            yield page, wanted


def main() -> int:
    """Write, or with --check tell; 1 when --check found something."""
    check = "--check" in sys.argv[1:]
    stale = list(stale_pages())
    for page, wanted in stale:
        print(f"{'out of date' if check else 'written'}: {page.relative_to(ROOT)}")
        if not check:
            page.write_text(wanted, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

"""Habits that a reader would otherwise have to watch over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.domain.forbidden_numbers import is_forbidden_name

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("client", "ui", "offline", "printing", "resources", "cloud")
LONGEST_MODULE = 400
# The roof: who may catch what nobody foresaw. Tasks and the Qt loop's hook report it with its number.
ROOF = frozenset({"ui/__main__.py", "ui/assembly.py", "ui/tasks.py", "ui/loop.py"})
CLOCK = re.compile(r"\b(datetime|date|time)\.(now|utcnow|today|time|time_ns|localtime|gmtime)$")


def files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of every call."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_no_dialog_spins_a_loop_of_its_own() -> None:
    """exec() inside a task breaks every other task; dialogs open() and are awaited."""
    found = [
        f"{name_of(path)}:{line}"
        for path in files("ui")
        for line, call in calls(path)
        if call.endswith(".exec")
    ]
    assert found == []


def test_no_slot_starts_a_task_by_decorator() -> None:
    """asyncSlot ran a job twice on a double click and left failures to nobody; work goes through Tasks."""
    found = [
        name_of(path) for path in files("ui") if re.search(r"\basync(Slot|Close)\b", path.read_text("utf-8"))
    ]
    assert found == []


def test_nobody_below_the_roof_looks_at_the_clock() -> None:
    """Time comes in as an argument; only ui/ and the cloud's one clock function ask for it."""
    found = [
        f"{name_of(path)}:{line} {call}"
        for path in files("client", "offline", "printing", "cloud")
        if name_of(path) != "cloud/clock.py"
        for line, call in calls(path)
        if CLOCK.search(call)
    ]
    assert found == []


def test_only_the_roof_catches_everything() -> None:
    found = []
    for path in files(*PRODUCT):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler) and caught_by(node) & {"", "Exception", "BaseException"}:
                reraised = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
                if name_of(path) not in ROOF and not reraised:
                    found.append(f"{name_of(path)}:{node.lineno}")
    assert found == []


def caught_by(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return {""}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) for kind in kinds}


@pytest.mark.parametrize("folder", [*PRODUCT, "installer", "tests"])
def test_no_module_is_longer_than_one_can_read(folder: str) -> None:
    long = {
        name_of(path): lines
        for path in files(folder)
        if (lines := path.read_text("utf-8").count("\n")) > LONGEST_MODULE
    }
    assert long == {}, "split it: a room does one thing"


@pytest.mark.parametrize("folder", [*PRODUCT, "installer", "tests"])
def test_whoever_silences_a_tool_says_why(folder: str) -> None:
    silent = re.compile(r"#\s*(type: ignore(\[[\w, -]+\])?|noqa(: ?[A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*)?)\s*$")
    found = [
        f"{name_of(path)}:{number}"
        for path in files(folder)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if silent.search(line)
    ]
    assert found == []


def test_our_own_classes_are_never_mocked() -> None:
    pattern = re.compile(r"^\s*(from|import) (unittest\.mock|unittest import mock|pytest_mock)", re.MULTILINE)
    assert [name_of(path) for path in files("tests") if pattern.search(path.read_text("utf-8"))] == []


def test_nothing_is_left_to_be_done_later() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError|HACK)\b")
    found = [
        f"{name_of(path)}:{number}"
        for path in files(*PRODUCT, "installer")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


def test_no_individual_number_has_a_place_in_a_row() -> None:
    """No 個人番号 and no 住民票コード is kept where it could be opened here."""
    contract = (ROOT / "resources/contract/tables.toml").read_text("utf-8")
    columns = re.findall(r"^(\w+) = ", contract, re.MULTILINE)
    assert "remarks" in columns
    assert [column for column in columns if is_forbidden_name(column)] == []

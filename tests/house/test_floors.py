"""Every module has a floor, and the floors have no holes in their names."""

import ast
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("client", "ui", "offline", "printing", "resources", "cloud")

# A folder is a room, and its floor is told by the import contracts of pyproject.toml. Where a module may stand
# directly in a package root, it is named here: the root belongs to nobody else.
ROOMS = frozenset(
    [
        "client.domain",
        "client.rules",
        "client.jobs",
        "client.api",
        "offline.store",
        "offline.hall",
        "offline.factors",
        "offline.seat",
        "offline.tpm",
        "printing.layout",
        "printing.papers",
        "printing.desk",
        "ui",
        "ui.screens",
        "ui.widgets",
        "ui.cli",
        "resources",
        "cloud",
        "cloud.routes",
        "cloud.factors",
        "cloud.routes.pages",
        "cloud.office",
        "cloud.payloads",
        "cloud.town",
        "cloud.scenarios",
        "cloud.program",
        "cloud.migrations",
        "cloud.layout",
    ]
)
ROOTS = {
    "client": {"__init__", "config", "logs"},
    "offline": {"__init__"},
    "printing": {"__init__"},
    "resources": {"__init__"},
}
BESIDE_THE_PRODUCT = {"installer", "tests"}


def modules() -> list[Path]:
    return [path for package in PRODUCT for path in sorted((ROOT / package).rglob("*.py"))]


def room_of(path: Path) -> str:
    """Return the room a module stands in; a screen's folder belongs to the room of the screens."""
    folder = path.relative_to(ROOT).parent.parts
    return ".".join(folder[:2])


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_stands_in_a_room_that_has_a_floor(path: Path) -> None:
    room = room_of(path)
    if room in ROOTS:
        assert path.stem in ROOTS[room], f"{path.name} stands in the hall of {room}/: give it a room"
    else:
        assert room in ROOMS, f"{room} is no room of this house (docs/ARCHITECTURE.md)"


def test_no_python_stands_outside_the_house() -> None:
    outside = {
        path.relative_to(ROOT).parts[0]
        for path in ROOT.glob("*/**/*.py")
        if not path.relative_to(ROOT).parts[0].startswith(".")
    }
    assert outside - set(PRODUCT) - BESIDE_THE_PRODUCT - {"build", "dist", "out"} == set()
    assert list(ROOT.glob("*.py")) == []


@pytest.mark.parametrize("package", PRODUCT)
def test_every_folder_with_modules_is_a_package_that_says_what_it_is(package: str) -> None:
    for folder in {path.parent for path in (ROOT / package).rglob("*.py")}:
        start = folder / "__init__.py"
        assert start.is_file(), f"{folder.relative_to(ROOT)} has no __init__.py"
        assert ast.get_docstring(ast.parse(start.read_text("utf-8"))), (
            f"{start.relative_to(ROOT)} has no docstring"
        )


@pytest.mark.parametrize("folder", sorted(BESIDE_THE_PRODUCT))
def test_installer_and_tests_are_no_packages(folder: str) -> None:
    """A package called ``installer`` is out there; with one of ours in the way it could not be imported."""
    assert not (ROOT / folder / "__init__.py").exists()


@pytest.mark.parametrize("name", PRODUCT)
def test_our_top_level_names_belong_to_nobody_else(name: str) -> None:
    assert name not in sys.stdlib_module_names
    assert set(packages_distributions().get(name, ())) <= {"madoguchi"}


def test_the_name_of_the_installer_folder_belongs_to_nobody_here() -> None:
    assert set(packages_distributions().get("installer", ())) <= {"madoguchi"}


@cache
def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(
    "path", sorted((ROOT / "ui/screens").glob("*/model.py")), ids=lambda path: path.parent.name
)
def test_a_screen_model_knows_no_toolkit(path: Path) -> None:
    assert not imports_of(path) & {"PySide6", "shiboken6", "qasync"}


@pytest.mark.parametrize(
    ("library", "room"),
    [
        ("qasync", "ui/loop.py"),
        ("PySide6", "ui/"),
        ("httpx", "client/api/"),
        ("sqlcipher3", "offline/store/"),
        ("keyring", "offline/store/"),
        ("pkcs11", "offline/factors/"),
        ("reportlab", "printing/desk/"),
        ("uharfbuzz", "printing/layout/"),
        ("fontTools", "printing/layout/"),
        ("pypdfium2", "printing/desk/"),
    ],
)
def test_an_outside_library_has_one_room(library: str, room: str) -> None:
    strangers = [
        name
        for path in modules()
        if library in imports_of(path) and not (name := path.relative_to(ROOT).as_posix()).startswith(room)
    ]
    assert strangers == []

"""The pages in docs/ say what is true."""

import re
from pathlib import Path

import pytest

from installer.dev import docs

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
PACKAGES = sorted(
    path.parent.relative_to(ROOT).as_posix() + "/"
    for package in docs.PACKAGES
    for path in (ROOT / package).rglob("__init__.py")
    if len(path.relative_to(ROOT).parts) < 4  # a screen is a room of ui/screens/
)


def page(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_map_shows_every_package(package: str) -> None:
    assert f"`{package}`" in page("docs/ARCHITECTURE.md")


def test_generated_parts_are_up_to_date() -> None:
    stale = [path.relative_to(ROOT).as_posix() for path, _ in docs.stale_pages()]
    assert stale == [], "run ./dev docs"


def explained() -> dict[str, str]:
    """Return term and identifiers of the hand-written table of docs/GLOSSARY.md."""
    written = docs.PART.sub("", page("docs/GLOSSARY.md"))
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", written, re.MULTILINE)
    return {term.strip(): names for terms, names in rows[2:] for term in terms.split(" / ")}


@pytest.mark.parametrize("term", sorted({term for term, *_ in docs.terms()}))
def test_every_term_in_a_class_docstring_is_explained(term: str) -> None:
    assert term in explained(), f"{term} names a class; docs/GLOSSARY.md does not explain it"


def test_every_class_the_glossary_names_bears_its_term() -> None:
    borne = {(name, term) for term, name, *_ in docs.terms()}
    named = {
        (name, term)
        for term, names in explained().items()
        for name in re.findall(r"`([A-Z][a-z][A-Za-z]*)`", names)  # a class; MODES are members
    }
    classes = {name for name, _ in named}
    assert {name for name in classes if not any((name, term) in borne for term in explained())} == set()


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_record_bears_the_number_of_its_file(path: Path) -> None:
    assert path.read_text("utf-8").startswith(f"# {int(path.name[:4])}. ")


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_record_has_its_four_parts(path: Path) -> None:
    headings = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "What we did not choose"]


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_every_promise_is_kept_somewhere() -> None:
    named = set(re.findall(r"^\| (P\d\d) ", page("docs/PROMISES.md"), re.MULTILINE))
    assert named == {f"P{number:02}" for number in range(1, 17)}


def test_the_promises_name_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[^`:]+)", page("docs/PROMISES.md"))
    assert [name for name in named if not list(ROOT.glob(name))] == []


@pytest.mark.parametrize(
    "name",
    ["README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))],
)
def test_links_between_pages_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page(name))
    assert [link for link in links if not (ROOT / name).parent.joinpath(link).exists()] == []


def test_the_readme_gives_the_two_commands() -> None:
    lines = page("README.md").splitlines()
    assert "    ./run" in lines
    assert "    ./test" in lines

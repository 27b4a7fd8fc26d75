"""Nobody learns from the tree where a machine fetches its packages."""

import subprocess
from pathlib import Path

import pytest

from installer.dev import no_hosts

ROOT = Path(__file__).resolve().parents[2]
INDEX = frozenset({"index.example.net"})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def found_in(tree: Path) -> list[str]:
    return no_hosts.findings(tree, no_hosts.tracked_files(tree), INDEX)


def test_our_tree_names_no_package_index() -> None:
    assert no_hosts.findings(ROOT, no_hosts.tracked_files(ROOT), no_hosts.index_hosts()) == []


def test_this_machine_has_addresses_to_look_for() -> None:
    assert no_hosts.pip_defaults()


def test_an_address_is_found_but_not_repeated(tree: Path) -> None:
    (tree / "notes.txt").write_text("see https://index.example.net/simple")
    (line,) = found_in(tree)
    assert line.startswith("notes.txt")
    assert "index.example.net" not in line


@pytest.mark.parametrize("option", ["--index-url x", "--extra-index-url x", "--find-links x", "-f x"])
def test_an_option_that_names_an_index_is_found(tree: Path, option: str) -> None:
    (tree / "requirements.txt").write_text(f"httpx==1\n{option}\n")
    assert len(found_in(tree)) == 1


def test_a_lock_that_records_addresses_is_found(tree: Path) -> None:
    (tree / "uv.lock").write_text("")
    assert len(found_in(tree)) == 1


def test_what_git_ignores_is_not_looked_at(tree: Path) -> None:
    (tree / ".gitignore").write_text("private/\n")
    (tree / "private").mkdir()
    (tree / "private/notes.txt").write_text("index.example.net")
    assert found_in(tree) == []


def test_a_clean_tree_is_clean(tree: Path) -> None:
    (tree / "requirements.txt").write_text("httpx==1 --hash=sha256:00\n")
    assert found_in(tree) == []

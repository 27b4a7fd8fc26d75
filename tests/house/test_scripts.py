"""The commands a newcomer types, tried where they could go wrong."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT / "installer/dev/setup"


def shell(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **more}
    return subprocess.run(
        words, capture_output=True, text=True, env=environment, check=False, stdin=subprocess.DEVNULL
    )


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """A PATH as on a system that is not Debian: the usual small tools, no dpkg, no apt."""
    for tool in (
        "sh",
        "dirname",
        "sed",
        "tr",
        "grep",
        "id",
        "cat",
        "awk",
        "sha256sum",
        "cut",
        "env",
        "flock",
    ):
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    return {"PATH": str(tmp_path)}


@pytest.mark.parametrize("name", ["run", "test", "dev", ".ci/run", "installer/linux/build"])
def test_a_bash_script_is_well_formed(name: str) -> None:
    assert shell("bash", "-n", str(ROOT / name)).stderr == ""
    assert os.access(ROOT / name, os.X_OK)


@pytest.mark.parametrize("name", ["setup", "with-session", "lock"])
def test_a_shell_script_is_plain_posix(name: str) -> None:
    """A bare Debian has dash only."""
    assert shell("dash", "-n", str(ROOT / "installer/dev" / name)).stderr == ""


def test_a_system_that_is_not_debian_is_told_what_is_needed(elsewhere: dict[str, str]) -> None:
    told = shell("/bin/sh", str(SETUP), "run", **elsewhere)
    assert told.returncode == 60
    assert "fonts-ipamj-mincho" in told.stderr
    assert "libxcb-cursor0" in told.stderr
    assert "SKIP_APT=1" in told.stderr


def test_a_wrong_word_is_answered_with_the_right_ones() -> None:
    told = shell("/bin/sh", str(SETUP), "everything")
    assert told.returncode == 64
    assert "usage" in told.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with an environment whose Python only writes down what it was asked."""
    copy = tmp_path / "clone"
    (copy / "installer/dev").mkdir(parents=True)
    shutil.copy(SETUP, copy / "installer/dev")
    shutil.copytree(ROOT / "installer/requirements", copy / "installer/requirements")
    shutil.copy(ROOT / "pyproject.toml", copy)
    python = copy / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >>{copy}/asked\n')
    python.chmod(0o755)
    (copy / ".venv/in-use").touch()
    return copy


def set_up(clone: Path) -> str:
    """Run setup in a clone and return what its Python was asked since the last time."""
    (clone / "asked").unlink(missing_ok=True)
    told = shell("/bin/sh", str(clone / "installer/dev/setup"), "run", SKIP_APT="1")
    assert told.returncode == 0, told.stderr
    return (clone / "asked").read_text() if (clone / "asked").exists() else ""


def test_an_environment_in_use_is_brought_up_to_date_and_never_taken_away(clone: Path) -> None:
    assert "--require-hashes" in set_up(clone)
    assert (clone / ".venv/in-use").exists()


def test_an_environment_that_fits_is_left_alone(clone: Path) -> None:
    set_up(clone)
    assert set_up(clone) == ""


@pytest.mark.parametrize(
    ("more", "renewed"),
    [
        ("\n[tool.ruff.more]\na = 1\n", False),
        ('\n[[tool.importlinter.contracts]]\nname = "x"\n', False),
        ('\n[project.urls]\nhome = "x"\n', True),
    ],
    ids=["a tool's setting", "an import contract", "the package itself"],
)
def test_only_what_the_environment_is_made_of_renews_it(clone: Path, more: str, renewed: bool) -> None:
    set_up(clone)
    with (clone / "pyproject.toml").open("a") as settings:
        settings.write(more)
    assert bool(set_up(clone)) is renewed


@pytest.mark.parametrize("script", ["run", "dev"])
def test_a_script_explains_itself(script: str) -> None:
    told = shell("bash", str(ROOT / script), "--help")
    assert told.returncode == 0
    assert f"./{script}" in told.stdout


def test_every_package_list_names_packages_once() -> None:
    names = [
        word
        for path in sorted((ROOT / "installer/requirements").glob("apt*.txt"))
        for line in path.read_text("utf-8").splitlines()
        for word in line.split("#")[0].split()
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("smaller", ["run", "training"])
def test_the_locks_agree(smaller: str) -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / f"installer/requirements/{name}.txt").read_text("utf-8")
        return {line.split(" ")[0] for line in text.splitlines() if "==" in line and not line.startswith(" ")}

    assert pins(smaller) <= pins("dev")


def test_every_pin_has_hashes() -> None:
    for path in (ROOT / "installer/requirements").glob("[!a]*.txt"):
        text = path.read_text("utf-8").replace("\\\n", " ")
        bare = [line for line in text.splitlines() if "==" in line and "--hash=sha256:" not in line]
        assert bare == [], path.name

"""The .deb: built twice the same, installed where there is neither network nor Python, started, upgraded, purged."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from PyInstaller.archive.readers import CArchiveReader  # type: ignore[import-untyped]  # has no types

from offline.store.unsent import COPY, Unsent
from offline.store.unsent_export import note_exported
from tests.stages.packages import bare

ROOT = Path(__file__).resolve().parents[3]
FIXTURE = ROOT / "tests/offline/fixtures/0.1.0"
IN_SESSION = "sh /opt/try/dev/with-session /root/keyring"
INSTALL = "apt-get install -y --no-install-recommends"
DATA = "var/lib/madoguchi"
COPIED = Unsent(str(UUID(int=7)), COPY, b"sealed to the cloud alone")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.root,
    pytest.mark.timeout(1150),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a system of its own"),
]


def build() -> tuple[Path, str]:
    """Build the package as ./dev build does, and return it with its hash; it is started where it is installed."""
    subprocess.run(["bash", "installer/linux/build", "--not-started"], cwd=ROOT, check=True)
    (package,) = (ROOT / "dist").glob("madoguchi_*.deb")
    return package, hashlib.sha256(package.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def package() -> Path:
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    return build()[0]


@pytest.fixture(scope="module")
def installed(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare system with the package, from a folder that holds it and all it depends on."""
    root = tmp_path_factory.mktemp("packages") / "system"
    bare.make(root)
    bare.fetch(root, root / "debs", package, "dbus", "gnome-keyring")
    shutil.copy(package, root / "debs")
    (root / "etc/apt/sources.list").write_text("")
    shutil.copytree(ROOT / "installer", root / "opt/try", ignore=shutil.ignore_patterns("*.py", "*.txt"))
    interfaces = bare.does(root, "cat /proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    bare.does(root, f"{INSTALL} /debs/*.deb")
    assert bare.inside(root, "sh", "-c", "command -v python3").returncode != 0
    return root


@pytest.fixture
def changing(installed: Path, tmp_path: Path) -> Path:
    """The same for a test that changes it."""
    copy = tmp_path / "system"
    subprocess.run(["cp", "-a", installed, copy], check=True)
    return copy


def test_the_same_tree_gives_the_same_package(package: Path) -> None:
    before = hashlib.sha256(package.read_bytes()).hexdigest()
    again, after = build()
    assert (again, after) == (package, before)


def test_both_programs_start_where_nothing_else_is(installed: Path) -> None:
    said = bare.does(installed, "bash /opt/try/linux/smoke /usr/lib/madoguchi")
    assert "madoguchi enrols, finds all it needs, and opens." in said


def test_the_doctor_names_what_is_still_to_be_done(installed: Path) -> None:
    told = bare.inside(installed, "sh", "-c", f"{IN_SESSION} madoguchi doctor --json")
    assert told.returncode == 13, told.stdout + told.stderr  # not a terminal yet
    checks = {one["name"]: one for one in json.loads(told.stdout)["checks"]}
    assert [name for name in ("folder", "disk", "fonts", "keyring") if not checks[name]["ok"]] == []
    assert checks["enrolled"]["code"] == "store.no_keys"
    assert checks["folder"]["detail"] == f"/{DATA}/production"
    assert "ipamjm.ttf" in checks["fonts"]["detail"]


def test_a_drill_opens_with_its_training_cloud(installed: Path) -> None:
    """Open it stays until it is ended from outside; then its terminal stands in a folder of its own."""
    told = bare.inside(installed, "sh", "-c", f"{IN_SESSION} timeout 25 madoguchi drill cut")
    assert told.returncode == 124, told.stdout + told.stderr
    (drill,) = (installed / DATA / "drills").iterdir()
    assert (drill / "training/terminal.json").exists()
    assert (drill / "cloud/cloud.db").exists()


def test_no_cloud_is_inside_the_counter_and_no_counter_inside_the_cloud(installed: Path) -> None:
    modules = {}
    for program in ("madoguchi", "madoguchi-training"):
        archive = CArchiveReader(str(installed / "usr/lib/madoguchi" / program))
        modules[program] = {name.split(".")[0] for name in archive.open_embedded_archive("PYZ.pyz").toc}
    assert {"client", "offline", "printing", "ui"} <= modules["madoguchi"]
    assert not {"cloud", "fastapi", "uvicorn", "sqlalchemy", "tests"} & modules["madoguchi"]
    assert {"cloud", "fastapi"} <= modules["madoguchi-training"]
    assert not {"client", "offline", "printing", "ui", "PySide6", "tests"} & modules["madoguchi-training"]


def test_settings_and_stores_outlive_an_upgrade(changing: Path, package: Path, tmp_path: Path) -> None:
    config = changing / "etc/madoguchi/config.toml"
    config.write_text(config.read_text("utf-8") + 'terminal_name = "本庁9"\n', "utf-8")
    kept = stores_in(changing)
    tree = tmp_path / "tree"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 9."))
    subprocess.run(["dpkg-deb", "-Znone", "-b", tree, changing / "newer.deb"], check=True)
    bare.does(changing, f"{INSTALL} /newer.deb")
    assert bare.does(changing, "dpkg-query -W -f '${Version}' madoguchi").startswith("9.")
    assert "本庁9" in bare.does(changing, "madoguchi config --json")
    assert stores_in(changing) == kept


def test_purging_keeps_a_ledger_and_says_so(changing: Path) -> None:
    kept = stores_in(changing)
    is_refused(changing, "a book without unsent.log")  # of an older program, never opened by this one
    bare.does(changing, "MADOGUCHI_REMOVE_ANYWAY=1 apt-get remove -y madoguchi")
    assert (changing / "etc/madoguchi/config.toml").exists()
    assert "is kept: accepted work may wait in it" in bare.does(changing, "apt-get purge -y madoguchi")
    assert not (changing / "etc/madoguchi").exists()
    assert stores_in(changing) == kept
    shutil.rmtree(changing / DATA)
    bare.does(changing, f"{INSTALL} /debs/madoguchi_*.deb && apt-get purge -y madoguchi")
    assert not (changing / DATA).exists()


def test_it_is_not_taken_off_while_something_is_unsent_unless_it_was_written_out(changing: Path) -> None:
    folder = changing / DATA / "production"
    stores_in(changing)
    (folder / "terminal.json").unlink(missing_ok=True)
    (folder / "unsent.log").write_bytes(COPIED.record())
    is_refused(changing, f"/{DATA}/production: 1")
    note_exported(folder, [COPIED.key])
    bare.does(changing, "apt-get remove -y madoguchi")
    assert not (changing / "usr/bin/madoguchi").exists()
    assert (folder / "unsent.log").exists(), "what lies here stays"
    bare.does(changing, f"{INSTALL} /debs/madoguchi_*.deb")
    (folder / "unsent.exported").unlink()
    bare.does(changing, "MADOGUCHI_REMOVE_ANYWAY=1 apt-get remove -y madoguchi")


def test_what_lies_elsewhere_on_the_pc_or_cannot_be_read_holds_it_too(changing: Path) -> None:
    """Each account may set its own folder; who removes the program has settings of their own, and they hide nothing."""
    ours = changing / DATA / "production"
    ours.mkdir(exist_ok=True)  # a program that ran in the system this is a copy of has made it
    (ours / "unsent.log").write_bytes(COPIED.record())
    is_refused(changing, f"/{DATA}/production: 1", "MADOGUCHI_DATA_DIR=/nowhere")
    (ours / "unsent.log").write_bytes(b"?" + COPIED.record()[1:])
    is_refused(changing, "unsent.log is damaged")
    (ours / "unsent.log").unlink()
    bare.does(changing, "useradd -m clerk")
    theirs = changing / "home/clerk/counter/production"
    theirs.mkdir(parents=True)
    (theirs / "unsent.log").write_bytes(COPIED.record())
    is_refused(changing, "/home/clerk/counter/production: 1", "MADOGUCHI_DATA_DIR=/home/clerk/counter")
    set_by = changing / "home/clerk/.config/madoguchi/config.toml"
    set_by.parent.mkdir(parents=True)
    set_by.write_text('data_dir = "/home/clerk/counter"\n', "utf-8")
    is_refused(changing, "/home/clerk/counter/production: 1")
    set_by.write_text("data_dir =", "utf-8")
    is_refused(changing, "cannot be read")
    shutil.rmtree(changing / "home/clerk")
    hall = changing / "var/lib/madoguchi-hall/carried"
    (hall / "carried").mkdir(parents=True)
    (hall / "carried/000000000001-aa.sealed").write_bytes(b"somebody else's")
    is_refused(changing, "/var/lib/madoguchi-hall/carried: 1")
    shutil.rmtree(hall.parent)
    program = changing / "usr/lib/madoguchi/madoguchi"
    program.rename(program.with_name("aside"))
    is_refused(changing, "not removed")
    program.with_name("aside").rename(program)
    bare.does(changing, "apt-get remove -y madoguchi")


def test_purging_keeps_what_is_unsent_where_the_book_is_gone(changing: Path) -> None:
    left = changing / DATA / "production/unsent.log"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(COPIED.record())
    said = bare.does(changing, "MADOGUCHI_REMOVE_ANYWAY=1 apt-get purge -y madoguchi")
    assert "is kept: accepted work may wait in it" in said
    assert left.read_bytes() == COPIED.record()


def is_refused(system: Path, why: str, settings: str = "") -> None:
    """Removing it must fail and say why, and the program must still be there."""
    refused = bare.inside(system, "sh", "-c", f"{settings} apt-get remove -y madoguchi")
    assert refused.returncode != 0
    assert "neither the cloud nor an export has it" in refused.stdout + refused.stderr
    assert why in refused.stdout + refused.stderr
    assert (system / "usr/bin/madoguchi").is_symlink()


def stores_in(system: Path) -> dict[str, bytes]:
    """Return the stores of a terminal in the system, put there the first time."""
    folder = system / DATA / "production"
    if not (folder / "ledger.db").exists():
        shutil.copytree(FIXTURE, folder, dirs_exist_ok=True)
    return {path.name: (folder / path.name).read_bytes() for path in FIXTURE.iterdir()}

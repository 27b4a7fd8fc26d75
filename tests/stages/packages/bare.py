"""A bare Debian of our own, and programs run in it with no network but an empty one."""

import shutil
import subprocess
import time
from pathlib import Path

BUILD = Path(__file__).resolve().parents[3] / "build"
FRESH = 7 * 24 * 3600  # seconds for which a bare system made before is used again
ENTER = """
mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && ip link set lo up || exit 99
root=$1; shift; exec chroot "$root" "$@"
"""
DESK = (
    "env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TERM=dumb",
    "DEBIAN_FRONTEND=noninteractive", "QT_QPA_PLATFORM=offscreen",
)  # fmt: skip


def sources() -> tuple[str, str]:
    """Return the release of this machine and where it gets its packages from, as apt knows them."""
    told = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text("utf-8").splitlines() if "=" in line
    )
    release = told["VERSION_CODENAME"].strip('"')
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = (line.split() for line in listed.splitlines())
    return release, next(uri for name, part, uri in found if (name, part) == (release, "main"))


def make(root: Path) -> None:
    """Make a bare system: what debootstrap calls minbase, without network settings and without Python."""
    kept = BUILD / "bare-debian.tar"
    root.mkdir()
    if kept.exists() and time.time() - kept.stat().st_mtime < FRESH:
        subprocess.run(["tar", "xf", kept, "-C", root], check=True)
        return
    subprocess.run(["debootstrap", "--variant=minbase", sources()[0], root, sources()[1]], check=True)
    shutil.rmtree(root / "var/cache/apt/archives")
    kept.parent.mkdir(exist_ok=True)
    subprocess.run(["tar", "cf", kept.with_suffix(".new"), "-C", root, "."], check=True)
    kept.with_suffix(".new").rename(kept)


def fetch(root: Path, folder: Path, *packages: str | Path) -> None:
    """Bring into a folder what a bare system lacks for some packages."""
    (folder / "partial").mkdir(parents=True)
    subprocess.run(["apt-get", "-q", "update"], check=True)
    subprocess.run(
        ["apt-get", "-q", "-y", "-o", f"Dir::State::status={root}/var/lib/dpkg/status",
         "-o", f"Dir::State::extended_states={folder}/extended", "-o", f"Dir::Cache::archives={folder}",
         "--no-install-recommends", "--download-only", "install", *packages],
        check=True,
    )  # fmt: skip
    shutil.rmtree(folder / "partial")


def inside(root: Path, *words: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    """Run a program in the bare system, in an empty network; what it leaves running ends with it."""
    alone = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh")
    return subprocess.run(
        [*alone, root, *DESK, *words], capture_output=True, text=True, check=False, timeout=seconds
    )


def does(root: Path, script: str, seconds: float = 300) -> str:
    """Run a line of shell in the bare system; it must succeed. Returns all it said."""
    done = inside(root, "sh", "-c", script, seconds=seconds)
    assert done.returncode == 0, f"{script}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr

"""Runs the benches of tests/bench/ one after the other: all of them, or those named; options are passed on.

The peers of our figures are not in .venv. They come into build/peers/, each file checked against its hash in the
lock, and are seen by the benches alone; those from npm into build/peers-npm/, where npm is there.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "installer" / "requirements"
PEERS = ROOT / "build" / "peers"
NPM_LOCK = LOCKS / "bench-npm"
NPM_PEERS = ROOT / "build" / "peers-npm"


def pins(name: str) -> dict[str, str]:
    """Return what a lock pins, each with its hashes."""
    text = (LOCKS / name).read_text("utf-8")
    return {pin.split()[0]: pin for pin in re.split(r"(?m)^(?=[a-z0-9])", text) if pin.strip()}


def peers() -> str:
    """Return the part of the benches' lock that .venv lacks."""
    here = pins("dev.txt")
    return "".join(pin for name, pin in pins("bench.txt").items() if name not in here)


def install_peers() -> None:
    """Bring the peers to where the benches look, unless they are there as the lock says."""
    lock = peers()
    stamp, want = PEERS / ".stamp", hashlib.sha256((sys.version + lock).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == want:
        return
    print(
        f"[bench] Installing {lock.count('==')} packages to compare with, each checked against its hash ..."
    )
    shutil.rmtree(PEERS, ignore_errors=True)
    PEERS.mkdir(parents=True)
    (PEERS / "lock.txt").write_text(lock)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install", "--require-hashes"]
    subprocess.run([*pip, "--no-deps", "--target", PEERS, "-r", PEERS / "lock.txt"], cwd=ROOT, check=True)
    stamp.write_text(want)


def install_npm_peers() -> None:
    """Bring the peers that npm has; where they are not to be had, the bench says so and goes on without them."""
    lock = b"".join(path.read_bytes() for path in sorted(NPM_LOCK.iterdir()))
    stamp, want = NPM_PEERS / ".stamp", hashlib.sha256(lock).hexdigest()
    if not shutil.which("npm") or (stamp.exists() and stamp.read_text() == want):
        return
    print("[bench] Installing what npm has to compare with, each checked against its hash ...")
    shutil.rmtree(NPM_PEERS, ignore_errors=True)
    shutil.copytree(NPM_LOCK, NPM_PEERS)
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(npm, cwd=NPM_PEERS, check=False).returncode == 0:
        stamp.write_text(want)
    else:
        shutil.rmtree(NPM_PEERS)


def main(words: list[str]) -> int:
    """Run what was named; returns the number of benches that failed."""
    options = [word for word in words if word.startswith("-")]
    named = [word for word in words if not word.startswith("-")]
    benches = {path.stem: path for path in sorted((ROOT / "tests/bench").glob("*.py")) if path.stem[0] != "_"}
    unknown = [name for name in named if name not in benches]
    if unknown:
        print(f"no bench {', '.join(unknown)}; there are: {' '.join(benches)}", file=sys.stderr)
        return 64
    try:
        install_peers()
    except subprocess.CalledProcessError:
        print(
            "[bench] They could not be installed (see above): is the package index reachable?",
            file=sys.stderr,
        )
        return 63
    if not named or "sync" in named:
        install_npm_peers()
    failed = 0
    for name in named or benches:
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-P", str(benches[name]), *options]
        environment = {**os.environ, "PYTHONPATH": str(PEERS)}
        failed += subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

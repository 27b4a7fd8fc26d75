"""What the gate runs: its static checks, and its tests in groups by what they need."""

import sys
from dataclasses import dataclass
from pathlib import Path

PY = sys.executable
BIN = Path(PY).parent


@dataclass(frozen=True, slots=True)
class Check:
    """A static check: a command that must end with 0."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Tests that run together, chosen by marker, in the surroundings they need."""

    name: str
    markers: str
    minutes: int
    where: tuple[str, ...] = ("tests",)
    options: tuple[str, ...] = ()
    screen: bool = False
    services: bool = False
    printers: bool = False  # only one such group at a time: the mDNS daemon is one for all
    root: bool = False
    only_root: bool = False  # a stage of which nothing can be done without root
    real: bool = False  # a skipped test here is red under CI: a service that is not there proves nothing


TYPED = ("client", "ui", "offline", "printing", "resources", "cloud", "tests", "installer")

CHECKS = (
    Check("no package index in the tree", (PY, "-P", "installer/dev/no_hosts.py")),
    Check("format", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
    Check("lint", (str(BIN / "ruff"), "check", "--quiet", ".")),
    Check("types", (str(BIN / "mypy"), "--no-error-summary", *TYPED)),
    Check("floors", (str(BIN / "lint-imports"), "--no-logo")),
    Check("lock and environment agree", (PY, "-m", "pip", "check", "--quiet")),
)
WORKERS = ("-n", "2", "--dist", "worksteal")
UNIT = "not screen and not service and not database and not root and not slow"
QUICK = Group("unit tests", f"{UNIT} and not long", 6, options=(*WORKERS, "--ignore=tests/journeys"))
SERVICE = "service and not root and not slow"
# The minutes are those after which something hangs, on a machine half as fast too; a test that hangs alone ends by its
# own limit long before. Tests with real services run one after the other, without xdist: ports and the session's
# keyring are one for all. They wait more than they work.
GROUPS = (
    Group("unit tests and journeys", UNIT, 30, options=WORKERS),
    Group(
        "tests on PostgreSQL",
        "database and not screen and not service and not root and not slow",
        9,
        options=WORKERS,
        real=True,
    ),
    Group("tests on a screen", "screen and not service and not root and not slow", 3, screen=True, real=True),
)
# Two lanes at once; the groups of a lane one after the other, each in a session of its own.
LANES = (
    (
        Group(
            "journeys with real services",
            SERVICE,
            18,
            where=("tests/journeys",),
            screen=True,
            services=True,
            real=True,
        ),
    ),
    (
        Group(
            "tests with real services",
            SERVICE,
            12,
            options=("--ignore=tests/journeys",),
            screen=True,
            services=True,
            printers=True,
            real=True,
        ),
        Group(
            "tests that need root", "root and not slow", 12, screen=True, services=True, root=True, real=True
        ),
    ),
)

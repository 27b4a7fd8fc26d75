"""What the cloud's services are called, and which calls are whose: for its health, and for faults of one of them."""

import re

_TOWN = re.compile(
    r"/([0-9]{6})(/.*)"
)  # a municipality's own address: its code stands before everything else
_PATHS = {  # the first that fits
    "tax": r"/v1/residents/[^/]+/tax\b",
    "nhi": r"/v1/residents/[^/]+/nhi\b",
    "residents": r"/v1/(residents|restrictions|payers)\b",
    "certificates": r"/v1/(forms|eligibility|certificates)\b",
    "commands": r"/v1/commands\b",
    "feeds": r"/v1/feeds\b",
    "snapshots": r"/v1/snapshot\b",
    "sessions": r"/v1/sessions\b",
}
SERVICES = ("residents", "tax", "nhi", "certificates", "commands", "feeds", "snapshots", "sessions")


def split_town(path: str) -> tuple[str, str]:
    """Return the municipality a path begins with, empty where it is bare, and the path after it."""
    found = _TOWN.fullmatch(path)
    return (found[1], found[2]) if found else ("", path)


def service_of(path: str) -> str | None:
    """Return whose call a path is, with a municipality before it or bare; None for clock, health, orders and the like."""
    bare = split_town(path)[1]
    return next((name for name, pattern in _PATHS.items() if re.match(pattern, bare)), None)

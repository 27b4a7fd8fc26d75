"""The calls by the names the contract gives them (``operationId``).

The contract is YAML, and nothing else of the cloud needs a reader of that: the three lines that name a call have one
shape there, and a test holds what is found here against a real reader.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from resources import read_text

_PATH = re.compile(r"  (/\S*):")
_METHOD = re.compile(r"    (get|head|post|put|delete|patch):")
_NAME = re.compile(r"      operationId: (\w+)")


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the contract."""

    method: str
    path: str  # with {names}

    def fits(self, method: str, path: str) -> bool:
        """Tell whether a real call, its path bare of the municipality, is this one."""
        pattern = re.sub(r"\{\w+\}", "[^/]+", self.path)
        return method == self.method and re.fullmatch(pattern, path) is not None


@cache
def operations() -> Mapping[str, Operation]:
    """Return every call of the contract by its name."""
    found: dict[str, Operation] = {}
    path = method = ""
    for line in read_text("contract", "openapi.yaml").splitlines():
        if named := _PATH.fullmatch(line):
            path = named[1]
        elif named := _METHOD.fullmatch(line):
            method = named[1].upper()
        elif named := _NAME.fullmatch(line):
            found[named[1]] = Operation(method, path)
    return found


def methods_at(path: str) -> list[str]:
    """Return the methods an address has in the contract, by its own name before a pattern (OpenAPI 3.1, 4.8.8)."""
    named = {one.method for one in operations().values() if one.path == path}
    return sorted(named or {one.method for one in operations().values() if one.fits(one.method, path)})

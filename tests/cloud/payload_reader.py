"""The contract's schemas of payloads, and examples spoilt in every way that a program or a person may spoil them."""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry, Resource

FOLDER = Path("resources/contract/commands")
WRONG: tuple[Any, ...] = (
    *(None, True, 7, -1, 1.5, 10**12, "", "  ", "x", "x" * 3000),
    *([], {}, ["x"], [7], [[]], {"x": 1}),
    *("2026-02-30", "2026-13-01", "20261120", "2026-11-20T05:00:00Z", "123456789012345678901234567890"),
    *("1000000022", "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d99", "c2VhbGVk", "A" * 43 + "=", "１０", "0"),
)


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema of a payload by its kind."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
    del found["common"]
    return found


@cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    """Return what judges a payload of a kind, formats included."""
    texts = {path.name: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
    registry: Registry[Any] = Registry().with_resources(
        [(name, Resource.from_contents(text)) for name, text in texts.items()]
    )
    return jsonschema.Draft202012Validator(
        schemas()[kind], registry=registry, format_checker=jsonschema.FormatChecker()
    )


def examples() -> list[tuple[str, int, dict[str, Any]]]:
    """Return every example: its kind, its place among those of the kind, the payload."""
    return [
        (kind, place, one) for kind, text in schemas().items() for place, one in enumerate(text["examples"])
    ]


def spoilt(example: Any) -> Iterator[tuple[str, Any]]:
    """Yield the example with one thing changed: a value, a field missing, a field too many, a list too long."""
    for steps in _places(example):
        for wrong in WRONG:
            yield f"{steps}={wrong!r:.20}", _with(example, steps, wrong)
        yield f"{steps} gone", _without(example, steps)
    for steps, found in _holders(example):
        if isinstance(found, dict):
            yield f"{steps} more", _with(example, (*steps, "nobody_knows"), "x")
        elif found:
            yield f"{steps} long", _with(example, steps, found * 1100)


def _holders(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        yield steps, value
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in pairs:
            yield from _holders(inner, (*steps, step))


def _places(value: Any) -> Iterator[tuple[Any, ...]]:
    for steps, found in _holders(value):
        for step in found if isinstance(found, dict) else range(len(found)):
            yield (*steps, step)


def _with(example: Any, steps: tuple[Any, ...], new: Any) -> Any:
    changed = deepcopy(example)
    here = changed
    for step in steps[:-1]:
        here = here[step]
    here[steps[-1]] = deepcopy(new)
    return changed


def _without(example: Any, steps: tuple[Any, ...]) -> Any:
    changed = deepcopy(example)
    here = changed
    for step in steps[:-1]:
        here = here[step]
    del here[steps[-1]]
    return changed

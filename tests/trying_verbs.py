"""Which acts of ``madoguchi`` lead to a try of somebody's secret, as they are typed; and why the others lead to none."""

import argparse
from collections.abc import Iterator

from ui.cli import verbs

Act = tuple[str, ...]

# Each refuses while another program holds the terminal's folder, before it asks for anything.
TRYING: dict[Act, tuple[str, ...]] = {
    ("verify",): (),
    ("audit",): ("verify",),
    ("hall",): (),  # the system's secret, and the token of the first start
    ("bundle", "make"): ("out",),
    ("bundle", "open"): ("in",),
    ("outbox", "export"): ("out",),
    ("outbox", "import"): ("in",),
    ("account", "hand"): ("root",),
    ("account", "take"): ("handed.json",),
    ("keys", "move"): (),
    ("keys", "erase"): ("s001",),
    ("keys", "rotate"): (),
    ("factor",): ("card", "s001"),
    ("wipe",): ("--terminal", "0007"),  # with --transfer the one-time token
    ("enrol",): (),
}
# They try secrets, and the lock is taken elsewhere.
HELD_ELSEWHERE: dict[Act, str] = {
    ("open",): "the counter takes it before its first door (tests/ui/test_start.py)",
    ("drill",): "the counter does, in a folder of the drill's own",
    ("card",): "the child of a program that holds it",
}
TRYING_NOTHING: dict[Act, str] = {
    ("status",): "says whether somebody holds it",
    ("config",): "prints settings",
    ("doctor",): "looks, also beside an open counter",
    ("bundle", "show"): "what anybody may know",
    ("bundle", "custody"): "lines beside a file of another town",
    ("outbox", "left"): "counts",
}


def acts() -> Iterator[Act]:
    """Return every act the command line knows."""
    for verb, parser in _below(verbs._parser()).items():
        for act in _below(parser) or {"": parser}:
            yield tuple(filter(None, (verb, act)))


def _below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}

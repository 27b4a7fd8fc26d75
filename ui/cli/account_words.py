"""The words of ``madoguchi account`` on the command line."""

import argparse
from pathlib import Path


def add_to(account: argparse.ArgumentParser) -> None:
    """Describe what can be done for a second account."""
    acts = account.add_subparsers(dest="act", metavar="ACT", required=True)
    hand = _act(
        acts,
        "hand",
        "write the file for another account and show its code once; asks for an officer's secrets",
    )
    hand.add_argument("account", metavar="ACCOUNT", help="login name of the other account of this PC")
    take = _act(acts, "take", "under the other account: asks for the code, then for a clerk's secrets")
    take.add_argument("file", type=Path, metavar="FILE", help="the file, as hand named it")


def _act(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, sentence: str
) -> argparse.ArgumentParser:
    act = acts.add_parser(name, help=sentence, description=sentence)
    act.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")
    return act

"""The words of ``madoguchi keys`` on the command line."""

import argparse


def add_to(keys: argparse.ArgumentParser) -> None:
    """Describe what can be done with the keys of this terminal."""
    acts = keys.add_subparsers(dest="act", metavar="ACT", required=True)
    sentence = "keep the device secret as the setting device_key says; asks for an officer's secrets"
    move = acts.add_parser("move", help=sentence, description=sentence)
    sentence = (
        "let nothing of one clerk's open this terminal off line any more; asks for an officer's secrets"
    )
    erase = acts.add_parser("erase", help=sentence, description=sentence)
    erase.add_argument("staff", metavar="STAFF", help="the clerk's staff id")
    sentence = "change the device secret for a new one, the line being up; asks for an officer's secrets"
    rotate = acts.add_parser("rotate", help=sentence, description=sentence)
    for act in (move, erase, rotate):
        act.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")

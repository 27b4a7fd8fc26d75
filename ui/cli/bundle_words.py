"""The words of ``madoguchi bundle`` on the command line."""

import argparse
from pathlib import Path

LEFT = "say what lies on this PC that neither the cloud nor an export has; asks nobody's secrets"
EVENTS = ("received", "verified", "handed_back", "destroyed")


def add_to(bundle: argparse.ArgumentParser) -> None:
    """Describe what can be done with a bundle."""
    acts = bundle.add_subparsers(dest="act", metavar="ACT", required=True)
    make = _act(
        acts, "make", "write a bundle from this terminal; asks for an officer's staff id, password, code"
    )
    make.add_argument("--whole", action="store_true", help="every row of the replica; else what was changed")
    make.add_argument("--since", type=int, metavar="V", help="from this version of the register on")
    make.add_argument("--blocks-since", type=int, metavar="V", help="from this version of the blocks on")
    make.add_argument("--escrow", type=Path, metavar="FILE", help="the town's escrow.json (needed once)")
    show = _act(acts, "show", "verify a bundle without any secret, and say what may be known of it")
    show.add_argument("--escrow", type=Path, metavar="FILE", help="the escrow.json of the town it is of")
    opens = _act(acts, "open", "take a bundle in; asks a clerk, then two officers")
    opens.add_argument(
        "--share",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an officer's share; else asked",
    )
    custody = _act(acts, "custody", "what became of a bundle kept for another town")
    custody.add_argument("deed", choices=("add", "verify", "challenge"))
    custody.add_argument("--event", choices=EVENTS, help="add: what was done")
    custody.add_argument("--by", default="", metavar="WHO", help="add, challenge: who did it")
    custody.add_argument("--other", default="", metavar="WHO", help="add: from whom, or to whom")
    custody.add_argument(
        "--head", default="", metavar="HASH", help="verify: a line's hash known from elsewhere"
    )
    custody.add_argument(
        "--nonce", default="", metavar="HEX", help="challenge: the owner's number, to be answered"
    )


def add_outbox_to(outbox: argparse.ArgumentParser) -> None:
    """Describe what can be done with an outbox."""
    acts = outbox.add_subparsers(dest="act", metavar="ACT", required=True)
    export = _act(acts, "export", "write all that has not landed, sealed; asks for an officer's secrets")
    export.add_argument("--escrow", type=Path, metavar="FILE", help="the town's escrow.json (needed once)")
    export.add_argument(
        "--sealed",
        action="store_true",
        help="with nobody's secrets: as it lies here, sealed to the cloud alone",
    )
    brings = _act(
        acts,
        "import",
        "bring another terminal's to the cloud; asks an officer, then (unless --sealed) two for shares",
    )
    brings.add_argument(
        "--share",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an officer's share; else asked",
    )
    left = acts.add_parser("left", help=LEFT, description=LEFT)
    left.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")


def _act(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, sentence: str
) -> argparse.ArgumentParser:
    act = acts.add_parser(name, help=sentence, description=sentence)
    act.add_argument("file", type=Path, metavar="FILE")
    act.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object")
    return act

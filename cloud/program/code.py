"""``code``: the present sign-in code of a training member of staff."""

import argparse
import base64
import sys
from pathlib import Path

import msgspec

from cloud.clock import utc_now


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verb."""
    code = verbs.add_parser("code", help="print the present sign-in code of a training member of staff")
    code.add_argument("staff_id")
    code.add_argument("--ready", type=Path, required=True, metavar="FILE")
    code.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print it; 1 where nobody has that id."""
    from cloud.totp import code_at, step_at

    told = msgspec.json.decode(chosen.ready.read_bytes())
    for person in told["staff"]:
        if person["staff_id"] == chosen.staff_id:
            print(code_at(base64.b32decode(person["totp_seed"]), step_at(utc_now())))
            return 0
    print(f"madoguchi-training: nobody is called {chosen.staff_id}", file=sys.stderr)
    return 1

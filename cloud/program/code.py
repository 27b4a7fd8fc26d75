"""``code``: the present sign-in code of a training member of staff."""

import argparse
import base64
import sys
from pathlib import Path

import msgspec

from cloud.clock import utc_now


class _Person(msgspec.Struct):
    staff_id: str
    totp_seed: str


class _Ready(msgspec.Struct):
    staff: list[_Person]


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verb."""
    code = verbs.add_parser("code", help="print the present sign-in code of a training member of staff")
    code.add_argument("staff_id")
    code.add_argument("--ready", type=Path, required=True, metavar="FILE")
    code.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print it; 1 where nobody has that id."""
    from cloud.totp import code_at, step_at

    try:
        told = msgspec.json.decode(chosen.ready.read_bytes(), type=_Ready)
    except msgspec.DecodeError:
        print(f"madoguchi-training: {chosen.ready} is not what `serve --ready` writes", file=sys.stderr)
        return 1
    for person in told.staff:
        if person.staff_id == chosen.staff_id:
            print(code_at(base64.b32decode(person.totp_seed), step_at(utc_now())))
            return 0
    known = ", ".join(person.staff_id for person in told.staff)
    print(
        f"madoguchi-training: {chosen.ready} knows the staff {known}, and not {chosen.staff_id}; "
        "whoever was taken on later has a code generator of their own",
        file=sys.stderr,
    )
    return 1

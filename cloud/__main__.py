"""``madoguchi-training``: the reference cloud as a program; ``--help`` names its verbs."""

import argparse
import sys

from cloud.logs import log_as_json
from cloud.migrations import SchemaError
from cloud.program import code, files, office, serve, token

_VERBS = (serve, code, token, files, office)


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code: 0 done, 1 cannot, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="madoguchi-training", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in _VERBS:
        verb.add_to(verbs)
    chosen = parser.parse_args(arguments)
    log_as_json()
    try:
        return int(chosen.run(chosen))
    except (OSError, SchemaError, ValueError) as error:
        print(f"madoguchi-training: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

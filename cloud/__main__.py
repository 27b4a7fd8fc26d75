"""``madoguchi-training``: the reference cloud as a program; ``--help`` names its verbs."""

import argparse
import logging
import sys

from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError

from cloud.logs import log_as_json
from cloud.migrations import SchemaError
from cloud.no_core import keep_memory_off_the_disk
from cloud.program import audit, bundle, code, files, office, serve, token

_VERBS = (serve, code, token, files, office, bundle, audit)
_WHOLE = "and what was not done whole was not done"


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code: 0 done, 1 cannot, 2 wrong use."""
    keep_memory_off_the_disk()
    parser = argparse.ArgumentParser(prog="madoguchi-training", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in _VERBS:
        verb.add_to(verbs)
    chosen = parser.parse_args(arguments)
    log_as_json(logging.INFO if chosen.verb == "serve" else logging.WARNING)
    try:
        return int(chosen.run(chosen))
    except (OSError, SchemaError, ValueError) as error:
        print(f"madoguchi-training: {_words(error)}", file=sys.stderr)
        return 1
    except ArgumentError:
        print("madoguchi-training: --url is postgresql://user@host/database", file=sys.stderr)
        return 2
    except (OperationalError, InterfaceError) as error:
        print(f"madoguchi-training: the database cannot be used, {_WHOLE}: {error.orig}", file=sys.stderr)
        return 1


def _words(error: Exception) -> str:
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.strerror}: {error.filename}" if error.filename else error.strerror


if __name__ == "__main__":
    sys.exit(main())

"""``madoguchi``, also as ``python -P -m ui``."""

import sys

from ui.cli import verbs
from ui.last_words import keep_names_out


def main() -> int:
    """Do what was asked on the command line; returns the documented exit code."""
    keep_names_out()
    return verbs.main()


if __name__ == "__main__":
    sys.exit(main())

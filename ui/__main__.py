"""``madoguchi``, also as ``python -P -m ui``."""

import sys

from ui.cli.verbs import main

if __name__ == "__main__":
    sys.exit(main())

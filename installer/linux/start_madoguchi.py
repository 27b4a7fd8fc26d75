"""The frozen counter's first lines."""

import sys

from ui.cli.verbs import main

sys.exit(main())

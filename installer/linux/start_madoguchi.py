"""The frozen counter's first lines."""

import sys

from ui.__main__ import main

sys.exit(main())

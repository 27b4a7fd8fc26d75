"""The frozen training cloud's first lines."""

import sys

from cloud.__main__ import main

sys.exit(main())

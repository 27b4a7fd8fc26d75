"""``madoguchi open`` as a program of its own, with a clerk who reads why it cannot open, and closes it.

Its output is what the window said, its exit code the program's.
"""

import sys
from pathlib import Path

from tests.journeys.real_terminal import Visit, opened
from ui.cli.verbs import main


async def read_and_close(visit: Visit) -> None:
    """Read, tell, close."""
    print(await visit.refused())


if __name__ == "__main__":
    camera = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    sys.exit(opened(lambda: main(["open"]), read_and_close, camera))

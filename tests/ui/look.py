"""Saves every screen in every state for a person to look at: ``python -m tests.ui.look [papers] [--out DIR]``."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

THEMES = ("light", "dark", "high_contrast")
SIZES = {"1366": (1366, 768), "1920": (1920, 1080)}


def main(words: list[str] | None = None) -> int:
    """Save the pictures; with 150 % in a process of its own, because Qt takes its scale at the start."""
    parser = argparse.ArgumentParser(prog="look")
    parser.add_argument("what", nargs="*", help="states to show; all without")
    parser.add_argument("--out", type=Path, default=Path("out/look"))
    parser.add_argument("--scale", default="")
    parser.add_argument("--theme", action="append", choices=THEMES)
    parser.add_argument("--size", action="append", choices=SIZES)
    asked = parser.parse_args(words)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if asked.scale:
        os.environ["QT_SCALE_FACTOR"] = asked.scale
    from PySide6.QtWidgets import QApplication

    from ui import loop

    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    return loop.run(app, lambda: _look(app, asked))


async def _look(app: object, asked: argparse.Namespace) -> int:
    from PySide6.QtWidgets import QApplication

    from tests.ui import drive, states
    from tests.ui.attached_states import ATTACHED_STATES
    from tests.ui.book_states import BOOK_STATES
    from tests.ui.carry_states import CARRY_STATES
    from tests.ui.change_states import CHANGE_STATES
    from tests.ui.decide_states import DECIDE_STATES
    from tests.ui.doubtful_states import DOUBTFUL_STATES
    from tests.ui.item_states import ITEM_STATES
    from tests.ui.line_states import LINE_STATES
    from tests.ui.release_states import RELEASE_STATES
    from tests.ui.settle_states import SETTLE_STATES
    from tests.ui.two_states import TWO_STATES
    from tests.ui.visit_states import VISIT_STATES

    assert isinstance(app, QApplication)
    asked.out.mkdir(parents=True, exist_ok=True)
    sizes = [SIZES[name] for name in asked.size or SIZES]
    if asked.scale:  # the screen stays as large as it is: there is room for less
        sizes = [
            (int(width / float(asked.scale)), int(height / float(asked.scale))) for width, height in sizes
        ]
    count = 0
    for theme in asked.theme or THEMES:
        for width, height in sizes:
            for name, play in (
                states.STATES
                | LINE_STATES
                | CARRY_STATES
                | BOOK_STATES
                | CHANGE_STATES
                | DOUBTFUL_STATES
                | TWO_STATES
                | ATTACHED_STATES
                | SETTLE_STATES
                | RELEASE_STATES
                | DECIDE_STATES
                | ITEM_STATES
                | VISIT_STATES
            ).items():
                if asked.what and name not in asked.what:
                    continue
                counter = await drive.open_counter(app, theme=theme, size=(width, height))
                await play(counter)
                await asyncio.sleep(0.05)
                scale = f"-{asked.scale.replace('.', '')}x" if asked.scale else ""
                path = asked.out / f"{name}-{theme}-{width}{scale}.png"
                counter.save(path)
                await counter.close()
                count += 1
    sys.stdout.write(f"{count} pictures in {asked.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

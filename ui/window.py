"""The start: the sign-in window is painted with nothing but Qt; everything else comes after it."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from client.config import Config
from ui import theme
from ui.screens.log_in.model import LogInModel
from ui.screens.log_in.view import LogInView
from ui.shell import Shell
from ui.text import Words

if TYPE_CHECKING:
    from ui.assembly import Counter

Driver = Callable[["Counter"], Awaitable[int]]


@dataclass(slots=True)
class Window:
    """What is on the screen before anything else is there."""

    app: QApplication
    words: Words
    shell: Shell
    log_in: LogInModel
    log_in_view: LogInView


def _second(config: Config) -> str:
    """Return what is asked beside the password."""
    if config.card_module:
        return "pin"
    return "key" if config.second_factor else "code"


def paint_window(config: Config, app: QApplication) -> Window:
    """Show the sign-in window and paint it."""
    theme.apply(app, config.theme, percent=config.text_percent)
    words = Words(config.language, config.help_contact)
    model = LogInModel(words, second=_second(config))
    view = LogInView(model, words, town=config.municipality, terminal=config.terminal_name)
    title = " ".join(filter(None, (config.municipality, words("app.title"))))
    mark = words("app.trial") if config.environment == "trial" else ""
    shell = Shell(words, title=title, place=config.terminal_name, training=config.training, mark=mark)
    shell.add("log_in", view)
    shell.show()
    app.processEvents()
    return Window(app, words, shell, model, view)


def open_counter(config: Config, *, driver: Driver | None = None) -> int:
    """Open the counter and stay until its window is closed; returns the exit code.

    ``driver`` is a pair of hands on the same loop, for unattended runs and drills; its result is the exit code.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("another kind of Qt application runs in this process")
    app.setApplicationName("madoguchi")
    window = paint_window(config, app)
    from ui import loop  # asyncio and qasync: after the paint

    return loop.run(app, lambda: _serve(window, config, driver))


async def _serve(window: Window, config: Config, driver: Driver | None) -> int:
    import asyncio
    from importlib import import_module

    import_module("ui.screen_font").bring_screen_font(window.app)  # the paint does not wait for it
    # On a thread, so that the window can already be typed into.
    assembly = await asyncio.to_thread(import_module, "ui.assembly")
    code: int = await assembly.serve(window, config, driver)
    return code

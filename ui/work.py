"""How a model asks for work to be started; ``ui.tasks.Tasks`` does it, tests do it at once."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

Work = Callable[[], Coroutine[Any, Any, None]]


async def nothing() -> None:
    """Do nothing: put in place of work whose answer nobody is to see any more."""


class Starter(Protocol):
    """Starts work by name."""

    def start(self, name: str, work: Work) -> bool:
        """Start work unless the same is under way; returns whether it was started."""
        ...

    def replace(self, name: str, work: Work) -> None:
        """Start work in place of the same under way."""
        ...

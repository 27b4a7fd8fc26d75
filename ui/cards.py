"""The card door, where the town has set a module: how its process is started."""

import sys

from client.config import Config
from offline.factors.card import CardDoor


def card_door(config: Config) -> CardDoor | None:
    """Return the door to this PC's cards, shut: its process starts with the first question. None without a module."""
    if not config.card_module:
        return None
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "ui"]
    return CardDoor([*program, "card", "--module", config.card_module, "--key", config.card_key])

"""Second factors by the settings: the card door and how its process is started, a FIDO2 key, or a town's own plug-in."""

import sys
from importlib.metadata import entry_points
from urllib.parse import urlsplit

from client.api.auth import Factor, Sessions
from client.api.http import Http
from client.config import Config
from client.domain.errors import StoreError
from client.jobs.log_in import CLOUD_WAIT
from client.jobs.ports import Now
from offline.factors.card import USE_WAIT, CardDoor, CardFactor

GROUP = "madoguchi.factor_readers"  # entry points: functions that take the Config and return a Factor


def card_door(config: Config) -> CardDoor | None:
    """Return the door to this PC's cards, shut: its process starts with the first question. None without a module."""
    if not config.card_module:
        return None
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "ui"]
    return CardDoor([*program, "card", "--module", config.card_module, "--key", config.card_key])


def factor_of(config: Config, card: CardDoor | None) -> Factor | None:
    """Return what answers the cloud at sign-in; None where a one-time code does. StoreError ``store.no_factor``."""
    if card is not None:
        return CardFactor(card)
    if config.second_factor == "fido2":
        try:
            from offline.factors.security_key import SecurityKey  # an extra: madoguchi[fido2]
        except ImportError as error:
            raise StoreError("store.no_factor") from error
        return SecurityKey(urlsplit(config.cloud_url).hostname or "")
    if not config.second_factor:
        return None
    for point in entry_points(group=GROUP, name=config.second_factor):
        made: Factor = point.load()(config)
        return made
    raise StoreError("store.no_factor")


def sessions_of(config: Config, card: CardDoor | None, http: Http, *, now: Now) -> tuple[Sessions, float]:
    """Return the door of sessions with its second factor, and how many seconds a sign-in over it may take."""
    factor = factor_of(config, card)
    return Sessions(http, now=now, factor=factor), CLOUD_WAIT + (USE_WAIT if factor else 0)

"""``madoguchi keys``: what an officer does with the keys of this terminal, the counter closed."""

import argparse
import asyncio

from msgspec import json as wire

from client.api.enrolment import EnrolmentDesk
from ui.cli import exit_codes
from ui.cli.asking import Asking
from ui.cli.at_the_book import Place, alone_at
from ui.cli.bundle_stores import Told
from ui.cli.device_move import move
from ui.cli.device_rotate import rotate
from ui.cli.wrap_erase import erase
from ui.config_file import Loaded


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Do one of the acts while no counter is open on the same data. RefusedError, SignInNeededError, StoreError."""
    with alone_at(loaded) as place:
        if asked.act == "erase":
            told = asyncio.run(erase(place, asked.staff, Asking().clerk))
        elif asked.act == "rotate":
            told = asyncio.run(_rotate(loaded, place))
        else:
            told = asyncio.run(move(place, loaded.config.device_key, Asking().clerk))
    if asked.json:
        print(wire.encode(told).decode())
    else:
        for name, value in told.items():
            print(f"{name}: {value}")
    return exit_codes.OK


async def _rotate(loaded: Loaded, place: Place) -> Told:
    from ui.doors import http_of  # the doors are heavy, and the other acts do not need them

    http = http_of(loaded.config, place.vault.facts)
    desk = EnrolmentDesk(http)
    try:
        return await rotate(place, Asking().clerk, lambda deposit: desk.leave(deposit, place.vault.identity))
    finally:
        await http.close()

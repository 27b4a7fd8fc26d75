"""``madoguchi enrol``: make this PC a terminal of the town, with a one-time token."""

import argparse
import asyncio
from dataclasses import replace

from msgspec import json as wire

from client.domain.terminal import TerminalFacts
from offline.store.files import InstanceLock
from ui.cli import exit_codes
from ui.config_file import Loaded


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Enrol; a PC that is a terminal already stays one. StoreError ``store.in_use`` while its counter is open."""
    config = loaded.config
    if asked.token_file:
        config = replace(config, enrolment_token_file=asked.token_file)

    async def enrol() -> TerminalFacts:
        from ui.doors import enrolled_terminal  # the doors are heavy, and other verbs do not need them

        return await enrolled_terminal(config)

    with InstanceLock(config.terminal_dir / "lock"):
        facts = asyncio.run(enrol())
    told = {"terminal_no": facts.terminal_no, "municipality": facts.municipality_name}
    if asked.json:
        print(wire.encode({"ok": True, **told}).decode())
    else:
        print(f"{facts.municipality_name}　{facts.terminal_name}　{facts.terminal_no}")
    return exit_codes.OK

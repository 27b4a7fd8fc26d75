"""``madoguchi wipe``: what the cloud does not have is handed over, then this terminal is erased, and enrolled anew."""

import argparse
import asyncio
from contextlib import suppress
from dataclasses import replace

from msgspec import json as wire

from client.config import Config
from client.domain.errors import RefusedError, StoreError
from client.domain.terminal import TerminalFacts
from offline.store.files import InstanceLock
from ui.cli import exit_codes
from ui.config_file import Loaded
from ui.vaults import vault_of


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Wipe; with no line the terminal is locked, and the wipe goes on as soon as there is one. CounterError."""
    config = loaded.config
    if asked.token_file:
        config = replace(config, enrolment_token_file=asked.token_file)
    if asked.transfer and not config.enrolment_token_file:
        raise RefusedError("refused.input", field="token")  # before anything is erased
    with InstanceLock(config.terminal_dir / "lock"):
        told = asyncio.run(_wiped(config, asked.terminal))
        if asked.transfer:
            told["enrolled_as"] = asyncio.run(_enrolled(config)).terminal_no
    if asked.json:
        print(wire.encode({"ok": True, **told}).decode())
    else:
        for name, value in told.items():
            print(f"{name}: {value}")
    return exit_codes.OK


async def _wiped(config: Config, terminal_no: str) -> dict[str, object]:
    from ui.doors import http_of, wipe_of  # the doors are heavy, and other verbs do not need them

    folder = config.terminal_dir
    vault = vault_of(config)
    facts = vault.facts
    if facts is None:
        raise StoreError("store.no_keys")
    if terminal_no != facts.terminal_no:
        raise RefusedError(
            "refused.input", field="terminal"
        )  # what is erased is named, so that it is no slip
    http = http_of(config, facts)
    try:
        job = wipe_of(config, vault, facts, http)
        await job.begin()
        with suppress(StoreError):  # it goes last of all, once the cloud has the certificate
            http.identity = await asyncio.to_thread(lambda: vault.identity)
        await job.go_on()
    finally:
        await http.close()
    return {"terminal_no": facts.terminal_no, "certificate": str(folder / f"erased-{facts.terminal_no}.json")}


async def _enrolled(config: Config) -> TerminalFacts:
    from ui.doors import enrolled_terminal

    return await enrolled_terminal(config)

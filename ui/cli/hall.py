"""``madoguchi hall``: the same program without a window, for a machine that keeps and carries what it cannot read."""

import argparse
import asyncio
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

from client import logs
from client.config import Config
from client.domain.errors import StoreError
from offline.store.files import InstanceLock, open_own
from ui.cli import exit_codes
from ui.config_file import Loaded

_CREDENTIAL = "hall-secret"


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Serve until the system says stop; 13 where the town took this machine out."""
    from ui.hall import serve  # heavy, and other verbs do not need it

    config = loaded.config
    if asked.token_file:
        config = replace(config, enrolment_token_file=asked.token_file)
    if not config.serve_neighbours:
        print("serve_neighbours: a hall server needs host:port to serve at", file=sys.stderr)
        return exit_codes.USAGE
    with InstanceLock(config.terminal_dir / "lock"):
        logs.set_up(config.terminal_dir / "logs", opener=open_own)
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it would log addresses of those who hang up
        ended = asyncio.run(
            serve(config, secret_of(config), ready=Path(asked.ready) if asked.ready else None)
        )
    return exit_codes.OK if ended else exit_codes.NOT_ENROLLED


def secret_of(config: Config) -> bytes:
    """Return what opens this machine's key. StoreError ``store.no_keyring`` where there is no such file."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    named = config.hall_secret_file or (folder and str(Path(folder) / _CREDENTIAL))
    if not named:
        raise StoreError("store.no_keyring")
    try:
        return Path(named).read_bytes().strip()
    except OSError as error:
        raise StoreError("store.no_keyring") from error

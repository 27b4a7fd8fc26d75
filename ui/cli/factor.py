"""``madoguchi factor``: the line with which an officer of the back office enrols somebody's card or FIDO2 key."""

import argparse
import asyncio
import sys
from contextlib import AbstractContextManager, nullcontext
from urllib.parse import urlsplit

from msgspec import json as wire

from client.config import Config
from client.domain.errors import StoreError
from offline.factors.introduction import Introduction, card_signs, of_card
from offline.store.files import InstanceLock
from ui.cards import card_door
from ui.cli import exit_codes
from ui.cli.asking import Asking
from ui.config_file import Loaded


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Let card or key introduce itself; nothing here is changed by it. SignInNeededError ``card.…``, StoreError."""
    with _alone(loaded.config):
        if asked.kind == "fido2" and not asked.json:
            print("Touch the key each time it blinks: twice.", file=sys.stderr)
        pin = Asking().secret("PIN: ")
        made = (_of_card if asked.kind == "card" else _of_key)(loaded.config, asked.staff, pin)
    if asked.json:
        told = {"ok": True, "kind": asked.kind, "staff": asked.staff, "factor": made.text}
        print(wire.encode(told | {"fingerprint": made.fingerprint}).decode())
    else:
        print(made.text)
        print(f"fingerprint: {made.fingerprint}", file=sys.stderr)
    return exit_codes.OK


def _alone(config: Config) -> AbstractContextManager[object]:
    """Keep the counter away from card and PIN meanwhile; a PC that is no terminal has none, and gets no folder."""
    folder = config.terminal_dir
    return InstanceLock(folder / "lock") if folder.exists() else nullcontext()


def _of_card(config: Config, staff_id: str, pin: str) -> Introduction:
    door = card_door(config)
    if door is None:
        raise StoreError("store.no_factor")
    try:
        signature, public = door.introduce(card_signs(staff_id), pin)
    finally:
        door.close()
    return of_card(staff_id, public, signature)


def _of_key(config: Config, staff_id: str, pin: str) -> Introduction:
    try:
        from offline.factors.security_key import SecurityKey  # an extra: madoguchi[fido2]
    except ImportError as error:
        raise StoreError("store.no_factor") from error
    host = urlsplit(config.cloud_url).hostname or ""
    return asyncio.run(SecurityKey(host).introduce(staff_id, pin))

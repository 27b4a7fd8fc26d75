"""A vault with a clerk in it, and what an off-line sign-in there ends with."""

from datetime import datetime
from pathlib import Path

import msgspec

from client.domain.errors import CounterError
from client.rules import totp
from offline.store import wraps
from offline.store.keys import Vault
from tests.builders import NOW
from tests.store_builders import SEED, MemoryKeyring, cheap_vault, cloud_sign_in, facts, store_keys

PASSWORD = "みどりの風 7"


async def enrolled(folder: Path, ring: MemoryKeyring | None = None) -> tuple[Vault, bytes]:
    vault = cheap_vault(folder, ring)
    await vault.make_identity()
    return vault, await vault.found(facts(), store_keys())


async def with_clerk(folder: Path, ring: MemoryKeyring | None = None) -> Vault:
    vault, deposit = await enrolled(folder, ring)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    return vault


def code_at(moment: datetime) -> str:
    return totp.code(SEED, totp.step_of(moment))


async def said(vault: Vault, now: datetime, password: str = PASSWORD, code: str | None = None) -> str:
    """Return what an offline sign-in ends with: a code, or "in"."""
    try:
        await vault.unlock("s001", password, code or code_at(now), now=now)
    except CounterError as error:
        return error.code
    return "in"


def seal_by_hand(path: Path, book: object, vault: Vault) -> None:
    """Write a book as who has the device secret could."""
    given = msgspec.convert(book, type=wraps.WrapBook, strict=False)
    sealed = wraps.under_seal(given, vault._device_secret(), wraps.Place("992011", "0007"))
    path.write_bytes(msgspec.json.encode(sealed))

"""``madoguchi account``: an officer hands the terminal's secret to another OS account of this PC, which takes it."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec import json as wire

from client.domain.clerk import SignIn
from client.domain.errors import RefusedError
from client.jobs.ports import JournalEntry
from client.rules.sign_in import trusted_now
from offline.store import handed, wraps
from offline.store.files import is_shared
from offline.store.identity import TerminalIdentity, key_from
from offline.store.keyring_door import account_named
from offline.store.keys import place_of as bound_to
from offline.store.wraps import Argon2Cost
from ui.carrying import must_be_officer
from ui.cli import exit_codes
from ui.cli.asking import Asking
from ui.cli.at_the_book import Place, Secrets, alone_at, at_the_book, must_be_open
from ui.cli.bundle_stores import Told
from ui.config_file import Loaded
from ui.text import Words


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Do one of the acts while no counter is open on the same data. RefusedError, SignInNeededError, StoreError."""
    asking = Asking()
    words = Words(loaded.config.language, loaded.config.help_contact)
    with alone_at(loaded) as place:
        if asked.act == "hand":
            told = asyncio.run(hand(place, account_named(asked.account), asking.clerk))
        else:
            told = asyncio.run(
                take(place, asked.file, lambda: asking.secret(words("account.ask_code")), asking.clerk)
            )
    if asked.json:
        print(wire.encode(told).decode())
    else:
        for name, value in told.items():
            print(f"{name}: {value}")
    return exit_codes.OK


async def hand(
    place: Place, account: str, officer: Callable[[], Secrets], *, cost: Argon2Cost = wraps.USUAL_COST
) -> Told:
    """Write the file for an account, and return its code; a file before it is replaced. RefusedError, SignInNeededError."""
    facts, vault = must_be_open(place), place.vault
    if account == vault.account:
        raise RefusedError("account.same")
    if sys.platform != "win32" and not is_shared(place.folder):
        raise RefusedError("account.not_shared")
    unlocked = await vault.unlock(*officer(), now=place.now())
    async with at_the_book(place, unlocked, vault.identity.sign) as (stores, sign_in):
        must_be_officer(sign_in)
        where = place.environment, bound_to(facts)
        file, code = handed.sealed(await vault.hand_out(), account, where, place.now(), cost)
        # Written down before it counts: without the file nothing was handed.
        await stores.ledger.record(_line("handed", sign_in, file))
        handed.write(place.folder / handed.FILE, file)
    return {
        "ok": True,
        "file": str(place.folder / handed.FILE),
        "note": file.note,
        "code": code,
        "until": file.until.isoformat(),
    }


async def take(place: Place, path: Path, code: Callable[[], str], clerk: Callable[[], Secrets]) -> Told:
    """Take what was handed to this account, with the code and a clerk's secrets. RefusedError, SignInNeededError."""
    facts, vault = must_be_open(place), place.vault
    file = handed.read(path)
    if file.account != vault.account:
        raise RefusedError("account.other")
    _must_be_good(path, file, place.now())
    typed = handed.read_code(code())
    _must_be_good(path, file, place.now())  # a code may be typed slowly
    given = handed.opened(path, file, typed, (place.environment, bound_to(facts)))
    unlocked = await vault.unlock_handed(given, clerk(), now=place.now())
    sign = TerminalIdentity(facts.terminal_no, key_from(given.identity)).sign
    async with at_the_book(place, unlocked, sign) as (stores, sign_in):
        _must_be_good(path, file, trusted_now(place.now(), await stores.ledger.latest_time()))
        await stores.ledger.record(_line("taken", sign_in, file))
        await vault.take_over(given)
    handed.remove(path)  # last: after a kill before this the same code takes it again
    return {"ok": True, "note": file.note}


def _line(how: str, sign_in: SignIn, file: handed.HandedFile) -> JournalEntry:
    facts: dict[str, str | int] = {
        "how": how,
        "note": file.note,
        "account": handed.in_the_book(file.account),
        "tries": file.tries,
    }
    return JournalEntry("account", sign_in.clerk.staff_id, facts=facts)


def _must_be_good(path: Path, file: handed.HandedFile, now: datetime) -> None:
    """Refuse a file that is over, and remove it. RefusedError ``account.expired``."""
    if file.is_over(now):
        handed.remove(path)
        raise RefusedError("account.expired")

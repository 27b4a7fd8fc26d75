"""The device secret changed for another: a copy of the one before opens nothing that is written from now on."""

from collections.abc import Awaitable, Callable

from client.jobs.ports import JournalEntry
from offline.store import handed
from ui.carrying import must_be_officer
from ui.cli.at_the_book import Place, Secrets, at_the_book, must_be_open
from ui.cli.bundle_stores import Told


async def rotate(
    place: Place, officer: Callable[[], Secrets], leave: Callable[[bytes], Awaitable[None]]
) -> Told:
    """Change it, the cloud having the deposit under the new one and the book a line, both before. LinkDownError.

    Everybody else signs in on line once more before this PC opens for them off line; other accounts are handed it
    anew. RefusedError, SignInNeededError, StoreError: what was before still opens, and the verb can be given again.
    """
    must_be_open(place)
    vault = place.vault
    await vault.check_device()
    who = officer()
    unlocked = await vault.unlock(*who, now=place.now())
    async with at_the_book(place, unlocked, vault.identity.sign) as (stores, sign_in):
        must_be_officer(sign_in)
        others, accounts = len(vault.staff_here) - 1, vault.other_accounts
        await leave(await vault.begin_rotation(unlocked.keys))
        facts = {"staff": others, "accounts": accounts}
        await stores.ledger.record(JournalEntry("device_changed", sign_in.clerk.staff_id, facts=facts))
        handed.remove(place.folder / handed.FILE)  # its code is worth nothing any more
        await vault.rotate(who)
    return {"ok": True, "sign_in_on_line_again": others, "accounts_to_hand_it_to": accounts}

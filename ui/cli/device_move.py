"""The device secret moved to where the settings say: sealed by this PC's TPM, or back into the keyring as it is."""

from collections.abc import Callable

from client.config import DeviceKey
from client.jobs.ports import JournalEntry
from ui.carrying import must_be_officer
from ui.cli.at_the_book import Place, Secrets, at_the_book, must_be_open
from ui.cli.bundle_stores import Told


async def move(place: Place, to: DeviceKey, officer: Callable[[], Secrets]) -> Told:
    """Move it, and write it down before; where it lies there already it is written anew. RefusedError, SignInNeededError.

    The keyring has the one or the other at every moment, and the new one was seen to open. StoreError ``tpm.…`` where
    the TPM cannot be used: then nothing has changed.
    """
    must_be_open(place)
    vault = place.vault
    await vault.check_device()
    unlocked = await vault.unlock(*officer(), now=place.now())
    async with at_the_book(place, unlocked, vault.identity.sign) as (stores, sign_in):
        must_be_officer(sign_in)
        await stores.ledger.record(JournalEntry("device_key", sign_in.clerk.staff_id, facts={"to": to}))
        await vault.rekeep_device()
    return {"ok": True, "device_key": to}

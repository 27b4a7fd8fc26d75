"""One clerk's box taken out of the file of wraps: who has left, whose card was lost, whose password somebody knows."""

from collections.abc import Callable

from client.domain.errors import RefusedError
from client.jobs.ports import JournalEntry
from ui.carrying import must_be_officer
from ui.cli.at_the_book import Place, Secrets, at_the_book, must_be_open
from ui.cli.bundle_stores import Told


async def erase(place: Place, staff_id: str, officer: Callable[[], Secrets]) -> Told:
    """Write it down, then take it out: nothing of theirs opens this terminal off line any more. RefusedError.

    On line the cloud decides as before, and who is let in there has a box anew. An officer's own stays: nobody shuts
    themselves out. SignInNeededError, StoreError; RefusedError ``refused.input`` where there is none.
    """
    must_be_open(place)
    vault = place.vault
    unlocked = await vault.unlock(*officer(), now=place.now())
    async with at_the_book(place, unlocked, vault.identity.sign) as (stores, sign_in):
        must_be_officer(sign_in)
        if staff_id == sign_in.clerk.staff_id:
            raise RefusedError("refused.same_person")
        if staff_id not in vault.staff_here:
            raise RefusedError("refused.input", field="staff")
        await stores.ledger.record(
            JournalEntry("wrap_erased", sign_in.clerk.staff_id, facts={"staff": staff_id})
        )
        await vault.erase(staff_id)
    return {"ok": True, "erased": staff_id}

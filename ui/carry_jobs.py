"""What the replica's screen may ask for with a bundle: the same acts as on the command line, the counter going on."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from client.domain.bundle import Share, ShareLetter
from client.domain.clerk import SignIn
from client.domain.errors import RefusedError
from client.domain.feed import Position
from client.domain.terminal import TerminalFacts
from client.jobs.open_bundle import must_lead_on
from client.jobs.sync_replica import SyncReplica, position_of
from client.rules.bundles import spoken
from offline.store import escrow
from offline.store.bundle_file import BundleFile
from offline.store.files import read_whole
from offline.store.stores import FileStores
from ui.carrying import Here, must_be_officer, must_be_ours, take_in, write_refusal
from ui.screens.replica.carried import Carried
from ui.screens.replica.carry import CarryJobs, Looked, TakenIn


def carry_jobs(facts: TerminalFacts, environment: str, stores: FileStores, sync: SyncReplica) -> CarryJobs:
    """Join what an officer can have done with a bundle."""

    def here(who: SignIn) -> Here:
        must_be_officer(who)
        digest_key = stores.replica.digest_key()
        return Here(facts, environment, stores, digest_key, who.clerk.staff_id)

    async def look(path: Path, tell: Looked) -> Carried:
        file = await asyncio.to_thread(BundleFile, path)
        bundle = file.bundle
        await asyncio.to_thread(file.verify, on_the_loop(lambda count: tell(count, bundle.size)))
        stands, refused = await position_of(stores.replica), None
        try:
            must_be_ours(bundle, facts, environment)
            must_lead_on(bundle, stands)
        except RefusedError as error:
            refused = error
        return Carried(path, bundle, spoken(bundle), stands, refused)

    async def text(path: Path) -> str:
        content = await asyncio.to_thread(read_whole, path)
        return (content or b"").decode("utf-8", "replace")

    async def open_share(letter: ShareLetter, passphrase: str) -> Share:
        return await asyncio.to_thread(escrow.open_share, letter, passphrase)

    async def taken(who: SignIn, carried: Carried, shares: Sequence[Share], told: TakenIn) -> Position:
        file = await asyncio.to_thread(BundleFile, carried.path)
        if file.bundle != carried.bundle:  # another medium was put in meanwhile
            raise RefusedError("bundle.changed")
        async with sync.held():
            return await take_in(here(who), file, lambda _: shares, on_the_loop(told.bytes), told.proving)

    async def refused(who: SignIn, carried: Carried, error: RefusedError) -> None:
        await write_refusal(here(who), carried.bundle, error.code)

    town = (facts.municipality_code, facts.municipality_name)
    return CarryJobs(town, look, text, escrow.must_fit, open_share, taken, refused)


def on_the_loop(tell: Callable[[int], object]) -> Callable[[int], object]:
    """Return how a thread tells the screen."""
    loop = asyncio.get_running_loop()
    return lambda count: loop.call_soon_threadsafe(tell, count)

"""A bundle at this terminal: whether it is for it, and taking it in. The counter and the command line both do it here."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from client.domain.bundle import Bundle, Share
from client.domain.clerk import Right, SignIn
from client.domain.errors import RefusedError, StoreError
from client.domain.feed import Position
from client.domain.terminal import TerminalFacts
from client.jobs.open_bundle import OpenBundle, Opener, Town, must_lead_on
from client.jobs.ports import JournalEntry
from client.jobs.sync_replica import position_of
from client.rules.bundles import is_signed_by_town
from offline.store import escrow
from offline.store.bundle_file import BundleFile, Tell, nobody
from offline.store.bundle_rows import must_have_keys
from offline.store.stores import FileStores

Shares = Callable[[Bundle], Sequence[Share]]  # brings two officers' shares together


@dataclass(frozen=True, slots=True)
class Here:
    """A terminal whose stores are open, and who is at it."""

    facts: TerminalFacts
    environment: str
    stores: FileStores
    digest_key: bytes = field(repr=False)
    clerk: str


@dataclass(frozen=True, slots=True)
class Content:
    """A bundle's records, opened; fulfils open_bundle.Contents."""

    bundle: Bundle
    file: BundleFile
    key: bytes = field(repr=False)
    tell: Tell = nobody

    def records(self, name: str) -> Iterator[bytes]:
        """Yield a part's records."""
        return self.file.records(name, self.key, self.tell)


def must_be_officer(sign_in: SignIn) -> None:
    """Refuse a clerk who may not have a bundle opened. RefusedError ``refused.right_missing``."""
    if Right.OFFICER not in sign_in.clerk.rights:
        raise RefusedError("refused.right_missing", right=Right.OFFICER.value)


def must_be_ours(bundle: Bundle, facts: TerminalFacts, environment: str) -> None:
    """Refuse what is not for this terminal, or not by this town.

    RefusedError ``bundle.other_town``, ``bundle.other_environment``, ``bundle.unsigned``.
    """
    if bundle.municipality != facts.municipality_code:
        raise RefusedError("bundle.other_town", town=bundle.municipality)
    if bundle.environment != environment:
        raise RefusedError("bundle.other_environment")
    if not is_signed_by_town(bundle, (key.key for key in facts.feed_keys), facts.ca):
        raise RefusedError("bundle.unsigned")


async def take_in(
    here: Here,
    file: BundleFile,
    shares: Shares,
    tell: Tell = nobody,
    proving: Callable[[], object] = lambda: None,
) -> Position:
    """Take a bundle in with two officers' shares; what is refused leaves the replica as it was, and a line in the journal.

    Whoever brings the shares verifies the file before anybody is asked for one.
    """
    bundle, stores = file.bundle, here.stores
    try:
        must_be_ours(bundle, here.facts, here.environment)
        must_lead_on(bundle, await position_of(stores.replica))
        given = shares(bundle)
        content = Content(bundle, file, escrow.content_key_of(bundle, given), tell)
        town = Town(here.facts.feed_keys, here.digest_key)
        job = OpenBundle(
            stores.replica,
            stores.ledger,
            town,
            look=must_have_keys,
            keep=stores.shelf.put,
            proving=proving,
        )
        return await job(content, Opener(here.clerk, tuple(share.number for share in given)))
    except RefusedError as error:
        await write_refusal(here, bundle, error.code)
        raise
    except asyncio.CancelledError:
        with suppress(StoreError):  # a clerk who locks has the book closed meanwhile
            await write_refusal(here, bundle, "cancelled")
        raise


async def write_refusal(here: Here, bundle: Bundle, code: str) -> None:
    """Write down that a bundle was not opened, and why. StoreError."""
    facts = {"code": code, "bundle": bundle.bundle_id}
    await here.stores.ledger.record(JournalEntry("refusal", here.clerk, facts=facts))

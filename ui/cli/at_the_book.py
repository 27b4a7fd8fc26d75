"""A verb that opens this terminal's stores: where they are, and who is let in as the counter would let them in today."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from client.domain.clerk import SignIn
from client.domain.errors import CounterError, RefusedError, SignInNeededError, StoreError
from client.domain.keys import Unlocked
from client.domain.terminal import TerminalFacts
from client.jobs.ports import JournalEntry, Now
from client.jobs.tell_wraps import tell_wraps
from client.rules.sign_in import offline_error
from client.rules.staff_terms import within_terms, word_error
from offline.store.bundle_maker import Sign
from offline.store.files import InstanceLock
from offline.store.keys import Vault
from offline.store.order_file import OrderFile
from offline.store.stores import FileStores
from offline.store.wipe_file import WipeFile
from ui.cards import card_door
from ui.config_file import Loaded
from ui.doors import utc_now
from ui.vaults import vault_of

Secrets = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a terminal's files are, and of which environment."""

    folder: Path
    environment: str
    vault: Vault
    now: Now = field(repr=False)


@contextmanager
def alone_at(loaded: Loaded) -> Iterator[Place]:
    """Hold this terminal's files alone: no secret is asked for, tried or counted while another program has them.

    StoreError ``store.no_keys`` where this PC is no terminal, ``store.in_use``.
    """
    folder, environment = loaded.config.terminal_dir, loaded.config.environment
    if not folder.exists():
        raise StoreError("store.no_keys")
    with InstanceLock(folder / "lock"):
        vault = vault_of(loaded.config, card_door(loaded.config))
        if not vault.enrolled:
            raise StoreError("store.no_keys")
        yield Place(folder, environment, vault, utc_now)


def must_be_open(place: Place) -> TerminalFacts:
    """Refuse where the town shut this terminal, as far as it has heard, or a wipe is under way.

    SignInNeededError ``sign_in.shut``, StoreError ``store.being_wiped``, ``store.no_keys``.
    """
    facts, stand = place.vault.facts, OrderFile(place.folder).read()
    if facts is None:
        raise StoreError("store.no_keys")
    if WipeFile(place.folder).read() is not None or stand.to_be_erased:
        raise StoreError("store.being_wiped")
    if stand.shut:
        raise SignInNeededError("sign_in.shut")
    return facts


@asynccontextmanager
async def at_the_book(
    place: Place, unlocked: Unlocked, sign: Sign
) -> AsyncIterator[tuple[FileStores, SignIn]]:
    """Open the stores for one act of who was let in, as the register's rows have them today; a refusal is written down."""
    async with (
        stores_open(place, unlocked, sign) as stores,
        refusals_written(stores, unlocked.sign_in.clerk.staff_id),
    ):
        yield stores, await as_today(place, stores, unlocked.sign_in)


@asynccontextmanager
async def stores_open(place: Place, unlocked: Unlocked, sign: Sign) -> AsyncIterator[FileStores]:
    """Open the stores, and close them. StoreError."""
    facts = place.vault.facts
    if facts is None:
        raise StoreError("store.no_keys")
    stores = FileStores(place.folder, facts, place.now, sign, anchor=place.vault.anchor)
    await stores.open(unlocked.keys)
    try:
        await tell_wraps(stores.ledger, unlocked)
        yield stores
    finally:
        await stores.close()


@asynccontextmanager
async def refusals_written(stores: FileStores, staff_id: str) -> AsyncIterator[None]:
    """Write a line of the book for what is refused within."""
    try:
        yield
    except (RefusedError, SignInNeededError) as error:
        await stores.ledger.record(JournalEntry("refusal", staff_id, facts={"code": error.code}))
        raise


async def as_today(place: Place, stores: FileStores, sign_in: SignIn) -> SignIn:
    """Hold who was let in off line against the book's clock and the register's rows, as the counter does."""
    now = place.now()
    error: CounterError | None = offline_error(sign_in.lease, now, await stores.ledger.latest_time())
    if error := error or word_error(sign_in, now):
        raise error
    return await as_the_rows_say(stores, sign_in, now)


async def as_the_rows_say(stores: FileStores, sign_in: SignIn, now: datetime) -> SignIn:
    """Hold who was let in off line against the register's rows alone: a book that may be false is not asked for the time."""
    try:
        entry = await stores.replica.staff_of(sign_in.clerk.staff_id)
    except StoreError:  # no replica that can be trusted: the cloud's last word holds
        return sign_in
    kept = within_terms(sign_in, entry, now)
    if isinstance(kept, CounterError):
        raise kept
    return kept

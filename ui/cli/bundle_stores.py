"""The acts of ``madoguchi bundle`` that open this terminal's stores: an officer signs in, and the counter is closed."""

import argparse
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from client.domain.bundle import Bundle, EscrowCard, Share, ShareLetter
from client.domain.errors import RefusedError
from client.domain.feed import Feed
from client.domain.keys import Unlocked
from client.domain.terminal import TerminalFacts
from client.jobs.ports import JournalEntry, Now
from client.rules.bundles import read_card, spoken
from client.rules.share_text import LINES, letter_of, read_line, read_share
from offline.store import escrow
from offline.store.bundle_file import BundleFile, Tell, nobody
from offline.store.bundle_maker import BundleMaker, Sign
from offline.store.files import read_whole, write_whole
from offline.store.stores import FileStores
from ui import carrying
from ui.carrying import Here, Shares, must_be_officer
from ui.cli.asking import Asking
from ui.cli.at_the_book import Place, Secrets, alone_at, as_today, must_be_open, refusals_written, stores_open
from ui.cli.pace import Pace
from ui.config_file import Loaded
from ui.text import Words

CARD = "escrow.json"
_TRIES = 3  # at a passphrase
Told = dict[str, object]


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal whose stores a clerk opened."""

    folder: Path
    environment: str
    facts: TerminalFacts
    sign: Sign = field(repr=False)
    stores: FileStores
    unlocked: Unlocked = field(repr=False)
    now: Now = field(repr=False)

    @property
    def clerk(self) -> str:
        """Return who signed in."""
        return self.unlocked.sign_in.clerk.staff_id

    @property
    def here(self) -> Here:
        """Return what a bundle is taken in with."""
        return Here(self.facts, self.environment, self.stores, self.unlocked.keys.digest, self.clerk)


@asynccontextmanager
async def opened(place: Place, secrets: Secrets) -> AsyncIterator[Terminal]:
    """Open the stores with an officer's secrets. SignInNeededError, StoreError, RefusedError ``refused.right_missing``."""
    facts, vault = must_be_open(place), place.vault
    unlocked = await vault.unlock(*secrets, now=place.now())
    sign = vault.identity.sign
    async with stores_open(place, unlocked, sign) as stores:
        async with refusals_written(stores, unlocked.sign_in.clerk.staff_id):
            must_be_officer(await as_today(place, stores, unlocked.sign_in))
        yield Terminal(place.folder, place.environment, facts, sign, stores, unlocked, place.now)


async def take_in(terminal: Terminal, file: BundleFile, shares: Shares, tell: Tell = nobody) -> Told:
    """Take a bundle in, and say where the replica is now."""
    reached = await carrying.take_in(terminal.here, file, shares, tell)
    return {
        "ok": True,
        "bundle": file.bundle.bundle_id,
        "blocks_version": reached.blocks and reached.blocks.version,
        "register_version": reached.register and reached.register.version,
        "as_of": reached.register and reached.register.at.isoformat(),
    }


async def write_out(terminal: Terminal, path: Path, wanted: argparse.Namespace, tell: Tell = nobody) -> Told:
    """Write a bundle and a line in the journal."""
    card = card_for(terminal, wanted.escrow)
    maker = BundleMaker(terminal.facts, terminal.environment, card, terminal.sign, terminal.now)
    stores = terminal.stores
    if wanted.whole:
        bundle = await maker.whole(path, stores.replica, stores.shelf, tell)
    else:
        asked = {Feed.REGISTER: wanted.since, Feed.BLOCKS: wanted.blocks_since}
        since = {
            feed: await stores.shelf.earliest(feed) if version is None else version
            for feed, version in asked.items()
        }
        bundle = await maker.delta(path, stores.shelf, since)
    line = {f"{feed.value}_version": span.to for feed, span in bundle.spans.items()}
    facts = {"bundle": bundle.bundle_id, "bundle_kind": bundle.kind.value, "bundle_made": 1, **line}
    await stores.ledger.record(JournalEntry("sync", terminal.clerk, facts=facts))
    told = {"bundle": bundle.bundle_id, "kind": bundle.kind.value, **line, "bytes": bundle.size}
    told["hash"] = spoken(bundle)
    return {"ok": True, **told}


def card_for(terminal: Terminal, given: Path | None) -> EscrowCard:
    """Return the town's escrow, kept here since it was first given. RefusedError ``bundle.card``."""
    kept = terminal.folder / CARD
    content = read_whole(given or kept)
    if content is None:
        raise RefusedError("bundle.card")
    card = read_card(content, [key.key for key in terminal.facts.feed_keys])
    if card.municipality != terminal.facts.municipality_code:
        raise RefusedError("bundle.card")
    if given:
        write_whole(kept, content)
    return card


async def open_asked(loaded: Loaded, asked: argparse.Namespace) -> Told:
    """Do ``madoguchi bundle open``."""
    words, asking = Words(loaded.config.language, loaded.config.help_contact), Asking()
    officers = Officers(asking, words, asked.share)
    with alone_at(loaded) as place:
        file = BundleFile(asked.file)
        verifying = Pace(words, "carry.verifying", file.bundle.size)
        opening = Pace(words, "carry.opening", file.bundle.size)

        def verified(bundle: Bundle) -> Sequence[Share]:
            file.verify(verifying.told)
            verifying.end()
            return officers.shares(bundle)

        async with opened(place, asking.clerk()) as terminal:
            told = await take_in(terminal, file, verified, opening.told)
    opening.end()
    return told


async def make_asked(loaded: Loaded, asked: argparse.Namespace) -> Told:
    """Do ``madoguchi bundle make``."""
    with alone_at(loaded) as place:
        async with opened(place, Asking().clerk()) as terminal:
            pace = Pace(Words(loaded.config.language, loaded.config.help_contact), "carry.writing", 0)
            told = await write_out(terminal, asked.file, asked, pace.told)
            pace.end()
            return told


class Officers:
    """Asks two officers, one after the other, for their shares and passphrases."""

    def __init__(self, asking: Asking, words: Words, files: Sequence[Path]) -> None:
        self._asking = asking
        self._words = words
        self._files = list(files)

    def shares(self, bundle: Bundle) -> Sequence[Share]:
        """Return two shares that fit the bundle. RefusedError ``bundle.share``, ``bundle.passphrase`` and others."""
        letters: list[ShareLetter] = []
        for officer in (1, 2):
            letters.append(self._letter(officer))
            escrow.must_fit(letters, bundle)
        return [self._opened(officer, letter) for officer, letter in enumerate(letters, 1)]

    def _letter(self, officer: int) -> ShareLetter:
        if self._files:
            return read_share(_text(self._files.pop(0)))
        named = self._asking.ask(self._words("carry.ask_share", officer=officer))
        return read_share(_text(Path(named))) if named else self._typed()

    def _typed(self) -> ShareLetter:
        return letter_of(b"".join(self._line(number) for number in range(1, LINES + 1)))

    def _line(self, number: int) -> bytes:
        while True:
            try:
                return read_line(number, self._asking.ask(self._words("carry.ask_line", line=number)))
            except RefusedError as error:
                if not self._asking.is_person:
                    raise
                print(self._words.error(error.code, error.facts).what)

    def _opened(self, officer: int, letter: ShareLetter) -> Share:
        for left in reversed(range(_TRIES if self._asking.is_person else 1)):
            asked = self._asking.secret(
                self._words("carry.ask_passphrase", officer=officer, number=letter.number)
            )
            try:
                return escrow.open_share(letter, asked)
            except RefusedError as error:
                if not left:
                    raise
                print(self._words.error(error.code, error.facts).what)
        raise RefusedError("bundle.passphrase")


def _text(path: Path) -> str:
    content = read_whole(path)
    if content is None:
        raise RefusedError("bundle.share", line=1)
    return content.decode("utf-8", "replace")

"""Config → doors: the way to the cloud, the keys, the files, the printer. Both faces open them here."""

import asyncio
import secrets
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from client import logs
from client.api.attachments import AttachmentBox
from client.api.carried import SealedBox
from client.api.enrolment import EnrolmentDesk, RenewalDesk
from client.api.http import Http
from client.api.neighbours import NeighbourHttp
from client.api.upkeep import UpkeepDesk
from client.config import Config
from client.domain.erasure import WipeStep
from client.domain.errors import CounterError, LinkDownError, StoreError
from client.domain.terminal import TerminalFacts
from client.jobs.enrol import Enrol
from client.jobs.hand_over_unsent import HandOverUnsent
from client.jobs.renew_certificate import RenewCertificate
from client.jobs.wipe_terminal import WipeTerminal
from client.rules.peers import OwnTown, revoked_serials
from offline.factors.card import CardDoor
from offline.hall.tls import calling
from offline.store.erasure import TerminalOnDisk, forget_erased, forget_wipe
from offline.store.files import check_room
from offline.store.freed import overwrite_freed
from offline.store.identity import TerminalIdentity
from offline.store.keys import Vault
from offline.store.peer_file import PeerFile
from offline.store.stores import FileStores
from offline.store.unsent_files import FolderUnsent
from offline.store.wipe_file import WipeFile
from printing.desk.press import DrawingPress, FilePress, IppPress, NoPress
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from ui.cards import card_door
from ui.routes import more_routes
from ui.text import Words
from ui.vaults import vault_of
from ui.watched_press import WatchedPress

_RENEW_WAIT = 6.0  # seconds a start may wait for it, once in years
_ENROL_AGAIN = 5.0  # seconds between tries to leave the deposit at a cloud that does not answer


def utc_now() -> datetime:
    """Return the time; every part below is handed this."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Doors:
    """What leads outside."""

    http: Http
    vault: Vault
    facts: TerminalFacts
    stores: FileStores
    press: WatchedPress
    hall: NeighbourHttp | None = None  # the hall server of this house, where it has one
    card: CardDoor | None = None  # where the town asks for cards

    @property
    def facts_now(self) -> TerminalFacts:
        """Return the facts with the certificate that was last renewed."""
        return self.vault.facts or self.facts


async def open_doors(
    stack: AsyncExitStack, config: Config, *, enrolling: Callable[[], None] = lambda: None
) -> Doors:
    """Open everything that leads outside; the stack closes it in turn. Enrols first where a token is set."""
    folder = config.terminal_dir
    chain = await asyncio.to_thread(lambda: FontChain(find_fonts()))
    card = card_door(config)
    if card is not None:
        stack.callback(card.close)
    vault = vault_of(config, card)
    await finish_wipe(config, vault)
    http = http_of(config, vault.facts)
    stack.push_async_callback(http.close)
    facts = vault.facts
    if facts is None or not vault.enrolled:
        enrolling()
        facts = await _enrol(config, vault, http)
    http.identity = identity = await asyncio.to_thread(
        lambda: vault.identity
    )  # the keyring answers over a bus
    facts = await _renewed(config, vault, http, facts)
    if config.client_certificate == "memfd":
        await http.present(partial(identity.show_in, certificate=facts.certificate))
    press = WatchedPress(partial(press_of, config, chain), Words(config.language, config.help_contact))
    stack.callback(press.close)
    stores = FileStores(folder, facts, utc_now, identity.sign, anchor=vault.anchor, forgotten=overwrite_freed)
    hall = None
    if config.hall_url:
        hall = neighbour_http(
            config.neighbour_addresses[0], identity, lambda: vault.facts or facts, PeerFile(folder)
        )
        stack.push_async_callback(hall.close)
    return Doors(http, vault, facts, stores, press, hall, card)


def neighbour_http(
    address: str, identity: TerminalIdentity, facts: Callable[[], TerminalFacts], peer: PeerFile
) -> NeighbourHttp:
    """Return the way to a neighbour, the hall server among them; each connection shows the certificate of its moment."""

    def trust() -> ssl.SSLContext:
        return calling(identity, facts().certificate, facts().ca)

    return NeighbourHttp(address, trust, lambda: own_town(facts(), peer), peer.read, now=utc_now)


def own_town(facts: TerminalFacts, peer: PeerFile) -> OwnTown:
    """Return what neighbours are held against."""
    papers = peer.read()
    revoked = revoked_serials(papers.crl, facts.ca) if papers else frozenset()
    return OwnTown(facts.municipality_code, facts.feed_keys, facts.ca, revoked)


async def enrolled_terminal(config: Config) -> TerminalFacts:
    """Return this terminal's facts, enrolled now with the token of the settings where it was not yet."""
    vault = vault_of(config)
    await finish_wipe(config, vault)
    if vault.facts is not None and vault.enrolled:
        return vault.facts
    http = http_of(config, None)
    try:
        return await _enrol(config, vault, http)
    finally:
        await http.close()


def wipe_of(config: Config, vault: Vault, facts: TerminalFacts, http: Http) -> WipeTerminal:
    """Return the job that wipes this terminal; no store may be open while it goes on."""
    folder = config.terminal_dir
    unsent = FolderUnsent(folder, facts, utc_now)
    box = SealedBox(http)
    return WipeTerminal(
        WipeFile(folder),
        TerminalOnDisk(folder, vault, facts, utc_now),
        HandOverUnsent(box, AttachmentBox(http), unsent),
        box,
        UpkeepDesk(http, facts),
        now=utc_now,
    )


async def finish_wipe(config: Config, vault: Vault) -> None:
    """Go on with a wipe that had begun to erase, before anything else is opened. StoreError ``store.wiped``, LinkDownError.

    One that is still handing over needs nothing here: the counter comes up locked, and goes on by itself.
    """
    await forget_erased(config.terminal_dir, vault)
    wipe = WipeFile(config.terminal_dir).read()
    if wipe is None or wipe.step is WipeStep.HANDING_OVER:
        return
    facts = vault.facts
    if facts is None:  # all that was left is to forget that there was a wipe
        forget_wipe(config.terminal_dir)
        return
    http = http_of(config, facts)
    try:
        with suppress(
            StoreError
        ):  # it went last of all; then the certificate is kept, and nothing more is sent
            http.identity = await asyncio.to_thread(lambda: vault.identity)
        await wipe_of(config, vault, facts, http).go_on()
    finally:
        await http.close()
    raise StoreError("store.wiped")


def http_of(config: Config, facts: TerminalFacts | None) -> Http:
    """Return the way to the cloud; the settings' address counts before the one of the enrolment."""
    url = config.cloud_url or (facts.cloud_url if facts else "")
    if not url:
        raise StoreError("store.no_keys")
    return Http(
        url,
        None,
        now=utc_now,
        ca_file=config.ca_file or None,
        proxy=config.proxy or None,
        more=more_routes(config, url),
    )


def press_of(config: Config, chain: FontChain, heard: Callable[[str], None]) -> DrawingPress:
    """Return the press of the settings: a printer, a folder, or one that says that none is set."""
    if not config.printer_uri:
        return NoPress(chain, config.printer_name)
    if config.printer_uri.startswith("file:"):
        folder = config.terminal_dir / config.printer_uri.removeprefix("file:")
        return FilePress(chain, folder, config.printer_name)
    return IppPress(chain, config.printer_uri, config.printer_name, notice=heard)


async def _renewed(config: Config, vault: Vault, http: Http, facts: TerminalFacts) -> TerminalFacts:
    """Renew the certificate where it is time, before anything shows it; no line, or a no, is for the next start."""
    job = RenewCertificate(RenewalDesk(http), vault, now=utc_now)
    try:
        async with asyncio.timeout(_RENEW_WAIT):
            renewed = await job(facts)
    except (CounterError, TimeoutError) as error:
        told = logs.facts_of(error) if isinstance(error, CounterError) else {"code": "timeout"}
        logs.logger().warning("certificate not renewed", **told)
        return facts
    if renewed != facts:
        PeerFile(
            config.terminal_dir
        ).forget()  # the lease was for the certificate before: fetched anew at once
        logs.logger().info("certificate renewed")
    return renewed


async def _enrol(config: Config, vault: Vault, http: Http) -> TerminalFacts:
    token = await asyncio.to_thread(token_of, config)
    await asyncio.to_thread(check_room, config.terminal_dir)  # before the token is spent
    await vault.check_device()
    job = Enrol(EnrolmentDesk(http), vault, random=secrets.token_bytes)
    while True:
        try:
            return await job(token, config.terminal_name, config.cloud_url)
        except LinkDownError as error:
            if not vault.enrolled:
                raise LinkDownError("link.first_contact", cause=error.code) from error
            await asyncio.sleep(_ENROL_AGAIN)  # the keys are made: only the deposit is still to be left


def token_of(config: Config) -> str:
    """Return the one-time token of the settings. StoreError ``store.no_keys`` where there is none."""
    if not config.enrolment_token_file:
        raise StoreError("store.no_keys")
    try:
        return Path(config.enrolment_token_file).read_text("utf-8").strip()
    except OSError as error:
        raise StoreError("store.no_keys") from error

"""Sign-in on line with an IC card: the card signs the cloud's challenge, and takes part in the clerk's keys from then on."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from client.api.auth import Sessions
from client.api.enrolment import EnrolmentDesk
from client.domain.clerk import HowSignedIn
from client.domain.errors import SignInNeededError
from client.domain.factor import FactorAnswer
from client.jobs.log_in import LogIn
from offline.factors.card import CardFactor
from offline.store.keys import Vault
from tests.api.small_cloud import PASSWORD, SmallCloud, small_cloud
from tests.fakes import MemoryLedger, MemoryLink, MemoryStores
from tests.offline.card_builders import PIN, Card, Reader
from tests.store_builders import CHEAP, MemoryKeyring, facts, store_keys

pytestmark = pytest.mark.asyncio


class Desk:
    """A counter with a card reader, a real vault, and a town that enrolled the clerk's card."""

    def __init__(self, cloud: SmallCloud, folder: Path) -> None:
        self.cloud = cloud
        self.reader = Reader(folder / "reader")
        self.card: Card = self.reader.card("s001")
        door = self.reader.door()
        ring = MemoryKeyring()
        self.vault = Vault(
            folder / "files", "training", backend=ring, account="hall", cost=CHEAP, floor_kib=256, card=door
        )
        sessions = Sessions(cloud.http, now=cloud.clock, factor=CardFactor(door))
        self.ledger, self.link, self.stores = MemoryLedger(cloud.clock), MemoryLink(), MemoryStores()
        self.log_in = LogIn(
            sessions, self.vault, self.stores, self.ledger, self.link, now=cloud.clock, wait=30.0
        )
        cloud.tenant.personnel.set_factor("s001", "card", self.card.public(), done_by="o001")

    async def opened(self) -> "Desk":
        await self.cloud.enrol()
        await self.vault.make_identity()
        deposit = await self.vault.found(facts(), store_keys())
        await EnrolmentDesk(self.cloud.http).leave(deposit, self.cloud.identity)
        return self

    async def enter(self, pin: str = PIN, password: str = PASSWORD) -> HowSignedIn:
        """Sign in and out again."""
        how = (await self.log_in("s001", password, pin)).how
        await self.log_in.sign_out()
        return how

    @property
    def written(self) -> list[dict[str, str | int]]:
        return [dict(line.facts) for line in self.ledger.journal]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_cloud(tmp_path / "cloud") as cloud:
        made = Desk(cloud, tmp_path)
        yield made
        made.reader.close()


async def test_the_first_sign_in_on_line_binds_the_keys_to_the_card_that_was_shown(desk: Desk) -> None:
    await desk.opened()
    assert await desk.enter() is HowSignedIn.ONLINE
    desk.link.usable = False
    assert await desk.enter() is HowSignedIn.OFFLINE
    desk.reader.pull(desk.card)
    with pytest.raises(SignInNeededError, match=r"card\.absent"):
        await desk.enter()


async def test_a_card_the_town_did_not_give_this_person_lets_nobody_in(desk: Desk) -> None:
    await desk.opened()
    desk.reader.pull(desk.card)
    desk.reader.card("somebody else's")
    with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
        await desk.enter()
    assert desk.stores.keys is None


async def test_wrong_pins_on_line_are_in_the_book_as_failed_sign_ins(desk: Desk) -> None:
    await desk.opened()
    await desk.enter()
    for _ in range(2):
        with pytest.raises(SignInNeededError, match=r"card\.wrong_pin"):
            await desk.enter("0000")
    await desk.enter()
    assert {"how": "failed", "tries": 2} in desk.written
    await desk.enter()
    assert sum(facts["how"] == "failed" for facts in desk.written) == 1


async def test_wrong_pins_off_line_are_in_the_book_as_failed_sign_ins(desk: Desk) -> None:
    await desk.opened()
    await desk.enter()
    desk.link.usable = False
    with pytest.raises(SignInNeededError, match=r"card\.wrong_pin"):
        await desk.enter("0000")
    desk.link.usable = True
    await desk.enter()
    assert {"how": "failed", "tries": 1} in desk.written


async def test_a_signature_over_anything_but_the_challenge_is_refused(desk: Desk) -> None:
    await desk.opened()
    sign = desk.card.key.sign

    class Liar:
        kind = "card"

        async def answer(self, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
            data = challenge["nonce"] if pin == "bare" else "another"
            signature = sign(str(data).encode(), padding.PKCS1v15(), SHA256())
            return FactorAnswer({"signature": b64encode(signature).decode()} if pin != "odd" else ["odd"])

    sessions = Sessions(desk.cloud.http, now=desk.cloud.clock, factor=Liar())
    for pin in ("bare", "other", "odd"):
        with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
            await sessions.sign_in("s001", PASSWORD, pin)

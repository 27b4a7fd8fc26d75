"""一時解除 with IC cards and one reader: the real reference cloud, the real keys of this PC, cards that change places."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from client.api.auth import Sessions
from client.api.enrolment import EnrolmentDesk
from client.domain.clerk import SignIn
from client.domain.errors import SignInNeededError
from client.domain.release import Release, Secrets
from client.jobs.check_person import CheckPerson
from client.jobs.release_issue import ReleaseIssue
from client.rules.other_side import Asking
from cloud.staff import NewStaff
from offline.factors.card import CardDoor, CardFactor
from offline.store.keys import Vault
from tests.api.small_cloud import PASSWORD, SEED, SmallCloud, small_cloud
from tests.fakes import counted_random
from tests.jobs.test_release_issue import Counter, a_paper
from tests.offline.card_builders import PIN, Card, Reader
from tests.store_builders import CHEAP, MemoryKeyring, facts, store_keys

pytestmark = pytest.mark.asyncio
REASON = "本人と面談し確認"


@dataclass
class Desk:
    """A counter of a town with cards: s001 issues, s002 releases, s009 stands by; one reader for all of them."""

    cloud: SmallCloud
    reader: Reader
    vault: Vault
    door: CardDoor
    cards: dict[str, Card] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    brings: bool = True  # whoever is asked for a card brings it

    def __post_init__(self) -> None:
        self.counter = Counter()
        self.link = self.counter.link
        sessions = Sessions(self.cloud.http, now=self.cloud.clock, factor=CardFactor(self.door))
        self.sessions = sessions
        check = CheckPerson(
            sessions, self.vault, self.counter.ledger, self.link, now=self.cloud.clock, wait=20.0
        )
        self.release = ReleaseIssue(
            check,
            self.counter.issue,
            self.counter.ledger,
            now=self.cloud.clock,
            random=counted_random(),
            last=timedelta(minutes=10),
        )
        self.release.card_wanted = self.swap

    def swap(self, staff_id: str) -> bool:
        """Put the card of whoever is asked for in the place of the one that is in."""
        self.asked.append(staff_id)
        if self.brings:
            self.put(staff_id)
        return self.brings

    def put(self, staff_id: str) -> None:
        for one in self.cards.values():
            if one.folder.parent.name == "in":
                self.reader.pull(one)
        self.reader.put(self.cards[staff_id])

    async def enter(self, staff_id: str) -> SignIn:
        """Sign somebody in on line, so that this PC has what opens for them off line."""
        self.put(staff_id)
        cloud = await self.sessions.sign_in(staff_id, PASSWORD, PIN)
        await self.vault.admit(cloud, PASSWORD, now=self.cloud.clock())
        return cloud.sign_in

    async def ask(self, second: str = "") -> Release:
        beside = Secrets(second, PASSWORD, PIN) if second else None
        officer = Secrets("s002", PASSWORD, PIN)
        return await self.release(self.clerk, a_paper(), officer, REASON, Asking("渡邉　花子"), second=beside)

    async def opened(self) -> "Desk":
        officer = NewStaff("s002", "髙島　健一", "市民課", ("officer", "shien_sochi"), PASSWORD, SEED)
        self.cloud.tenant.personnel.add(officer, done_by="o001")
        for staff_id in ("s001", "s002", "s009"):
            card = self.cards[staff_id] = self.reader.card(staff_id)
            self.cloud.tenant.personnel.set_factor(staff_id, "card", card.public(), done_by="o001")
            self.reader.pull(card)
        for staff_id in ("s009", "s002", "s001"):
            self.clerk = await self.enter(staff_id)
        taken = self.door.used_last
        self.door.occupied = lambda: taken
        return self


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "reader")
    yield made
    made.close()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path / "cloud") as made:
        yield made


async def a_desk(cloud: SmallCloud, reader: Reader, folder: Path) -> Desk:
    door = reader.door()
    vault = Vault(
        folder, "training", backend=MemoryKeyring(), account="hall", cost=CHEAP, floor_kib=256, card=door
    )
    await cloud.enrol()
    await vault.make_identity()
    deposit = await vault.found(facts(), store_keys())
    await EnrolmentDesk(cloud.http).leave(deposit, cloud.identity)
    return await Desk(cloud, reader, vault, door).opened()


async def test_on_line_the_officers_card_takes_the_place_of_the_clerks_which_is_shown_no_pin(
    cloud: SmallCloud, reader: Reader, tmp_path: Path
) -> None:
    desk = await a_desk(cloud, reader, tmp_path / "files")
    before = reader.logins
    release = await desk.ask()
    assert (release.officer, release.second, release.offline) == ("s002", "s001", False)
    assert desk.asked == ["s002"]
    assert reader.logins == before + 1
    assert "release" in desk.counter.written()


async def test_off_line_two_give_their_word_one_after_the_other_at_one_reader(
    cloud: SmallCloud, reader: Reader, tmp_path: Path
) -> None:
    desk = await a_desk(cloud, reader, tmp_path / "files")
    desk.counter.cut()
    before = reader.logins
    release = await desk.ask(second="s009")
    assert (release.officer, release.second, release.offline) == ("s002", "s009", True)
    assert desk.asked == ["s002", "s009"]
    assert reader.logins == before + 2  # one each, shown to the card of its person


async def test_a_card_nobody_brings_releases_nothing_and_is_told_once(
    cloud: SmallCloud, reader: Reader, tmp_path: Path
) -> None:
    desk = await a_desk(cloud, reader, tmp_path / "files")
    desk.brings = False
    before = reader.logins
    for cut in (False, True):
        if cut:
            desk.counter.cut()
        with pytest.raises(SignInNeededError, match=r"card\.other"):
            await desk.ask(second="s009")
    assert reader.logins == before
    assert desk.counter.written() == ["sign_in", "sign_in"]


async def test_a_card_taken_away_at_the_cloud_releases_nothing_on_line(
    cloud: SmallCloud, reader: Reader, tmp_path: Path
) -> None:
    desk = await a_desk(cloud, reader, tmp_path / "files")
    cloud.tenant.personnel.remove_factor("s002", "card", done_by="o001")
    with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
        await desk.ask()
    assert "release" not in desk.counter.written()

"""P12: a card, key, code or password taken away at the cloud opens nothing off line either, from the next sync on."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from client.domain.clerk import Clerk, CloudSignIn, HowSignedIn, Lease, Right, SignIn
from client.domain.errors import SignInNeededError
from client.domain.release import Secrets
from client.jobs.check_person import CheckPerson
from offline.store.wrap_keeper import clerk_of
from offline.store.wraps import ClerkNote
from tests.builders import NOW
from tests.fakes import MemoryLink
from tests.promises.two_persons import CLERK, OFFICER, PASSWORD, Desk, NoCloud, a_desk, grant, member
from tests.store_builders import a_step

pytestmark = pytest.mark.asyncio
WHO = "s021"
GIVEN = NOW - timedelta(days=2)


async def a_terminal(folder: Path, since: datetime | None, *, kept: datetime | None) -> Desk:
    """Return a terminal whose replica says one moment, and whose wrap was written at a sign-in that said another."""
    said = {} if since is None else {"secrets_since": since.isoformat().replace("+00:00", "Z")}
    desk = await a_desk(
        folder, ("staff_member", member(WHO, **said)), ("right_grant", grant(WHO, Right.VIEW))
    )
    clerk = Clerk(WHO, "職員", "市民課", frozenset({Right.VIEW}), secrets_since=kept)
    made = SignIn(clerk, Lease(desk.now + timedelta(days=7)), HowSignedIn.ONLINE, desk.now, "token")
    desk.seeds[WHO] = seed = WHO.encode() * 5
    await desk.vault.admit(CloudSignIn(made, seed, a_step(), desk.deposit), PASSWORD, now=desk.now)
    return desk


@pytest.mark.parametrize("kept", [None, GIVEN - timedelta(microseconds=1)])
async def test_what_the_pc_kept_from_before_lets_nobody_in_and_the_book_has_it(
    tmp_path: Path, kept: datetime | None
) -> None:
    desk = await a_terminal(tmp_path, GIVEN, kept=kept)
    for _ in range(2):
        with pytest.raises(SignInNeededError, match=r"sign_in\.secrets_void"):
            await desk.sign_in(WHO)
    assert desk.log_in.present is None
    assert (await desk.book("refusal"))[-1].facts["code"] == "sign_in.secrets_void"


async def test_nor_does_it_speak_for_anybody_else(tmp_path: Path) -> None:
    desk = await a_terminal(tmp_path, GIVEN, kept=None)
    with pytest.raises(SignInNeededError, match=r"sign_in\.secrets_void"):
        await desk.word(WHO)


async def test_nor_does_it_release_beside_a_clerk(tmp_path: Path) -> None:
    desk = await a_terminal(tmp_path, GIVEN, kept=None)
    clerk, link = await desk.sign_in(CLERK), MemoryLink(usable=False)
    check = CheckPerson(
        NoCloud(),
        desk.vault,
        desk.stores.ledger,
        link,
        now=lambda: desk.now,
        within_terms=desk.log_in.within_terms,
    )
    with pytest.raises(SignInNeededError, match=r"sign_in\.secrets_void"):
        await check(clerk, Secrets(WHO, PASSWORD, desk.code(WHO)))
    person = await check(clerk, Secrets(OFFICER, PASSWORD, desk.code(OFFICER)))
    assert person.clerk.staff_id == OFFICER


async def test_the_next_sign_in_on_line_makes_it_good_again_whatever_the_clocks_say(tmp_path: Path) -> None:
    ahead = NOW + timedelta(days=1)  # the cloud's clock, far before this PC's
    desk = await a_terminal(tmp_path, ahead, kept=ahead)
    assert (await desk.sign_in(WHO)).clerk.staff_id == WHO


async def test_until_the_replica_hears_of_it_the_last_word_of_the_cloud_holds(tmp_path: Path) -> None:
    desk = await a_terminal(tmp_path, None, kept=None)
    assert (await desk.sign_in(WHO)).clerk.staff_id == WHO


async def test_whom_two_let_in_after_it_stays_in(tmp_path: Path) -> None:
    desk = await a_terminal(tmp_path, GIVEN, kept=None)
    words = await desk.word(OFFICER), await desk.word(CLERK)
    shown = desk.newcomer(WHO)
    made = await desk.let_in(*words, shown)
    assert made.clerk.secrets_since == GIVEN
    desk.seeds[WHO] = shown.seed
    assert (await desk.sign_in(WHO, shown.password)).clerk.staff_id == WHO


async def test_a_wrap_of_an_earlier_version_is_read_and_is_of_no_moment() -> None:
    old = msgspec.structs.asdict(ClerkNote("s001", "職員", "市民課", ("view",)))
    del old["secrets_since"]
    note = msgspec.msgpack.decode(msgspec.msgpack.encode(old), type=ClerkNote)
    assert clerk_of(note).secrets_since is None

"""P10, P12: an officer erases what opens this terminal for one clerk; nobody else notices, and the book has it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from client.domain.errors import CounterError
from offline.store.keys import Vault
from tests.promises.two_persons import CLERK, OFFICER, PASSWORD, Desk, a_desk
from tests.store_builders import CHEAP, MemoryKeyring
from ui.cli.at_the_book import Place
from ui.cli.wrap_erase import erase

pytestmark = pytest.mark.asyncio


@dataclass
class Pc:
    """A PC at which two clerks have signed in."""

    desk: Desk
    folder: Path
    ring: MemoryKeyring

    @property
    def place(self) -> Place:
        vault = Vault(self.folder, "training", backend=self.ring, cost=CHEAP, floor_kib=256)
        return Place(self.folder, "training", vault, lambda: self.desk.now)

    async def erase(self, whose: str, staff_id: str = OFFICER, password: str = PASSWORD) -> str:
        """Erase it, and return why not, or "erased"."""
        try:
            await erase(self.place, whose, lambda: (staff_id, password, self.desk.code(staff_id)))
        except CounterError as error:
            return error.code
        return "erased"

    async def opens(self, staff_id: str) -> str:
        code = self.desk.code(staff_id)
        try:
            await self.place.vault.unlock(staff_id, PASSWORD, code, now=self.desk.now)
        except CounterError as error:
            return error.code
        return "in"


async def a_pc(tmp_path: Path) -> Pc:
    folder, ring = tmp_path / "data", MemoryKeyring()
    return Pc(await a_desk(folder, ring=ring), folder, ring)


async def test_what_a_clerk_opened_is_closed_to_them_and_to_nobody_else_and_the_book_says_who_did_it(
    tmp_path: Path,
) -> None:
    pc = await a_pc(tmp_path)
    before = (pc.folder / "wraps.json").read_bytes()
    assert await pc.opens(CLERK) == "in"
    assert await pc.erase(CLERK) == "erased"
    assert await pc.opens(CLERK) == "sign_in.unknown_here"
    assert await pc.opens(OFFICER) == "in"
    lines = await pc.desk.book("wrap_erased")
    assert [(line.actor, line.facts) for line in lines] == [(OFFICER, {"staff": CLERK})]
    for copy in pc.folder.glob("wraps*"):
        copy.write_bytes(before)
    assert await pc.opens(CLERK) == "store.wraps_behind", "the file of before brings nobody back"


async def test_only_an_officer_with_the_secrets_erases_and_never_their_own(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path)
    assert await pc.erase(OFFICER, CLERK) == "refused.right_missing"
    assert await pc.erase(CLERK, OFFICER, "another password") == "sign_in.wrong_secret"
    assert await pc.erase(OFFICER) == "refused.same_person"
    assert await pc.erase("s999") == "refused.input"
    assert await pc.desk.book("wrap_erased") == []
    assert await pc.opens(CLERK) == "in"

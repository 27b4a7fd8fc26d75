"""P10, P12: an officer changes the device secret for another; the one before opens nothing new, and a kill loses nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from client.domain.clerk import Clerk, CloudSignIn, HowSignedIn, Lease, Right, SignIn
from client.domain.errors import CounterError, LinkDownError, StoreError
from offline.store import files, handed, wrap_file, wraps
from offline.store.keys import Vault, place_of
from tests.promises.two_persons import CLERK, OFFICER, PASSWORD, Desk, a_desk
from tests.store_builders import CHEAP, MemoryKeyring, a_step, facts, store_keys
from ui.cli.at_the_book import Place
from ui.cli.device_rotate import rotate

pytestmark = pytest.mark.asyncio

DEVICE = ("madoguchi", "training/992011/0007/device")
NEXT = ("madoguchi", "training/992011/0007/device.next")


class KilledError(Exception):
    """The program ends here."""


class Ring(MemoryKeyring):
    """A keyring of a program that is killed before one of its words to it, or to the disk."""

    left = 10**6

    def step(self) -> None:
        if not self.left:
            raise KilledError
        self.left -= 1

    def set_password(self, service: str, username: str, password: str) -> None:
        self.step()
        super().set_password(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        self.step()
        super().delete_password(service, username)


@dataclass
class Pc:
    """A PC at which two clerks have signed in, and what the cloud keeps for it."""

    desk: Desk
    folder: Path
    ring: Ring
    account: str = "uid:1000"
    at_cloud: list[bytes] = field(default_factory=list)
    line: bool = True

    @property
    def vault(self) -> Vault:
        return Vault(
            self.folder, "training", backend=self.ring, account=self.account, cost=CHEAP, floor_kib=256
        )

    async def leave(self, deposit: bytes) -> None:
        if not self.line:
            raise LinkDownError("link.broken")
        self.ring.step()
        self.at_cloud.append(deposit)

    async def rotate(self, staff_id: str = OFFICER, password: str = PASSWORD) -> str:
        """Change it, and return why not, or "changed"."""
        place = Place(self.folder, "training", self.vault, lambda: self.desk.now)
        code = self.desk.code(staff_id)
        try:
            await rotate(place, lambda: (staff_id, password, code), self.leave)
        except CounterError as error:
            return error.code
        return "changed"

    async def opens(self, staff_id: str) -> str:
        """Sign in off line, and return why not, or "in"."""
        code = self.desk.code(staff_id)
        try:
            unlocked = await self.vault.unlock(staff_id, PASSWORD, code, now=self.desk.now)
        except CounterError as error:
            return error.code
        assert unlocked.keys == store_keys()
        return "in"

    async def signs_in_on_line(self, staff_id: str, password: str = PASSWORD) -> str:
        clerk = Clerk(staff_id, "職員", "市民課", frozenset({Right.VIEW, Right.ISSUE}))
        lease = Lease(self.desk.now + timedelta(days=7))
        made = SignIn(clerk, lease, HowSignedIn.ONLINE, self.desk.now, "token")
        cloud = CloudSignIn(made, self.desk.seeds[staff_id], a_step(), self.at_cloud[-1])
        try:
            unlocked = await self.vault.admit(cloud, password, now=self.desk.now)
        except StoreError as error:
            return error.code
        assert unlocked.keys == store_keys()
        return "in"


async def a_pc(folder: Path) -> Pc:
    ring = Ring()
    desk = await a_desk(folder, ring=ring)
    return Pc(desk, folder, ring, desk.vault.account, [desk.deposit])


async def test_who_copied_the_secret_of_before_opens_nothing_that_is_written_from_then_on(
    tmp_path: Path,
) -> None:
    pc = await a_pc(tmp_path / "data")
    stolen = pc.ring.secrets[DEVICE]
    old = pc.vault._device_secret()
    assert await pc.rotate() == "changed"
    assert pc.ring.secrets[DEVICE] != stolen
    assert NEXT not in pc.ring.secrets
    place = place_of(facts())
    assert wraps.opened_deposit(pc.at_cloud[-1], old, place) is None
    book = pc.vault._file.read()
    assert not wraps.seal_holds(book, old, place)
    for wrap in book.staff:
        info = wraps.info_of_wrap(place, wrap)
        assert wraps.opened_box(wrap, wraps.wrap_key(PASSWORD, old, wrap.argon2, info), info) is None
    pc.ring.secrets[DEVICE] = stolen
    assert await pc.opens(OFFICER) == "store.no_keyring", "put back it opens nothing either"


async def test_the_officer_goes_on_off_line_and_everybody_else_after_one_sign_in_on_line(
    tmp_path: Path,
) -> None:
    pc = await a_pc(tmp_path / "data")
    assert await pc.rotate() == "changed"
    assert await pc.opens(OFFICER) == "in"
    assert await pc.opens(CLERK) == "sign_in.unknown_here"
    assert await pc.signs_in_on_line(CLERK) == "in"
    assert await pc.opens(CLERK) == "in"
    lines = await pc.desk.book("device_changed")
    assert [(line.actor, line.facts) for line in lines] == [(OFFICER, {"staff": 1, "accounts": 0})]


async def test_the_file_of_before_put_back_opens_nothing(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path / "data")
    before = (pc.folder / "wraps.json").read_bytes()
    assert await pc.rotate() == "changed"
    for name in ("wraps.json", wrap_file.COPY):
        (pc.folder / name).write_bytes(before)
    assert await pc.opens(OFFICER) == "store.no_keyring"
    assert await pc.opens(CLERK) == "store.no_keyring"


async def test_only_an_officer_with_the_secrets_changes_it_and_only_on_line(tmp_path: Path) -> None:
    pc = await a_pc(tmp_path / "data")
    before = pc.ring.secrets[DEVICE]
    assert await pc.rotate(CLERK) == "refused.right_missing"
    assert await pc.rotate(OFFICER, "another password") == "sign_in.wrong_secret"
    pc.line = False
    assert await pc.rotate() == "link.broken"
    assert pc.ring.secrets[DEVICE] == before
    assert (await pc.opens(OFFICER), await pc.opens(CLERK)) == ("in", "in")
    assert await pc.desk.book("device_changed") == []
    pc.line = True
    assert await pc.rotate() == "changed"


async def test_another_account_is_handed_it_anew_and_a_code_of_before_is_worth_nothing(
    tmp_path: Path,
) -> None:
    pc = await a_pc(tmp_path / "data")
    theirs = Ring()
    other = Pc(pc.desk, pc.folder, theirs, "uid:1001", pc.at_cloud)
    await other.vault.take_over(await pc.vault.hand_out())
    assert await other.opens(CLERK) == "in"
    (pc.folder / handed.FILE).write_bytes(b"{}")
    assert await pc.rotate() == "changed"
    assert not (pc.folder / handed.FILE).exists()
    assert await other.opens(OFFICER) == "store.no_keyring"
    anew = await pc.vault.hand_out()
    code = pc.desk.code(OFFICER)
    unlocked = await other.vault.unlock_handed(anew, (OFFICER, PASSWORD, code), now=pc.desk.now)
    assert unlocked.keys == store_keys()
    await other.vault.take_over(anew)
    assert await other.opens(OFFICER) == "in"
    assert (await pc.desk.book("device_changed"))[0].facts["accounts"] == 1


async def killed(pc: Pc, monkeypatch: pytest.MonkeyPatch, after: int) -> bool:
    """Change it with a program that is killed after so many writes; tell whether it was."""

    def counting(write: Callable[..., None]) -> Callable[..., None]:
        def counted(*args: object) -> None:
            pc.ring.step()
            write(*args)

        return counted

    code = pc.desk.code(OFFICER)
    place = Place(pc.folder, "training", pc.vault, lambda: pc.desk.now)
    unlocked = await pc.vault.unlock(OFFICER, PASSWORD, code, now=pc.desk.now)
    with monkeypatch.context() as patched:
        patched.setattr("offline.store.wrap_file.write_whole", counting(files.write_whole))
        patched.setattr("offline.store.wrap_file.sync_folder", counting(files.sync_folder))
        pc.ring.left = after
        try:
            await pc.leave(await place.vault.begin_rotation(unlocked.keys))
            await place.vault.rotate((OFFICER, PASSWORD, code))
        except KilledError:
            return True
        finally:
            pc.ring.left = 10**6
    return False


async def test_killed_before_any_step_the_officer_gets_in_and_the_verb_given_again_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for after in range(99):
        pc = await a_pc(tmp_path / f"data{after}")
        stolen = pc.ring.secrets[DEVICE]
        if not await killed(pc, monkeypatch, after):
            break
        assert await pc.opens(OFFICER) == "in", after
        assert await pc.signs_in_on_line(CLERK, "a new password") == "in", after
        assert await pc.opens(OFFICER) == "in", after
        assert await pc.rotate() == "changed", after
        assert await pc.opens(OFFICER) == "in", after
        assert await pc.signs_in_on_line(CLERK) == "in", after
        assert await pc.opens(CLERK) == "in", after
        assert pc.ring.secrets[DEVICE] != stolen
        assert NEXT not in pc.ring.secrets
    assert after > 6, "there are that many steps"


async def test_a_kill_on_the_way_is_told_as_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for after in range(9):
        pc = await a_pc(tmp_path / f"data{after}")
        if not await killed(pc, monkeypatch, after):
            break
        code = pc.desk.code(OFFICER)
        unlocked = await pc.vault.unlock(OFFICER, PASSWORD, code, now=pc.desk.now)
        assert not unlocked.wraps_mended, after


async def test_a_wipe_erases_the_one_to_come_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pc = await a_pc(tmp_path / "data")
    assert await killed(pc, monkeypatch, 2)
    assert NEXT in pc.ring.secrets
    await pc.vault.forget_stores()
    assert not {DEVICE, NEXT} & set(pc.ring.secrets)

"""A damaged file of clerks' keys keeps nobody out: it is mended from its copy, which gives nothing an older one would."""

import json
import os
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from client.domain.errors import StoreError
from offline.store.keys import Vault
from offline.store.seal import public_of
from offline.store.wraps import WrapBook
from tests.builders import NOW
from tests.offline.vault_builders import PASSWORD, code_at, enrolled, said, with_clerk
from tests.store_builders import MemoryKeyring, cheap_vault, cloud_sign_in, store_keys

FILE, COPY = "wraps.json", "wraps.copy.json"
LATER = NOW + timedelta(minutes=1)
MARK = ("madoguchi", "training/992011/0007/wraps")


class RingOnDisk(MemoryKeyring):
    """A keyring whose items outlive the process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            self.secrets = {(one, two): kept for one, two, kept in json.loads(path.read_text())}

    def set_password(self, service: str, username: str, password: str) -> None:
        super().set_password(service, username, password)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps([[*where, kept] for where, kept in self.secrets.items()]))
        draft.replace(self._path)


def flipped(content: bytes, bit: int) -> bytes:
    """Return the content with one bit turned over."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


async def mended_at_sign_in(vault: Vault) -> bool:
    """Sign in off line and tell whether the book will be told of a mending."""
    return (await vault.unlock("s001", PASSWORD, code_at(LATER), now=LATER)).wraps_mended


@pytest.mark.asyncio
@pytest.mark.parametrize("name", [FILE, COPY])
async def test_one_flipped_bit_keeps_nobody_out_and_is_in_the_book(tmp_path: Path, name: str) -> None:
    ring = MemoryKeyring()
    vault = await with_clerk(tmp_path, ring)
    assert await said(vault, NOW, password="x") == "sign_in.wrong_secret"
    whole, mark = (tmp_path / FILE).read_bytes(), ring.secrets[MARK]
    number = whole.index(b'"format": ') + len(b'"format": ')
    newer = flipped(whole, number * 8)
    assert b'"format": 3' in newer
    # Every place of the file, one bit of each by turns; and the number of the format, which then is a newer program's.
    each = [(place, flipped(whole, place * 8 + place % 8)) for place in range(0, len(whole), 7)]
    for place, damaged in (*each, (number, newer)):
        if same_book(whole, damaged):
            continue
        for path in (tmp_path / FILE, tmp_path / COPY):
            path.write_bytes(damaged if path.name == name else whole)
        ring.secrets[MARK] = mark
        vault = cheap_vault(tmp_path, ring)
        assert vault.inbox_public == public_of(store_keys().inbox)
        assert await mended_at_sign_in(vault), place
        assert (tmp_path / FILE).read_bytes() == (tmp_path / COPY).read_bytes()


def same_book(one: bytes, other: bytes) -> bool:
    """Tell whether only what no reader sees is different, like the name of a field that is empty."""
    try:
        return read_as_book(one) == read_as_book(other)
    except ValueError:
        return False


def read_as_book(content: bytes) -> WrapBook:
    return msgspec.json.decode(content, type=WrapBook)


@pytest.mark.asyncio
@pytest.mark.parametrize("left", [b"", b"\0" * 4096, b'{"format": 2', b"\xff\xfe"])
async def test_what_a_power_cut_can_leave_of_the_file_is_mended_once(tmp_path: Path, left: bytes) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)
    (tmp_path / FILE).write_bytes(left)
    vault = cheap_vault(tmp_path, ring)
    assert await mended_at_sign_in(vault)
    again = LATER + timedelta(minutes=1)
    unlocked = await vault.unlock("s001", PASSWORD, code_at(again), now=again)
    assert not unlocked.wraps_mended


@pytest.mark.asyncio
async def test_a_file_that_is_gone_is_made_again_from_its_copy_and_the_pc_is_a_terminal_still(
    tmp_path: Path,
) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)
    (tmp_path / FILE).unlink()
    vault = cheap_vault(tmp_path, ring)
    assert vault.enrolled
    assert vault.inbox_public == public_of(store_keys().inbox)
    assert await mended_at_sign_in(vault)
    assert (tmp_path / FILE).read_bytes() == (tmp_path / COPY).read_bytes()


@pytest.mark.asyncio
async def test_a_mending_while_nobody_is_let_in_is_told_by_who_is_let_in_next(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = await with_clerk(tmp_path, ring)
    (tmp_path / FILE).write_bytes(b"")
    await vault.note_time(NOW + timedelta(seconds=5))
    assert await said(vault, LATER, password="x") == "sign_in.wrong_secret"
    assert await mended_at_sign_in(cheap_vault(tmp_path, ring))


@pytest.mark.asyncio
async def test_that_there_was_a_mending_is_under_the_seal(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    (tmp_path / FILE).write_bytes(b"")
    await vault.note_time(NOW + timedelta(seconds=5))
    for path in (tmp_path / FILE, tmp_path / COPY):
        path.write_bytes(path.read_bytes().replace(b'"mended": 1', b'"mended": 0'))
    assert await said(vault, LATER) == "store.wraps_changed"


@pytest.mark.asyncio
async def test_a_sign_in_on_line_tells_of_a_mending_too(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    (tmp_path / COPY).write_bytes(b"{")
    told = await vault.admit(cloud_sign_in(deposit), PASSWORD, now=LATER)
    assert (told.wraps_mended, told.wraps_anew) == (True, False)
    assert not await mended_at_sign_in(vault)


@pytest.mark.asyncio
async def test_damaging_the_file_gives_no_more_tries_and_no_code_twice(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    code, outcomes = code_at(LATER), []
    assert await said(vault, LATER, code=code) == "in"
    for attempt in range(8):
        path = tmp_path / (FILE, COPY)[attempt % 2]
        path.write_bytes(flipped(path.read_bytes(), 1000))
        outcomes.append(await said(vault, LATER, code=code))
    assert outcomes == ["sign_in.code_used"] * 4 + ["sign_in.code_used", *["sign_in.locked_out"] * 3]


@pytest.mark.asyncio
async def test_an_older_copy_is_never_taken_for_a_damaged_file(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    older = (tmp_path / COPY).read_bytes()
    assert await said(vault, LATER, password="x") == "sign_in.wrong_secret"
    (tmp_path / COPY).write_bytes(older)
    (tmp_path / FILE).write_bytes(flipped((tmp_path / FILE).read_bytes(), 999))
    for _ in range(2):
        with pytest.raises(StoreError, match="wraps_changed"):
            await vault.unlock("s001", PASSWORD, code_at(LATER), now=LATER)
    assert (tmp_path / COPY).read_bytes() == older


@pytest.mark.asyncio
async def test_an_older_file_is_refused_though_its_copy_is_sound(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    older = (tmp_path / FILE).read_bytes()
    assert await said(vault, LATER, password="x") == "sign_in.wrong_secret"
    (tmp_path / FILE).write_bytes(older)
    with pytest.raises(StoreError, match="wraps_behind"):
        await vault.unlock("s001", PASSWORD, code_at(LATER), now=LATER)


@pytest.mark.asyncio
async def test_a_copy_of_another_terminal_mends_nothing(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path / "here")
    await with_clerk(tmp_path / "there")
    (tmp_path / "here" / COPY).write_bytes((tmp_path / "there" / COPY).read_bytes())
    (tmp_path / "here" / FILE).write_bytes(flipped((tmp_path / "here" / FILE).read_bytes(), 999))
    assert await said(vault, LATER) in {"store.wraps_changed", "store.no_keyring"}


@pytest.mark.asyncio
async def test_a_terminal_of_before_gets_its_copy_without_a_word(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)
    (tmp_path / COPY).unlink()
    assert not await mended_at_sign_in(cheap_vault(tmp_path, ring))
    assert (tmp_path / COPY).read_bytes() == (tmp_path / FILE).read_bytes()


@pytest.mark.asyncio
async def test_what_is_taken_out_of_the_file_is_in_no_copy(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    await vault.admit(replace(cloud_sign_in(deposit), totp_seed=b""), PASSWORD, now=NOW)
    assert b"s001" not in (tmp_path / COPY).read_bytes()
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    await vault.lock_out()
    assert b"s001" not in (tmp_path / COPY).read_bytes()
    await vault.forget_stores()
    assert [path.name for path in tmp_path.iterdir()] == ["terminal.json"]


@pytest.mark.asyncio
@pytest.mark.skipif(sys.platform == "win32", reason="forks, to kill a real process in the middle of a write")
@pytest.mark.parametrize("step", range(1, 9))
async def test_a_kill_at_any_step_of_a_write_then_a_damaged_file_keeps_nobody_out(
    tmp_path: Path, step: int
) -> None:
    folder, items = tmp_path / "data", tmp_path / "ring.json"
    await with_clerk(folder, RingOnDisk(items))
    assert killed_at(step, folder, items)
    for name in (FILE, COPY):
        kept = (folder / name).read_bytes()
        (folder / name).write_bytes(flipped(kept, 999))
        assert (
            await said(cheap_vault(folder, RingOnDisk(items)), LATER, password="x") == "sign_in.wrong_secret"
        )
    assert await said(cheap_vault(folder, RingOnDisk(items)), LATER) == "in"


def killed_at(step: int, folder: Path, items: Path) -> bool:
    """Note the time in a process that is killed before the given call that changes the disk; False if it ends first."""
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    left, vault = step, cheap_vault(folder, RingOnDisk(items))

    def counting(event: str, given: tuple[object, ...]) -> None:
        nonlocal left
        if event == "os.rename" or (event == "open" and str(given[0]).endswith((".new", "data"))):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(counting)
    vault._note_time(NOW + timedelta(seconds=9))
    os._exit(0)

"""A file of clerks' keys that was edited, or is an older copy, opens nothing before the cloud lets somebody in."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from client.domain.errors import StoreError
from offline.store import wraps
from tests.builders import NOW
from tests.offline.vault_builders import PASSWORD, code_at, enrolled, said, with_clerk
from tests.store_builders import MemoryKeyring, cheap_vault, cloud_sign_in

Tamper = Callable[[dict[str, object]], object]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "tamper",
    [
        lambda book: book["staff"][0].update(failures=0),
        lambda book: book["staff"][0].update(locked_until=None),
        lambda book: book["staff"][0].update(locked_until="2026-11-20T05:32:00Z"),
        lambda book: book["staff"][0]["argon2"].update(time=0),
        lambda book: book["staff"][0]["argon2"].update(time=2**40),
        lambda book: book["staff"][0]["argon2"].update(lanes=0, salt=""),
        lambda book: book["staff"][0]["argon2"].update(memory_kib=2 << 20),
        lambda book: book["staff"][0].update(nonce="AAAA"),
        lambda book: book["staff"][0].update(box=""),
        lambda book: book["staff"][0].update(staff_id="s002"),
        lambda book: book.update(staff=[]),
        lambda book: book.update(inbox_public=""),
        lambda book: book.update(generation=10**9),
        lambda book: book.update(format=1),
        lambda book: book.update(mac=""),
    ],
)
async def test_a_file_of_keys_written_by_hand_opens_nothing_before_the_cloud_lets_somebody_in(
    tmp_path: Path, tamper: Tamper
) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    for _ in range(6):
        await said(vault, NOW, password="x")
    for path in (tmp_path / "wraps.json", tmp_path / "wraps.copy.json"):
        book = json.loads(path.read_bytes())
        tamper(book)
        path.write_text(json.dumps(book))
    for later in (timedelta(0), timedelta(minutes=90), timedelta(days=2)):
        with pytest.raises(StoreError, match="wraps_changed"):
            await vault.unlock("s001", PASSWORD, code_at(NOW + later), now=NOW + later)
    await vault.note_time(NOW)
    let_in = await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    assert let_in.wraps_anew
    assert await said(vault, NOW + timedelta(minutes=1)) == "in"


@pytest.mark.asyncio
async def test_an_older_file_of_keys_gives_no_more_tries_no_used_code_and_no_old_password(
    tmp_path: Path,
) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    path, later = tmp_path / "wraps.json", NOW + timedelta(minutes=1)
    fresh = path.read_bytes()
    assert await said(vault, later, password="x") == "sign_in.wrong_secret"
    for _ in range(3):
        path.write_bytes(fresh)
        with pytest.raises(StoreError, match="wraps_behind"):
            await vault.unlock("s001", "x", code_at(later), now=later)
    again = await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    assert again.wraps_anew
    before_the_code = path.read_bytes()
    assert await said(vault, later) == "in"
    path.write_bytes(before_the_code)
    with pytest.raises(StoreError, match="wraps_behind"):
        await vault.unlock("s001", PASSWORD, code_at(later), now=later)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    old_password = path.read_bytes()
    await vault.admit(cloud_sign_in(deposit), "neu", now=NOW)
    path.write_bytes(old_password)
    for _ in range(2):
        with pytest.raises(StoreError, match="wraps_behind"):
            await vault.unlock("s001", PASSWORD, code_at(later), now=later)


@pytest.mark.asyncio
async def test_what_an_older_file_held_of_others_is_gone_once_somebody_was_let_in(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    path, later = tmp_path / "wraps.json", NOW + timedelta(minutes=1)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    old = path.read_bytes()
    await vault.admit(cloud_sign_in(deposit), "neu", now=NOW)
    path.write_bytes(old)
    other = cloud_sign_in(deposit)
    clerk = replace(other.sign_in.clerk, staff_id="s002")
    await vault.admit(replace(other, sign_in=replace(other.sign_in, clerk=clerk)), "ihres", now=NOW)
    for password in (PASSWORD, "neu"):
        assert await said(vault, later, password=password) == "sign_in.unknown_here"


@pytest.mark.asyncio
async def test_a_kill_between_file_and_keyring_keeps_nobody_out(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = await with_clerk(tmp_path, ring)
    mark = ("madoguchi", "training/992011/0007/wraps")
    before = ring.secrets[mark]
    await vault.note_time(NOW + timedelta(seconds=1))
    assert ring.secrets[mark] != before
    ring.secrets[mark] = before  # the word that was not said any more
    assert await said(cheap_vault(tmp_path, ring), NOW + timedelta(minutes=1)) == "in"


@pytest.mark.asyncio
@pytest.mark.parametrize("generation", [None, 10**9])
async def test_a_file_of_the_first_format_counts_once_whatever_number_is_written_into_it(
    tmp_path: Path, generation: int | None
) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)
    path = tmp_path / "wraps.json"
    book = msgspec.json.decode(path.read_bytes(), type=wraps.WrapBook)
    book = msgspec.structs.replace(book, format=1, generation=0)
    secret = base64.b64decode(ring.secrets["madoguchi", "training/992011/0007/device"])
    sealed = msgspec.structs.replace(
        book, mac=wraps.counters_mac(book, secret, wraps.Place("992011", "0007"))
    )
    content = msgspec.to_builtins(sealed)
    content.pop("generation")
    path.write_bytes(msgspec.json.encode(content))
    del ring.secrets["madoguchi", "training/992011/0007/wraps"]
    vault = cheap_vault(tmp_path, ring)
    assert await said(vault, NOW + timedelta(minutes=1)) == "in"
    assert json.loads(path.read_bytes())["format"] == 2
    if generation is not None:
        content["generation"] = generation  # the seal of then does not cover it
    for put_back in ((path,), (path, tmp_path / "wraps.copy.json")):  # the old one, after that
        for one in put_back:
            one.write_bytes(msgspec.json.encode(content))
        with pytest.raises(StoreError, match="wraps_behind"):
            await vault.unlock("s001", PASSWORD, code_at(NOW), now=NOW)

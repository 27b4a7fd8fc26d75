import base64
import json
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from client.domain.clerk import HowSignedIn, Right
from client.domain.errors import SignInNeededError, StoreError
from client.jobs.ports import Enrolment, Keys
from client.rules import totp
from offline.store import wraps
from offline.store.keys import Vault
from offline.store.wraps import Argon2Cost, Place, opened_deposit
from tests.builders import NOW
from tests.offline.vault_builders import PASSWORD, code_at, enrolled, said, seal_by_hand, with_clerk
from tests.store_builders import MemoryKeyring, cheap_vault, cloud_sign_in, facts, store_keys


@pytest.mark.asyncio
async def test_the_vault_fulfils_its_ports(tmp_path: Path) -> None:
    vault = cheap_vault(tmp_path)
    keys: Keys = vault
    enrolment: Enrolment = vault
    assert callable(keys.unlock)
    assert callable(enrolment.found)


@pytest.mark.asyncio
async def test_enrolling_makes_a_terminal_that_can_sign_before_any_sign_in(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = cheap_vault(tmp_path, ring)
    assert not vault.enrolled
    request = x509.load_pem_x509_csr((await vault.make_identity()).encode())
    await vault.found(facts(), store_keys())
    again = cheap_vault(tmp_path, ring)
    assert again.enrolled
    assert again.facts == facts()
    public = request.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert again.identity.terminal_no == "0007"
    public.verify(again.identity.sign(b"data"), b"data", ec.ECDSA(SHA256()))
    (folder,) = (name for _, name in ring.secrets if name.startswith("training/folder/"))
    assert set(ring.secrets) == {
        ("madoguchi", folder),
        ("madoguchi", "training/992011/0007/device"),
        ("madoguchi", "training/992011/0007/identity"),
        ("madoguchi", "training/992011/0007/wraps"),
        ("madoguchi", "training/992011/0007/facts"),
    }


@pytest.mark.asyncio
async def test_a_clerk_let_in_on_line_is_let_in_off_line_with_the_same_keys(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault, deposit = await enrolled(tmp_path, ring)
    online = await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    assert online.keys == store_keys()
    later = NOW + timedelta(days=2)
    offline = await cheap_vault(tmp_path, ring).unlock("s001", PASSWORD, code_at(later), now=later)
    assert offline.keys == store_keys()
    assert offline.sign_in.how is HowSignedIn.OFFLINE
    assert offline.sign_in.access_token is None
    assert offline.sign_in.clerk == online.sign_in.clerk
    assert Right.ISSUE in offline.sign_in.clerk.rights


@pytest.mark.asyncio
async def test_letting_in_off_line_opens_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = await with_clerk(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a network call")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert await said(vault, NOW + timedelta(minutes=5)) == "in"


@pytest.mark.asyncio
async def test_a_wrong_password_and_a_wrong_code_sound_the_same(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    assert await said(vault, NOW, password="falsch") == "sign_in.wrong_secret"
    assert await said(vault, NOW, code="000000") == "sign_in.wrong_secret"


@pytest.mark.asyncio
async def test_full_width_letters_are_the_same_password(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    assert await said(vault, NOW + timedelta(minutes=5), password="みどりの風　７") == "in"


@pytest.mark.asyncio
async def test_a_code_opens_once_also_after_a_restart(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = await with_clerk(tmp_path, ring)
    now = NOW + timedelta(minutes=5)
    assert await said(vault, now) == "in"
    assert await said(vault, now) == "sign_in.code_used"
    assert await said(cheap_vault(tmp_path, ring), now) == "sign_in.code_used"
    assert await said(vault, now + timedelta(seconds=30)) == "in"


@pytest.mark.asyncio
async def test_the_code_used_on_line_is_used_off_line_too(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit, step=totp.step_of(NOW)), PASSWORD, now=NOW)
    assert await said(vault, NOW) == "sign_in.code_used"


@pytest.mark.asyncio
async def test_the_code_used_off_line_is_used_on_line_too_and_the_next_one_is_not(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    now = NOW + timedelta(minutes=5)
    assert await said(vault, now) == "in"
    step = totp.step_of(now)
    with pytest.raises(SignInNeededError, match=r"sign_in\.code_used"):  # by a cloud that did not hear of it
        await vault.admit(cloud_sign_in(deposit, step=step), PASSWORD, now=now)
    await vault.admit(cloud_sign_in(deposit, step=step + 1), PASSWORD, now=now)


@pytest.mark.asyncio
@pytest.mark.parametrize("by_code", [True, False])
async def test_a_code_used_off_line_stays_used_after_a_sign_in_on_line_with_an_older_one_or_a_key(
    tmp_path: Path, by_code: bool
) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    now = NOW + timedelta(minutes=5)
    assert await said(vault, now) == "in"
    shown = replace(cloud_sign_in(deposit, step=totp.step_of(now) - 1), by_code=by_code)
    await vault.admit(shown, PASSWORD, now=now)
    assert await said(vault, now) == "sign_in.code_used"


@pytest.mark.asyncio
async def test_who_shows_a_security_key_each_time_is_kept_out_by_no_code_used_long_ago(
    tmp_path: Path,
) -> None:
    vault, deposit = await enrolled(tmp_path)
    for _ in range(2):
        shown = replace(cloud_sign_in(deposit, step=totp.step_of(NOW)), by_code=False)
        assert (await vault.admit(shown, PASSWORD, now=NOW)).keys == store_keys()


@pytest.mark.asyncio
async def test_who_never_signed_in_here_is_unknown(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    with pytest.raises(SignInNeededError, match="unknown_here"):
        await vault.unlock("s002", PASSWORD, "000000", now=NOW)


@pytest.mark.asyncio
async def test_five_wrong_passwords_lock_and_the_right_one_waits_too(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = await with_clerk(tmp_path, ring)
    for _ in range(4):
        assert await said(vault, NOW, password="x") == "sign_in.wrong_secret"
    assert await said(vault, NOW, password="x") == "sign_in.locked_out"  # the clerk is told at once
    with pytest.raises(SignInNeededError) as caught:
        await vault.unlock("s001", PASSWORD, code_at(NOW), now=NOW)
    assert (caught.value.code, caught.value.facts) == ("sign_in.locked_out", {"minutes": 5})
    assert await said(cheap_vault(tmp_path, ring), NOW) == "sign_in.locked_out"
    assert await said(vault, NOW - timedelta(hours=10)) == "sign_in.locked_out"  # the clock set back
    assert await said(vault, NOW + timedelta(minutes=5)) == "in"


@pytest.mark.asyncio
async def test_who_sets_the_clock_forward_instead_of_waiting_has_thirty_guesses_and_no_more(
    tmp_path: Path,
) -> None:
    ring = MemoryKeyring()
    vault, deposit = await enrolled(tmp_path, ring)
    await vault.admit(cloud_sign_in(deposit, lease=timedelta(days=30)), PASSWORD, now=NOW)
    now, said_so = NOW, []
    for _ in range(40):
        now += timedelta(hours=2)
        said_so.append(await said(vault, now, password="x"))
    assert said_so[29:] == ["sign_in.too_many"] * 11
    assert await said(cheap_vault(tmp_path, ring), now + timedelta(hours=2)) == "sign_in.too_many"
    await vault.admit(cloud_sign_in(deposit, lease=timedelta(days=30)), PASSWORD, now=now)
    assert await said(vault, now + timedelta(minutes=5)) == "in", "the cloud let them in, and it begins anew"


@pytest.mark.asyncio
async def test_each_lock_lasts_longer(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    now = NOW
    for _ in range(4):
        assert await said(vault, now, password="x") == "sign_in.wrong_secret"
    waits = []
    for _ in range(10):
        with pytest.raises(SignInNeededError, match="locked_out") as caught:
            await vault.unlock("s001", "x", code_at(now), now=now)
        waits.append(int(caught.value.facts["minutes"]))
        now += timedelta(minutes=waits[-1])
    assert waits[:5] == [5, 10, 20, 40, 60]
    assert set(waits[5:]) == {60}


@pytest.mark.asyncio
async def test_a_try_is_counted_before_the_password_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await with_clerk(tmp_path)

    def killed(*_: object, **__: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("offline.store.wraps.hash_secret_raw", killed)
        for _ in range(5):
            with pytest.raises(KeyboardInterrupt):
                vault._unlock("s001", "x", "000000", NOW)
    assert await said(vault, NOW) == "sign_in.locked_out"


@pytest.mark.asyncio
async def test_the_offline_lease_ends_and_no_clock_set_back_prolongs_it(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    assert await said(vault, NOW + timedelta(days=6, hours=23)) == "in"
    assert await said(vault, NOW + timedelta(days=7)) == "sign_in.lease_over"
    for back in (timedelta(days=4), timedelta(minutes=58)):
        assert await said(vault, NOW + timedelta(days=7) - back) in {"sign_in.clock_off", "sign_in.code_used"}


@pytest.mark.asyncio
async def test_signing_in_on_line_again_takes_a_new_password_and_lease(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    now = NOW + timedelta(days=9)
    await vault.admit(cloud_sign_in(deposit, lease=timedelta(days=16)), "neu", now=now)
    later = now + timedelta(minutes=1)
    assert await said(vault, later) == "sign_in.wrong_secret"
    assert await said(vault, later, password="neu") == "in"


@pytest.mark.asyncio
async def test_an_old_wrap_put_back_under_the_new_version_does_not_open(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    path = tmp_path / "wraps.json"
    old = json.loads(path.read_bytes())["staff"][0]
    await vault.admit(cloud_sign_in(deposit), "neu", now=NOW)
    book = json.loads(path.read_bytes())
    book["staff"][0].update(argon2=old["argon2"], nonce=old["nonce"], box=old["box"])
    seal_by_hand(path, book, vault)
    assert await said(vault, NOW + timedelta(minutes=1)) == "sign_in.wrong_secret"


@pytest.mark.asyncio
async def test_neither_password_nor_disk_opens_without_this_pcs_keyring(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)
    with pytest.raises(StoreError, match="no_keyring"):
        await cheap_vault(tmp_path, MemoryKeyring()).unlock("s001", PASSWORD, code_at(NOW), now=NOW)
    ring.secrets["madoguchi", "training/992011/0007/device"] = base64.b64encode(bytes(32)).decode()
    with pytest.raises(StoreError, match="no_keyring"):
        await cheap_vault(tmp_path, ring).unlock("s001", PASSWORD, code_at(NOW), now=NOW)


@pytest.mark.asyncio
async def test_a_wrap_carried_to_another_terminal_does_not_open(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)
    path = tmp_path / "terminal.json"
    path.write_text(path.read_text().replace('"0007"', '"0008"'))
    for name in ("device", "identity"):
        ring.secrets["madoguchi", f"training/992011/0008/{name}"] = ring.secrets[
            "madoguchi", f"training/992011/0007/{name}"
        ]
    assert await said(cheap_vault(tmp_path, ring), NOW) == "store.wraps_changed"


@pytest.mark.asyncio
async def test_another_keyring_than_the_one_enrolled_with_is_refused(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)

    class OtherKeyring(MemoryKeyring):
        pass

    other = OtherKeyring()
    other.secrets = ring.secrets
    with pytest.raises(StoreError, match="no_keyring"):
        await cheap_vault(tmp_path, other).unlock("s001", PASSWORD, code_at(NOW), now=NOW)


@pytest.mark.asyncio
async def test_a_keyring_that_does_not_keep_what_it_is_given_is_found_at_once(tmp_path: Path) -> None:
    class Sieve(MemoryKeyring):
        def set_password(self, service: str, username: str, password: str) -> None:
            pass

    vault = cheap_vault(tmp_path, Sieve())
    await vault.make_identity()
    with pytest.raises(StoreError, match="no_keyring"):
        await vault.found(facts(), store_keys())
    assert not vault.enrolled
    assert list(tmp_path.iterdir()) == []


@pytest.mark.asyncio
async def test_the_deposit_opens_with_this_terminals_device_secret_only(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    _, deposit = await enrolled(tmp_path, ring)
    secret = base64.b64decode(ring.secrets["madoguchi", "training/992011/0007/device"])
    keys = store_keys()
    expected = (keys.replica, keys.ledger, keys.digest, keys.inbox)
    assert opened_deposit(deposit, secret, Place("992011", "0007")) == expected
    assert opened_deposit(deposit, secret, Place("992011", "0008")) is None
    assert opened_deposit(deposit, bytes(32), Place("992011", "0007")) is None
    assert opened_deposit(b"", secret, Place("992011", "0007")) is None


@pytest.mark.asyncio
async def test_without_a_deposit_only_a_clerk_with_a_wrap_gets_the_keys(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    with pytest.raises(StoreError, match="no_keys"):
        await vault.admit(cloud_sign_in(b""), PASSWORD, now=NOW)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    assert (await vault.admit(cloud_sign_in(b""), PASSWORD, now=NOW)).keys == store_keys()


@pytest.mark.asyncio
async def test_what_is_forgotten_is_gone_from_disk_and_keyring(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = await with_clerk(tmp_path, ring)
    await vault.forget()
    assert not vault.enrolled
    assert ring.secrets == {}
    assert list(tmp_path.iterdir()) == []
    await vault.forget()


@pytest.mark.asyncio
async def test_before_the_enrolment_there_are_no_keys(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no_keys"):
        await cheap_vault(tmp_path).unlock("s001", PASSWORD, "000000", now=NOW)
    with pytest.raises(StoreError, match="no_keys"):
        _ = cheap_vault(tmp_path).identity


@pytest.mark.asyncio
async def test_a_garbled_or_newer_file_of_wraps_says_so(tmp_path: Path) -> None:
    vault = await with_clerk(tmp_path)
    path = tmp_path / "wraps.json"
    whole = json.loads(path.read_bytes())
    for name in ("wraps.json", "wraps.copy.json"):  # as a newer program writes them
        (tmp_path / name).write_text(json.dumps({**whole, "format": wraps.FORMAT + 1}))
    assert await said(vault, NOW) == "store.newer"
    path.write_bytes(b"{")
    (tmp_path / "wraps.copy.json").write_bytes(b"\xff")
    assert await said(vault, NOW) == "store.no_keys"


def test_a_guess_at_a_password_may_not_be_cheap(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="floor"):
        Vault(tmp_path, "production", cost=Argon2Cost(time=1, memory_kib=1024))


@pytest.mark.asyncio
async def test_secrets_do_not_show_when_values_are_printed(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    unlocked = await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    shown = repr(unlocked) + repr(unlocked.keys) + repr(vault.facts)
    assert "\\x01\\x01" not in shown
    assert "BEGIN" not in shown

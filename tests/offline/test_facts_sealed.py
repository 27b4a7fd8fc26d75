"""``terminal.json`` under its seal: who changes address, number, town or keys in it is noticed before any call."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.domain.errors import StoreError
from offline.store.facts_file import FACTS
from offline.store.terminal_file import FORMAT, read_facts, write_facts
from tests.builders import NOW, a_town_key
from tests.offline.vault_builders import said, with_clerk
from tests.store_builders import MemoryKeyring, cheap_vault, facts, store_keys

pytestmark = pytest.mark.asyncio
ITEM = ("madoguchi", f"training/992011/0007/{FACTS}")


def a_certificate(number: str) -> str:
    """Return a certificate (PEM) for a terminal's number."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, number)]),
    )
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=9))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


async def enrolled(folder: Path, ring: MemoryKeyring) -> Path:
    vault = cheap_vault(folder, ring)
    await vault.make_identity()
    await vault.found(facts(), store_keys())
    return folder / "terminal.json"


def opened(folder: Path, ring: MemoryKeyring) -> str:
    """Start anew; return what the keeper of keys says of the file."""
    try:
        return cheap_vault(folder, ring).identity.terminal_no
    except StoreError as error:
        return error.code


def edit(path: Path, act: Callable[[dict[str, object]], object]) -> None:
    told = json.loads(path.read_text("utf-8"))
    act(told)
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")


async def test_what_was_written_is_read_whatever_its_layout(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    assert opened(tmp_path, ring) == "0007"
    edit(path, lambda told: told.update(sorted(told.items(), reverse=True)))  # the same said otherwise
    assert opened(tmp_path, ring) == "0007"
    assert ring.secrets[ITEM]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cloud_url", "https://evil.example:8443"),
        ("certificate", "-----BEGIN CERTIFICATE-----\nother"),
        ("ca", "-----BEGIN CERTIFICATE-----\nother"),
        ("terminal_name", "本庁2"),
        ("municipality", {"code": "992011", "name": "べつの町", "prefecture": "みどり県"}),
        ("written", 7),
        ("seal", ""),
        ("seal", "AAAA"),
        ("format", 1),
    ],
)
async def test_a_change_is_noticed(tmp_path: Path, name: str, value: object) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    edit(path, lambda told: told.update({name: value}))
    assert opened(tmp_path, ring) == "store.facts_changed"


@pytest.mark.parametrize("which", ["feed_keys", "command_keys"])
async def test_a_key_of_the_town_put_in_is_noticed(tmp_path: Path, which: str) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    planted = replace(facts(), **{which: (a_town_key(bytes([9] * 32)),)})  # type: ignore[arg-type]  # names of its fields
    write_facts(tmp_path / "planted.json", planted)
    edit(
        path,
        lambda told: told.update({which: json.loads((tmp_path / "planted.json").read_text("utf-8"))[which]}),
    )
    assert read_facts(path) == planted
    assert opened(tmp_path, ring) == "store.facts_changed"


async def test_a_seal_taken_off_is_noticed_too(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    write_facts(
        path, replace(facts(), cloud_url="https://evil.example")
    )  # as a file from before there were seals
    assert opened(tmp_path, ring) == "store.facts_changed"


async def test_the_seal_of_another_environment_or_key_is_none(tmp_path: Path) -> None:
    ring, other = MemoryKeyring(), MemoryKeyring()
    await enrolled(tmp_path / "one", ring)
    await enrolled(tmp_path / "other", other)
    shutil.copy(
        tmp_path / "other/terminal.json", tmp_path / "one/terminal.json"
    )  # the same facts, sealed elsewhere
    assert opened(tmp_path / "one", ring) == "store.facts_changed"


async def test_an_older_file_put_back_is_noticed(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    before = path.read_bytes()
    vault = cheap_vault(tmp_path, ring)
    await vault.keep(replace(facts(), certificate="-----BEGIN CERTIFICATE-----\nrenewed"))
    assert opened(tmp_path, ring) == "0007"
    path.write_bytes(before)
    assert opened(tmp_path, ring) == "store.facts_changed"


async def test_a_file_changed_after_it_was_read_is_noticed(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await enrolled(tmp_path, ring)
    vault = cheap_vault(tmp_path, ring)
    assert vault.facts == facts()
    await cheap_vault(tmp_path, ring).keep(replace(facts(), terminal_name="本庁3"))
    with pytest.raises(StoreError, match="facts_changed"):
        _ = vault.identity


async def test_an_account_takes_over_nothing_beside_a_changed_file(tmp_path: Path) -> None:
    ring, second = MemoryKeyring(), MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    handed = await cheap_vault(tmp_path, ring).hand_out()
    whole = path.read_bytes()
    write_facts(path, replace(facts(), cloud_url="https://evil.example"))  # its keyring knows of no seal yet
    with pytest.raises(StoreError, match="facts_changed"):
        await cheap_vault(tmp_path, second).take_over(handed)
    assert not any(name.endswith(("device", "identity")) for _, name in second.secrets)
    path.write_bytes(whole)
    await cheap_vault(tmp_path, second).take_over(handed)
    assert second.secrets[ITEM] == ring.secrets[ITEM]


async def test_killed_between_file_and_keyring_the_newer_file_counts(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await enrolled(tmp_path, ring)
    reached = ring.secrets[ITEM]
    await cheap_vault(tmp_path, ring).keep(replace(facts(), terminal_name="本庁3"))
    after, ring.secrets[ITEM] = ring.secrets[ITEM], reached
    assert opened(tmp_path, ring) == "0007"
    assert ring.secrets[ITEM] == after


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_damage_is_told_apart_and_no_flipped_byte_passes_as_other_facts(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder, ring = tmp_path_factory.mktemp("pc"), MemoryKeyring()
    path = await enrolled(folder, ring)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(whole))
    told = opened(folder, ring)
    if told == "0007":
        assert read_facts(path) == facts()
    else:
        assert told in {"store.facts_changed", "store.unreadable", "store.newer", "store.no_keyring"}


async def test_a_file_cut_short_is_damage(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    path.write_bytes(path.read_bytes()[:-40])
    assert opened(tmp_path, ring) == "store.unreadable"


async def test_another_number_is_a_change_and_no_lost_keyring(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    await cheap_vault(tmp_path, ring).keep(replace(facts(), certificate=a_certificate("0007")))
    edit(path, lambda told: told.update(terminal_no="0008"))
    assert opened(tmp_path, ring) == "store.facts_changed"
    assert opened(tmp_path, MemoryKeyring()) == "store.facts_changed"
    edit(path, lambda told: told.update(terminal_no="0007"))
    assert opened(tmp_path, MemoryKeyring()) == "store.no_keyring"


async def test_a_terminal_of_before_there_were_seals_gets_one_at_the_next_sign_in(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)
    path = tmp_path / "terminal.json"
    write_facts(path, facts())
    del ring.secrets[ITEM]  # as such a terminal was
    assert json.loads(path.read_text("utf-8"))["format"] == 1
    assert opened(tmp_path, ring) == "0007"
    assert json.loads(path.read_text("utf-8"))["format"] == 1  # nobody was let in yet
    assert await said(cheap_vault(tmp_path, ring), NOW) == "in"
    assert json.loads(path.read_text("utf-8"))["format"] == FORMAT
    assert read_facts(path) == facts()
    assert opened(tmp_path, ring) == "0007"
    write_facts(path, facts())
    assert opened(tmp_path, ring) == "store.facts_changed"


async def test_erasing_leaves_no_count(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await enrolled(tmp_path, ring)
    await cheap_vault(tmp_path, ring).forget()
    assert ring.secrets == {}

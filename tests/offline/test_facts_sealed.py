"""``terminal.json`` under its seal: who changes address, number, town or keys in it is noticed before any call."""

import json
import shutil
from collections.abc import Callable, Iterator
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


def each_leaf(told: object, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to everything the file says."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    found = [leaf for name, one in inner for leaf in each_leaf(one, (*way, name))]
    yield from found or [way]


def put_at(told: object, way: tuple[str | int, ...], act: Callable[[object], object]) -> object:
    """Return what the file would say with one thing in it changed."""
    if not way:
        return act(told)
    head, rest = way[0], way[1:]
    if isinstance(told, dict):
        return {**told, head: put_at(told[head], rest, act)}
    assert isinstance(told, list)
    return [put_at(one, rest, act) if at == head else one for at, one in enumerate(told)]


def otherwise(value: object) -> object:
    """Return another value of the same kind: another key, moment, certificate, number, text."""
    if isinstance(value, int):
        return value + 1
    assert isinstance(value, str)
    if value.endswith("Z"):
        return value.replace("0", "1", 1)
    if value.startswith("-----BEGIN"):
        return a_certificate("0007")
    if len(value) > 15:  # a key or the seal in base64, the id of a key in hex
        return ("b" if value[0] == "a" else "a") + value[1:]
    return f"{int(value) + 1:0{len(value)}}" if value.isdecimal() else value + "x"


async def test_each_thing_it_says_changed_alone_is_told_as_a_change(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    await cheap_vault(tmp_path, ring).keep(replace(facts(), certificate=a_certificate("0007")))
    whole = json.loads(path.read_text("utf-8"))
    leaves = list(each_leaf(whole))
    assert len(leaves) == 17
    before = dict(ring.secrets)
    for way in leaves:
        path.write_text(json.dumps(put_at(whole, way, otherwise)), "utf-8")
        assert read_facts_or_newer(path), way
        assert opened(tmp_path, ring) == "store.facts_changed", way
        assert ring.secrets == before, way  # whoever looks at a changed file leaves the keyring as it is
    path.write_text(json.dumps(whole), "utf-8")
    assert opened(tmp_path, ring) == "0007"


async def test_each_thing_taken_out_is_damage_or_a_change_and_no_lost_keyring(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    whole = json.loads(path.read_text("utf-8"))
    for name in whole:
        path.write_text(json.dumps({one: said for one, said in whole.items() if one != name}), "utf-8")
        told = "store.facts_changed" if name in {"written", "seal"} else "store.unreadable"
        assert opened(tmp_path, ring) == told, name


def read_facts_or_newer(path: Path) -> bool:
    try:
        return read_facts(path) is not None
    except StoreError as error:
        return error.code == "store.newer"


async def test_of_a_truly_newer_file_it_is_said_that_it_is_newer(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path, ring)
    edit(path, lambda told: told.update(format=FORMAT + 1, seal="AAAA"))
    assert opened(tmp_path, ring) == "store.newer"
    path.write_text(json.dumps({"format": FORMAT + 1, "other": "form"}), "utf-8")
    assert opened(tmp_path, ring) == "store.newer"


async def test_a_clerk_off_line_hears_of_another_town_s_code_and_not_of_a_lost_keyring(
    tmp_path: Path,
) -> None:
    ring = MemoryKeyring()
    await with_clerk(tmp_path, ring)
    path = tmp_path / "terminal.json"
    whole = path.read_bytes()
    assert await said(cheap_vault(tmp_path, ring), NOW, password="x") == "sign_in.wrong_secret"
    edit(path, lambda told: told["municipality"].update(code="992012"))  # type: ignore[attr-defined]  # as the file is
    assert await said(cheap_vault(tmp_path, ring), NOW) == "store.facts_changed"
    path.write_bytes(whole)
    assert await said(cheap_vault(tmp_path, MemoryKeyring()), NOW) == "store.no_keyring"
    path.write_bytes(whole[:-40])
    assert await said(cheap_vault(tmp_path, ring), NOW) == "store.unreadable"


async def test_the_whole_file_of_another_terminal_is_told_as_that(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path / "here", ring)
    there = cheap_vault(tmp_path / "there", MemoryKeyring())
    await there.make_identity()
    await there.found(replace(facts("0008"), certificate=a_certificate("0008")), store_keys())
    shutil.copy(tmp_path / "there/terminal.json", path)  # whole, sealed, and its certificate agrees
    assert opened(tmp_path / "here", ring) == "store.facts_changed"
    assert (
        opened(tmp_path / "here", MemoryKeyring()) == "store.no_keyring"
    )  # nothing here says what lay there


async def test_a_folder_enrolled_before_is_known_from_its_next_start_and_one_that_moved_opens(
    tmp_path: Path,
) -> None:
    ring = MemoryKeyring()
    path = await enrolled(tmp_path / "old", ring)
    (of_folder,) = (where for where in ring.secrets if "/folder/" in where[1])
    del ring.secrets[of_folder]  # as a program of before left it
    assert opened(tmp_path / "old", ring) == "0007"
    assert of_folder in ring.secrets
    assert str(tmp_path) not in of_folder[1]
    path.parent.rename(tmp_path / "new")
    assert opened(tmp_path / "new", ring) == "0007"
    edit(tmp_path / "new/terminal.json", lambda told: told["municipality"].update(code="992012"))  # type: ignore[attr-defined]  # as the file is
    assert opened(tmp_path / "new", ring) == "store.facts_changed"


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

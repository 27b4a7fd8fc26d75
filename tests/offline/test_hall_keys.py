"""A machine's key on its way into TLS, and a hall server's key on its disk: never to be read there."""

import ssl
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client.config import Config
from client.domain.errors import StoreError
from client.rules.settings import ConfigError
from offline.hall.key_file import NAME, KeyFile
from offline.hall.relay import Carried
from tests.offline.hall_builders import TownOfMachines

SECRET = b"sixteen octets or more"


def test_where_there_are_no_memory_files_the_key_is_encrypted_for_the_moment_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = TownOfMachines(tmp_path / "town").machine("T0001")
    seen: list[bytes] = []
    loaded = ssl.SSLContext.load_cert_chain

    def reading(context: ssl.SSLContext, path: str, keyfile: None = None, password: bytes = b"") -> None:
        seen.append(Path(path).read_bytes())
        assert not Path(path).stat().st_mode & 0o077
        loaded(context, path, keyfile, password)

    spare = tmp_path / "temporary"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    monkeypatch.setattr("offline.store.identity.sys.platform", "win32")
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", reading)
    machine.identity.show_in(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), machine.certificate)
    (content,) = seen
    assert b"ENCRYPTED PRIVATE KEY" in content
    assert list(spare.iterdir()) == []
    with pytest.raises(ssl.SSLError):  # and nothing stays where it could not be read either
        machine.identity.show_in(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), machine.town.authority.pem)
    assert list(spare.iterdir()) == []


def test_a_hall_servers_key_opens_by_its_secret_only_and_is_made_once(tmp_path: Path) -> None:
    file = KeyFile(tmp_path, SECRET)
    assert file.read() is None
    key = file.make()
    clear = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).splitlines()[1]
    content = (tmp_path / NAME).read_bytes()
    assert b"ENCRYPTED" in content
    assert clear not in content
    again = KeyFile(tmp_path, SECRET).make()
    assert again.private_numbers() == key.private_numbers()
    for secret in (b"another secret of some length", b"short"):
        with pytest.raises(StoreError, match=r"store\.no_keyring"):
            KeyFile(tmp_path, secret).read()
    file.forget()
    assert file.read() is None


@pytest.mark.asyncio
async def test_a_relay_keeps_the_order_and_takes_no_more_than_it_has_room_for(tmp_path: Path) -> None:
    carried = Carried(tmp_path, most_files=3, most_bytes=10)
    assert [await carried.put(content) for content in (b"one", b"two", b"three", b"x")] == [
        True,
        True,
        False,
        True,
    ]
    assert not await carried.put(b"y")
    again, order = Carried(tmp_path), []
    while (oldest := await again.oldest()) is not None:
        order.append(oldest[1])
        await again.drop(oldest[0])
    assert order == [b"one", b"two", b"x"]
    assert await again.count() == 0


def test_neighbours_are_asked_after_the_hall_server_and_none_is_misspelt() -> None:
    named = Config(data_dir=Path("x"), hall_url="https://hall:8470/", neighbours="10.0.0.1:8471, [::1]:8471")
    assert named.neighbour_addresses == ("hall:8470", "10.0.0.1:8471", "[::1]:8471")
    assert Config(data_dir=Path("x")).neighbour_addresses == ()
    for wrong in (
        {"neighbours": "10.0.0.1"},
        {"hall_url": "http://hall:1"},
        {"hall_url": "https://hall/990001"},
        {"serve_neighbours": "a:1,b:2"},
    ):
        with pytest.raises(ConfigError):
            Config(data_dir=Path("x"), **wrong)  # type: ignore[arg-type]  # settings by name


@pytest.mark.asyncio
async def test_what_a_killed_program_left_half_written_is_swept_away(tmp_path: Path) -> None:
    left = tmp_path / "000000000001-0011223344556677.sealed.new"
    left.write_bytes(b"half")
    carried = Carried(tmp_path)
    assert await carried.put(b"whole")
    assert not left.exists()
    assert await carried.count() == 1

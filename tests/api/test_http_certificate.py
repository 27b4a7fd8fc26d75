"""A terminal shows its certificate to the documented nginx, from memory; its key is in no file."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.api.upkeep import UpkeepDesk
from client.config import Config
from client.domain.enrolment import Enrolled
from client.domain.errors import LinkDownError, RefusedError
from client.domain.terminal import OrderKind, facts_of
from client.rules.settings import ConfigError
from offline.store.identity import TerminalIdentity, new_key, signing_request
from tests.cloud.nginx_builders import Wall, WallClock, a_wall

linux = pytest.mark.skipif(sys.platform != "linux", reason="memory files are Linux's")


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    with a_wall(tmp_path_factory.mktemp("wall")) as built:
        yield built


@pytest_asyncio.fixture
async def http(wall: Wall) -> AsyncIterator[Http]:
    made = Http(wall.url, None, now=WallClock(), ca_file=str(wall.ready["ca_file"]))
    yield made
    await made.close()


async def enrolled(http: Http, wall: Wall) -> tuple[Enrolled, TerminalIdentity]:
    key = new_key()
    told = await EnrolmentDesk(http).enrol(
        wall.ready["enrolment_tokens"].pop(), signing_request(key), "本庁1"
    )
    http.identity = identity = TerminalIdentity(told.terminal_no, key)
    return told, identity


@linux
@pytest.mark.service
@pytest.mark.asyncio
async def test_a_terminal_gets_through_with_its_certificate_and_not_without(http: Http, wall: Wall) -> None:
    told, identity = await enrolled(http, wall)
    with pytest.raises(RefusedError) as refused:
        await http.call("GET", "/v1/snapshot")
    assert refused.value.facts == {"reason": "terminal.no_certificate"}
    await http.present(lambda context: identity.show_in(context, told.certificate))
    for _ in range(2):  # on one connection
        assert (await http.call("GET", "/v1/snapshot", expect_bytes=100_000)).status == 200


@linux
@pytest.mark.service
@pytest.mark.asyncio
async def test_a_revoked_terminal_goes_on_without_it_and_hears_that_it_is_to_wipe(
    http: Http, wall: Wall
) -> None:
    told, identity = await enrolled(http, wall)
    await http.present(lambda context: identity.show_in(context, told.certificate))
    await wall.office(f"/terminals/{told.terminal_no}/revocation")
    wall.read_list_again()
    desk = UpkeepDesk(http, facts_of(told, wall.url))
    reason = ""
    for _ in range(200):  # nginx takes a moment to change its workers
        try:
            await http.call("GET", "/v1/snapshot", expect_bytes=100_000)
        except LinkDownError:
            continue  # the old worker has gone
        except RefusedError as error:
            reason = str(error.facts.get("reason", error.code))
            if reason == "terminal.no_certificate":
                break
        await asyncio.sleep(0.05)
    assert reason == "terminal.no_certificate"  # nginx refused the certificate; it is shown no more
    assert [order.kind for order in await desk.orders()] == [OrderKind.WIPE]


@linux
def test_the_key_comes_by_no_file_and_never_in_the_clear(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    wrote: list[bytes] = []
    made = os.memfd_create

    def watched(name: str, flags: int) -> int:
        number = made(name, flags)
        wrote.append(f"/proc/self/fd/{number}".encode())
        return number

    loaded = ssl.SSLContext.load_cert_chain

    def reading(context: ssl.SSLContext, path: str, keyfile: None = None, password: bytes = b"") -> None:
        wrote.append(Path(path).read_bytes())
        loaded(context, path, keyfile, password)

    monkeypatch.setattr(os, "memfd_create", watched)
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", reading)
    certificate = Path(wall.ready["ca_file"]).read_text("ascii")
    with pytest.raises(
        ssl.SSLError, match="KEY_VALUES_MISMATCH"
    ):  # another's certificate: only what is read counts
        TerminalIdentity("T0001", key).show_in(ssl.create_default_context(), certificate)
    place, content = wrote
    assert not Path(place.decode()).exists()
    assert b"ENCRYPTED PRIVATE KEY" in content
    clear = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).splitlines()[1]
    assert clear not in content


def test_where_there_are_no_memory_files_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigError, match="client_certificate"):
        Config(client_certificate="memfd", data_dir=Path("x"))

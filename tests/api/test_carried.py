"""What a hall server carries: sealed for the way, in the cloud once, unknown until the cloud itself has answered."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest

from client.api.carried import MOST_BYTES, CarriedBox
from client.api.commands import CommandBox
from client.api.http import Http
from client.domain.errors import ConflictError, RefusedError
from client.rules.authorship import signed_words
from cloud.routes.commands import MOST_SEALED
from offline.store.seal import sealed_batch
from tests.api.small_cloud import SmallCloud, small_cloud
from tests.api.test_cloud_doors import _tenkyo

pytestmark = pytest.mark.asyncio


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path) as made:
        yield made


def carried_by(cloud: SmallCloud, hall: Http) -> CarriedBox:
    assert cloud.enrolled
    seal = partial(sealed_batch, to=cloud.enrolled.command_keys[-1], municipality=cloud.tenant.municipality)
    return CarriedBox(hall, cloud.enrolled.terminal_no, seal)


async def test_a_batch_carried_is_heard_once_and_its_carrier_is_told_nothing_of_it(cloud: SmallCloud) -> None:
    await cloud.enrol()
    change = await cloud.sealed(_tenkyo())
    box = carried_by(cloud, cloud.http)  # the cloud hears a carrier as it hears any machine
    for _ in range(2):
        await box.give((change,))
    assert cloud.enrolled
    direct = CommandBox(cloud.http, cloud.enrolled.terminal_no)
    answer = await direct.ask(change.key)
    assert answer is not None
    version = cloud.register_version()
    (again,) = await direct.send((change,))
    assert (again.outcome, again.receipt) == (answer.outcome, answer.receipt)
    assert cloud.register_version() == version


async def test_what_travels_shows_nothing_of_whom_it_is_about(cloud: SmallCloud) -> None:
    await cloud.enrol()
    change = await cloud.sealed(_tenkyo())
    seen = Seen()
    await carried_by(cloud, seen).give((change,))  # type: ignore[arg-type]  # as much of a line as it needs
    travelled = base64.b64decode(seen.body["sealed"])
    for word in (change.key, change.kind.value, change.made_by, *change.residents, "sealed", "residents"):
        assert word.encode() not in travelled


class Seen:
    """A line that keeps what it is given."""

    async def call(self, _method: str, _path: str, *, json: dict[str, str]) -> None:
        self.body = json


async def test_what_the_town_cannot_open_is_refused(cloud: SmallCloud) -> None:
    await cloud.enrol()
    assert cloud.enrolled
    key = cloud.enrolled.command_keys[-1]
    body = msgspec.json.encode({"commands": []})
    for sealed in (
        sealed_batch(body, key, "990002"),
        sealed_batch(b"{", key, cloud.tenant.municipality),
        sealed_batch(body, key, cloud.tenant.municipality)[:-1],
        b"12345678" + sealed_batch(body, key, cloud.tenant.municipality)[8:],
    ):
        with pytest.raises((ConflictError, RefusedError)):
            await cloud.http.call("POST", "/v1/carried", json={"sealed": base64.b64encode(sealed).decode()})
    good = base64.b64encode(sealed_batch(body, key, cloud.tenant.municipality)).decode()
    reply = await cloud.http.call("POST", "/v1/carried", json={"sealed": good})
    assert msgspec.json.decode(reply.body) == {"taken": 0}


async def test_the_largest_command_that_goes_on_line_goes_carried_too(cloud: SmallCloud) -> None:
    await cloud.enrol()
    assert cloud.enrolled
    number, envelope = cloud.enrolled.terminal_no, bytes(MOST_SEALED)
    told = _tenkyo()
    signature = cloud.identity.sign(signed_words(told, number, envelope))
    change = replace(await cloud.sealed(told), sealed=envelope, signature=signature)
    await carried_by(cloud, cloud.http).give((change,))
    answer = await CommandBox(cloud.http, number).ask(change.key)
    assert answer is not None, "heard and remembered, though nobody can open what lies in it"


async def test_what_is_too_large_for_a_carrier_is_not_given_to_it(cloud: SmallCloud) -> None:
    await cloud.enrol()
    change = await cloud.sealed(_tenkyo())
    seen = Seen()
    with pytest.raises(RefusedError):
        await carried_by(cloud, seen).give((replace(change, sealed=bytes(MOST_BYTES)),))  # type: ignore[arg-type]  # as above
    assert not hasattr(seen, "body")

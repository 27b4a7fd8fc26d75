"""What a hall server carries reaches the cloud whatever that says of one batch, and goes only where the cloud has it."""

from pathlib import Path

import pytest

from client.domain.errors import ConflictError, CounterError, LinkDownError, RefusedError, SignInNeededError
from client.jobs.pass_on import PassOn
from offline.hall.relay import Carried

pytestmark = pytest.mark.asyncio


class Cloud:
    """A cloud that says what it is told to, of a batch or of all."""

    def __init__(self) -> None:
        self.has: list[bytes] = []
        self.says: dict[bytes, CounterError] = {}

    async def put(self, sealed: bytes) -> None:
        if error := self.says.get(sealed) or self.says.get(b""):
            raise error
        self.has.append(sealed)


async def carrying(folder: Path, *sealed: bytes) -> Carried:
    carried = Carried(folder)
    for one in sealed:
        assert await carried.put(one)
    return carried


async def test_what_was_handed_over_goes_up_oldest_first_and_is_let_go_of(tmp_path: Path) -> None:
    cloud, carried = Cloud(), await carrying(tmp_path, b"one", b"two", b"one")
    assert await PassOn(cloud, carried).round() == 0
    assert cloud.has == [b"one", b"two", b"one"]  # twice the same is the cloud's affair: it knows the keys
    assert await carried.count() == 0


@pytest.mark.parametrize(
    "trouble",
    [
        LinkDownError("link.unreachable"),
        LinkDownError("link.fault", status=200),  # a captive portal's page
        SignInNeededError("sign_in.clock_off", seconds=900),
        RefusedError("refused.by_cloud", reason="terminal.unknown"),
        RefusedError("refused.terminal_revoked"),
    ],
)
async def test_what_is_said_of_the_line_or_of_the_carrier_costs_no_batch(
    tmp_path: Path, trouble: CounterError
) -> None:
    cloud, carried = Cloud(), await carrying(tmp_path, b"one", b"two")
    cloud.says = {b"": trouble}
    job = PassOn(cloud, carried)
    for _ in range(5):
        with pytest.raises(type(trouble)):
            await job.round()
    assert await carried.count() == 2
    cloud.says = {}
    for _ in range(2):
        await job.round()
    assert sorted(cloud.has) == [b"one", b"two"]


@pytest.mark.parametrize(
    "no", [ConflictError("conflict.version"), RefusedError("refused.by_cloud", reason="request.too_many")]
)
async def test_what_the_cloud_says_is_no_batch_is_let_go_of(tmp_path: Path, no: CounterError) -> None:
    cloud, carried = Cloud(), await carrying(tmp_path, b"one", b"two")
    cloud.says = {b"one": no}
    assert await PassOn(cloud, carried).round() == 1
    assert (cloud.has, await carried.count()) == ([b"two"], 0)


async def test_a_batch_the_cloud_stumbles_over_holds_up_no_other_and_is_tried_again(tmp_path: Path) -> None:
    cloud, carried = Cloud(), await carrying(tmp_path, b"bad", b"good")
    cloud.says = {b"bad": LinkDownError("link.fault", status=500)}
    job = PassOn(cloud, carried)
    for _ in range(4):
        with pytest.raises(LinkDownError):
            await job.round()
    assert (cloud.has, await carried.count()) == ([b"good"], 1)
    cloud.says = {}
    assert await job.round() == 0
    assert cloud.has == [b"good", b"bad"]

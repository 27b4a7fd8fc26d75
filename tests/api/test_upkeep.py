"""Orders against the reference cloud: only the town's own word counts, whoever brings it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from client.api.upkeep import SignedOrder, UpkeepDesk, read_order
from client.domain.enrolment import TownKey
from client.domain.errors import LinkDownError, RefusedError
from client.domain.terminal import OrderKind, TerminalFacts, TerminalState, facts_of
from cloud.faults import Fault, FaultKind
from cloud.keys import add_keys, open_keys
from cloud.orders import NewOrder, Orders
from tests.api.small_cloud import SmallCloud, small_cloud

pytestmark = pytest.mark.asyncio


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[SmallCloud]:
    with small_cloud(tmp_path) as made:
        yield made


async def facts(cloud: SmallCloud) -> TerminalFacts:
    await cloud.enrol()
    assert cloud.enrolled
    return facts_of(cloud.enrolled, "https://cloud.example")


def carried(cloud: SmallCloud, terminal_no: str) -> SignedOrder:
    """What a neighbour brings: an order as the cloud gave it out."""
    words, key_id, signature = cloud.tenant.orders.open_for(terminal_no)[0].values()
    assert isinstance(signature, bytes)
    return SignedOrder(str(words), str(key_id), signature)


async def test_orders_are_read_oldest_first_and_said_to_be_done(cloud: SmallCloud) -> None:
    own = await facts(cloud)
    desk = UpkeepDesk(cloud.http, own)
    assert await desk.orders() == ()
    for kind, body in (("lock", {}), ("policy", {"sync_seconds": 60})):
        cloud.tenant.orders.give(NewOrder(own.terminal_no, kind, "o001", body))  # type: ignore[arg-type]  # of a list
    lock, policy = await desk.orders()
    assert (lock.kind, policy.kind, policy.body) == (OrderKind.LOCK, OrderKind.POLICY, {"sync_seconds": 60})
    assert abs(datetime.now(UTC) - lock.made_at) < timedelta(minutes=1)
    cloud.faults.plan(Fault(FaultKind.LOST_ANSWER, "/v1/orders/"))
    with pytest.raises(LinkDownError):
        await desk.done(lock.order_id, "done")
    await desk.done(lock.order_id, "done")
    assert await desk.orders() == (policy,)
    with pytest.raises(RefusedError, match=r"refused\.not_found"):
        await desk.done("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d23/x", "done")


async def test_a_revoked_terminal_reads_that_it_is_to_wipe(cloud: SmallCloud) -> None:
    own = await facts(cloud)
    cloud.tenant.terminals.revoke(own.terminal_no)
    (order,) = await UpkeepDesk(cloud.http, own).orders()
    assert order.kind is OrderKind.WIPE


async def test_a_carried_order_counts_by_its_signature_alone(cloud: SmallCloud) -> None:
    own = await facts(cloud)
    cloud.tenant.orders.give(NewOrder(own.terminal_no, "wipe", "o001"))
    order = carried(cloud, own.terminal_no)
    read = read_order(order, own)
    assert read is not None
    assert read.kind is OrderKind.WIPE
    words = json.loads(order.words)
    for changed in (
        SignedOrder(json.dumps(words | {"kind": "unlock"}), order.key_id, order.signature),
        SignedOrder(order.words + " ", order.key_id, order.signature),
        SignedOrder(order.words + "\ud800", order.key_id, order.signature),
        SignedOrder(order.words, "00" * 8, order.signature),
        SignedOrder(order.words, order.key_id, bytes(64)),
        SignedOrder(order.words, order.key_id, b""),
    ):
        assert read_order(changed, own) is None
    assert read_order(order, replace(own, terminal_no="T0099")) is None
    assert read_order(order, replace(own, municipality_code="990001")) is None


async def test_a_true_order_is_found_beside_one_of_an_unknown_kind(cloud: SmallCloud) -> None:
    own = await facts(cloud)
    for kind in ("dance", "lock"):
        cloud.tenant.orders.give(NewOrder(own.terminal_no, kind, "o001"))  # type: ignore[arg-type]  # a newer cloud's
    assert [order.kind for order in await UpkeepDesk(cloud.http, own).orders()] == [OrderKind.LOCK]


async def test_an_order_is_trusted_under_the_towns_next_key_too(cloud: SmallCloud) -> None:
    own, now = await facts(cloud), datetime.now(UTC)
    folder = cloud.tenant.folder / "keys"
    add_keys(folder, now + timedelta(minutes=30))
    keys = open_keys(folder, now)
    later = Orders(cloud.tenant.register, keys, lambda: now + timedelta(hours=1))
    later.give(NewOrder(own.terminal_no, "lock", "o001"))
    words, key_id, signature = later.open_for(own.terminal_no)[0].values()
    assert isinstance(signature, bytes)
    order, next_key = SignedOrder(str(words), str(key_id), signature), keys.feed[-1]
    assert key_id == next_key.key_id != own.feed_keys[0].key_id
    assert read_order(order, own) is None
    told = TownKey(next_key.key_id, next_key.public, next_key.since)
    assert read_order(order, replace(own, feed_keys=(*own.feed_keys, told))) is not None


async def test_a_terminals_state_reaches_the_office(cloud: SmallCloud) -> None:
    desk = UpkeepDesk(cloud.http, await facts(cloud))
    oldest = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    await desk.tell(TerminalState("1.2.0", 17, None, 2, oldest, -120))
    (line,) = cloud.tenant.states.all()
    assert line.told is not None
    assert (line.told.program, line.told.blocks_version, line.told.waiting) == ("1.2.0", None, 2)
    assert (line.told.oldest_waiting, line.told.clock_offset_ms) == ("2026-11-20T14:00:00Z", -120)

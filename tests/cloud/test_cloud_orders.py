"""Orders reach their terminal signed by the town, and are given until they are done; terminals say how they are."""

import json
from base64 import b64decode
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud.orders import NewOrder
from cloud.problems import ProblemError
from tests.cloud.cloud_builders import CODE, Site, Terminal, feed_keys
from tests.cloud.contract_reader import check

pytestmark = pytest.mark.asyncio


async def given(site: Site, terminal: Terminal) -> list[dict[str, Any]]:
    """Fetch the open orders of a terminal, check each signature as the contract has it, and return what they say."""
    answer = await terminal.call("GET", "/v1/orders")
    assert answer.status_code == httpx.codes.OK, answer.text
    opened = []
    for order in answer.json()["orders"]:
        verify(site, order)
        opened.append(json.loads(order["words"]))
        check({"$ref": "#/components/schemas/Order"}, opened[-1])
    return opened


def verify(site: Site, order: dict[str, str]) -> None:
    key = Ed25519PublicKey.from_public_bytes(feed_keys(site.tenant)[order["key_id"]])
    key.verify(b64decode(order["signature"]), b"madoguchi-order-v1\n" + order["words"].encode())


async def test_orders_come_signed_and_oldest_first_to_their_own_terminal_only(site: Site) -> None:
    other, orders = await site.another_terminal(), site.tenant.orders
    ids = [orders.give(NewOrder(site.terminal.number, "lock", "o001"))]
    site.clock.forward(hours=-1)  # the cloud's clock was set back: the order of orders stays
    ids.append(
        orders.give(NewOrder(site.terminal.number, "policy", "o001", {"sync_seconds": 60, "注": "夜間"}))
    )
    orders.give(NewOrder(other.number, "unlock", "o001"))
    first, second = await given(site, site.terminal)
    assert [first["order_id"], second["order_id"]] == ids == sorted(ids)
    assert (first["kind"], first["terminal_no"], first["municipality"]) == (
        "lock",
        site.terminal.number,
        CODE,
    )
    assert second["body"] == {"sync_seconds": 60, "注": "夜間"}
    assert [order["kind"] for order in await given(site, other)] == ["unlock"]


async def test_not_one_word_of_an_order_can_be_changed_by_who_carries_it(site: Site) -> None:
    site.tenant.orders.give(NewOrder(site.terminal.number, "lock", "o001"))
    (order,) = (await site.terminal.call("GET", "/v1/orders")).json()["orders"]
    for before, after in (
        ("lock", "wipe"),
        (site.terminal.number, "T0099"),
        (CODE, "990002"),
        ("2026", "2027"),
    ):
        assert before in order["words"]
        with pytest.raises(InvalidSignature):
            verify(site, order | {"words": order["words"].replace(before, after)})


async def test_an_order_is_given_again_until_it_is_done_and_the_first_word_counts(site: Site) -> None:
    order_id = site.tenant.orders.give(NewOrder(site.terminal.number, "lock", "o001"))
    for _ in range(2):
        assert [order["order_id"] for order in await given(site, site.terminal)] == [order_id]
    for result in ("done", "impossible"):
        told = await site.terminal.call("POST", f"/v1/orders/{order_id}/done", {"result": result})
        assert told.status_code == httpx.codes.NO_CONTENT
    assert await given(site, site.terminal) == []
    assert site.tenant.orders.told(order_id) == ("2026-11-20T05:00:00Z", "2026-11-20T05:00:00Z", "done")


async def test_nobody_reports_done_for_another_terminal(site: Site) -> None:
    other = await site.another_terminal()
    order_id = site.tenant.orders.give(NewOrder(site.terminal.number, "lock", "o001"))
    answer = await other.call("POST", f"/v1/orders/{order_id}/done", {"result": "done"})
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert len(await given(site, site.terminal)) == 1


async def test_a_terminal_that_does_not_exist_is_given_no_order(site: Site) -> None:
    with pytest.raises(ProblemError, match=r"refused\.not_found"):
        site.tenant.orders.give(NewOrder("T9999", "wipe", "o001"))


async def test_a_revoked_terminal_hears_that_it_is_to_wipe_and_says_when_it_has(site: Site) -> None:
    site.tenant.terminals.revoke(site.terminal.number, "o001")
    (order,) = await given(site, site.terminal)
    assert order["kind"] == "wipe"
    done = await site.terminal.call("POST", f"/v1/orders/{order['order_id']}/done", {"result": "done"})
    assert done.status_code == httpx.codes.NO_CONTENT
    assert await given(site, site.terminal) == []


STATE = {
    "program": "1.2.0",
    "register_version": 17,
    "blocks_version": 3,
    "waiting": 2,
    "oldest_waiting": "2026-11-20T04:31:40Z",
    "clock_offset_ms": -120,
}


async def test_the_office_sees_every_terminal_and_what_it_last_told(site: Site) -> None:
    silent, gone = await site.another_terminal(), await site.another_terminal()
    site.tenant.terminals.revoke(gone.number)
    for more in ({"waiting": 9}, {}):
        site.clock.forward(minutes=5)
        told = await site.terminal.call("PUT", "/v1/terminals/self/state", STATE | more)
        assert told.status_code == httpx.codes.NO_CONTENT
    first, second, third = site.tenant.states.all()
    assert first.told is not None
    assert (first.terminal_no, first.name, first.enrolled_at) == ("T0001", "本庁1", "2026-11-20T05:00:00Z")
    assert (first.told_at, first.told.program, first.told.waiting) == ("2026-11-20T05:10:00Z", "1.2.0", 2)
    assert (first.told.register_version, first.told.oldest_waiting) == (17, "2026-11-20T04:31:40Z")
    assert (second.terminal_no, second.told_at, second.told) == (silent.number, None, None)
    assert (third.terminal_no, third.revoked_since is not None, third.open_orders) == (gone.number, True, 1)


@pytest.mark.parametrize(
    "spoilt", [{"program": "渡邉 太郎"}, {"waiting": -1}, {"oldest_waiting": "2026-11-20T04:31:40"}]
)
async def test_a_state_that_is_not_of_the_contract_is_not_kept(site: Site, spoilt: dict[str, Any]) -> None:
    answer = await site.terminal.call("PUT", "/v1/terminals/self/state", STATE | spoilt)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed")
    assert site.tenant.states.all()[0].told is None

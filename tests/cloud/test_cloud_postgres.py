"""Many writers at once on a real PostgreSQL server: exactly once, and versions without gaps."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from cloud import chunks, storage
from cloud.factors.desk import Proof
from cloud.leases import Holder
from cloud.orders import NewOrder
from cloud.problems import ProblemError
from cloud.register import put
from cloud.sign_in import SignInDesk
from cloud.totp import code_at, step_at
from tests.cloud import postgres
from tests.cloud.attachment_builders import SCAN, a_bundle
from tests.cloud.cloud_builders import HANAKO, PASSWORD, SEED, TARO, Site, Terminal, a_site
from tests.cloud.intake_builders import YES, a_newcomer, decided, holds, request, taken, tennyu
from tests.cloud.test_cloud_commands import heads, lines

pytestmark = pytest.mark.database


@pytest_asyncio.fixture
async def site(tmp_path: Path, server: postgres.Server) -> AsyncIterator[Site]:
    with server.database() as url:
        built = await a_site(tmp_path / "cloud", url)
        yield built
        await built.client.aclose()
        built.tenant.close()


@pytest.mark.asyncio
async def test_commands_take_effect_once_and_versions_have_no_gaps(site: Site) -> None:
    requests = [
        site.terminal.tenkyo({"subject": subject, "ido_date": f"2026-11-{day}"})
        for day in range(10, 15)
        for subject in (TARO, HANAKO)
    ]
    facts = [site.terminal.issued(serial) for serial in range(20)]
    calls = [site.terminal.send(request, *facts) for request in requests for _ in range(2)]
    answers = [answer for batch in await asyncio.gather(*calls) for answer in batch]
    outcomes = [answer["outcome"] for answer in answers]
    assert outcomes.count("accepted") == len(requests) + len(facts)
    assert set(outcomes) == {"accepted", "already"}
    assert heads(site) == (1 + len(requests), 1)
    past = sorted(line.version for line in lines(site, storage.feed_version) if line.feed == "register")
    assert past == list(range(1, 2 + len(requests)))
    assert len(lines(site, storage.issue_book)) == len(facts)
    assert not lines(site, storage.quarantine)


@pytest.mark.asyncio
async def test_a_snapshot_is_one_state_of_the_register_though_it_is_written_meanwhile(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    register, real, numbers = site.tenant.register, chunks.seal, count()

    def seal_and_write(secret: bytes, content: bytes) -> chunks.Sealed:
        row = {"announcement_id": str(next(numbers)), "text": "おしらせ"}
        with register.writing() as connection:
            register.commit(connection, "register", [put("announcement", row)])
        return real(secret, content)

    monkeypatch.setattr(chunks, "seal", seal_and_write)
    assert site.tenant.snapshots.refresh()
    manifest = site.opened(await site.terminal.call("GET", "/v1/snapshot"))
    assert heads(site)[0] == 1 + len(manifest["chunks"])
    assert manifest["register_version"] == 1
    assert "announcement" not in {chunk["table"] for chunk in manifest["chunks"]}


@pytest.mark.asyncio
async def test_a_terminal_renews_is_revoked_and_says_that_it_has_wiped(site: Site) -> None:
    orders, terminal = site.tenant.orders, site.terminal
    ids = [orders.give(NewOrder(terminal.number, "lock", "o001")) for _ in range(3)]
    new = Terminal(site.client, site.clock)
    renewed = await terminal.call("POST", "/v1/terminals/self/certificate", {"csr": new.csr()})
    assert renewed.status_code == 201
    terminal.key = new.key
    told = {"program": "1.0", "waiting": 0, "clock_offset_ms": 0}
    assert (await terminal.call("PUT", "/v1/terminals/self/state", told)).status_code == 204
    site.tenant.terminals.revoke(terminal.number)
    given = [json.loads(one["words"]) for one in (await terminal.call("GET", "/v1/orders")).json()["orders"]]
    assert [order["order_id"] for order in given][:3] == ids
    for order in given:
        done = await terminal.call("POST", f"/v1/orders/{order['order_id']}/done", {"result": "done"})
        assert done.status_code == 204
    (line,) = site.tenant.states.all()
    assert (line.open_orders, line.told and line.told.program) == (0, "1.0")
    assert len(list(site.tenant.crl.refresh())) == 2


@pytest.mark.asyncio
async def test_of_one_code_at_two_terminals_at_once_one_wins(site: Site) -> None:
    other = await site.another_terminal()
    for _ in range(5):
        site.clock.forward(seconds=30)
        code, desk = code_at(SEED, step_at(site.clock())), site.tenant.sign_in

        def sign_in(number: str, code: str = code, desk: SignInDesk = desk) -> str:
            try:
                return desk.open(number, "s001", PASSWORD, Proof("totp", code)).clerk.staff_id
            except ProblemError as error:
                return error.code

        numbers = (site.terminal.number, other.number) * 3
        told = await asyncio.gather(*(asyncio.to_thread(sign_in, number) for number in numbers))
        assert sorted(told) == ["s001"] + ["sign_in.code_used"] * 5


@pytest.mark.asyncio
async def test_guesses_from_many_terminals_at_once_are_counted_one_by_one(
    site: Site,
) -> None:
    terminals = [site.terminal, *[await site.another_terminal() for _ in range(3)]]
    for staff_id in ("s001", "nobody"):
        guesses = [terminal.sign_in(staff_id, "wrong") for terminal in terminals for _ in range(3)]
        told = [answer.json()["code"] for answer in await asyncio.gather(*guesses)]
        assert told.count("sign_in.wrong_secret") == 4
        assert told.count("sign_in.locked_out") == 8


@pytest.mark.asyncio
async def test_renewals_sign_outs_and_suspensions_at_once_leave_no_open_door(
    site: Site,
) -> None:
    await site.terminal.sign_in()
    number, token, renew = site.terminal.number, site.terminal.token, site.tenant.sessions.renew
    fresh = await asyncio.gather(*(asyncio.to_thread(renew, number, token) for _ in range(6)))

    def works(value: str) -> bool:
        try:
            site.tenant.sessions.clerk(number, value)
        except ProblemError:
            return False
        return True

    used = await asyncio.gather(*(asyncio.to_thread(works, one.value) for one in fresh))
    assert used.count(True) == 1
    (good,) = (one.value for one, is_good in zip(fresh, used, strict=True) if is_good)
    suspended = asyncio.to_thread(site.tenant.personnel.suspend, "s001", done_by="o001")
    await asyncio.gather(suspended, *(asyncio.to_thread(works, good) for _ in range(6)))
    assert not works(good)


@pytest.mark.asyncio
async def test_of_many_at_once_one_edits_and_each_newcomer_gets_a_number(site: Site) -> None:

    def take(place: int) -> bool:
        try:
            site.tenant.leases.take(TARO, Holder(f"s{place}", "誰か", "市民課", f"T{place:04d}"))
        except ProblemError:
            return False
        return True

    outcomes = await asyncio.gather(*(asyncio.to_thread(take, place) for place in range(12)))
    assert outcomes.count(True) == 1
    new = [
        a_newcomer(f"p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d{place}", birth_date=f"1990-04-{place - 20}")
        for place in range(30, 34)
    ]  # four people: who is the same as another is a duplicate
    keys = [await taken(site, tennyu(site.terminal, one)) for one in new]
    told = await asyncio.gather(*(decided(site, key, YES) for key in keys))
    assert len({number for answer in told for number in answer["provisional"].values()}) == len(new)


@pytest.mark.asyncio
async def test_holds_attachments_journals_and_quarantine_are_the_same_there(
    site: Site,
) -> None:
    command = request(site.terminal, "todoke.tenshutsu")
    bundle = a_bundle(site.terminal, str(command["key"]), cuts=6)
    await bundle.begin()
    answers = await asyncio.gather(*(bundle.put(place) for place in (*range(1, 7), *range(6, 0, -1))))
    assert {answer.status_code for answer in answers} == {200}
    key = await taken(site, command)
    assert len(holds(site, key)) == 6
    assert (await bundle.state())["state"] == "attached"
    assert site.tenant.attachments.opened(bundle.key, "s002") == SCAN
    segment, _ = site.terminal.journal(3, 2, bytes(32))
    await site.terminal.send(segment, site.terminal.issued(1), site.terminal.issued(1))
    (trouble,) = (await site.office("GET", "/journal-trouble")).json()["troubles"]
    assert (trouble["trouble"], trouble["first"], trouble["last"]) == ("gap", 1, 2)
    (item,) = (await site.office("GET", "/quarantine")).json()["items"]
    answer = await site.office("POST", f"/quarantine/{item['item_id']}/release", {"by": "o001"})
    assert answer.json()["reason"] == "serial_twice"
    await decided(site, key, YES)
    assert holds(site, key) == []

"""The outbox held against the reference cloud, which was put back to its backup, or holds what nobody here wrote."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from client.domain.change import ChangeState
from client.domain.tally import Expected, Tally
from client.jobs.reconcile_outbox import AFTER_SENDING, AT_REST
from client.rules.outbox import NEEDS_A_PERSON
from client.rules.projection import PENDING
from cloud import storage
from tests.builders import HANAKO, TARO
from tests.jobs.forgetful_cloud import KEY, ForgetfulCloud, Terminal

pytestmark = pytest.mark.asyncio


@pytest.fixture
def cloud(tmp_path: Path) -> ForgetfulCloud:
    return ForgetfulCloud(tmp_path)


@pytest_asyncio.fixture
async def terminal(cloud: ForgetfulCloud, tmp_path: Path) -> AsyncIterator[Terminal]:
    made = await Terminal(cloud, tmp_path / "pc").open()
    yield made
    await made.close()
    cloud.stop()


async def test_what_a_cloud_forgot_is_sent_again_before_anything_newer(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    first = await terminal.move()
    await terminal.drain()
    cloud.back_up()
    lost = [await terminal.move(), await terminal.move()]
    await terminal.drain(2)
    before = {key: (await terminal.one(key)).receipt for key in lost}
    cloud.put_back()  # and the terminal has not met a closed door meanwhile
    last = await terminal.move()
    await terminal.drain(3)
    assert cloud.intakes == [first, *lost, last]
    assert set((await terminal.states()).values()) == {ChangeState.ACCEPTED}
    for key in lost:
        assert (await terminal.one(key)).forgotten == before[key]
    assert (terminal.codes, terminal.named[0].facts) == (["link.forgot"], {"changes": 2})


async def test_a_forgotten_move_is_pending_again_though_it_had_landed(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    cloud.back_up()
    key = await terminal.move()
    await terminal.drain()
    await terminal.land()
    assert (await terminal.one(key)).state not in PENDING
    cloud.put_back()
    terminal.begin()
    await terminal.reconcile.before()
    assert (await terminal.one(key)).state is ChangeState.UNKNOWN
    assert (await terminal.one(key)).state in PENDING


async def test_it_goes_out_as_it_was_sealed_and_signed(cloud: ForgetfulCloud, terminal: Terminal) -> None:
    cloud.back_up()
    await terminal.move()
    await terminal.drain()
    cloud.put_back()
    terminal.begin()
    await terminal.drain()
    sent = [
        json.loads(body)["commands"] for path, body, _ in cloud.way.bodies if path.endswith("/v1/commands")
    ]
    first, again = [batch for batch in sent if batch]
    assert first == again


async def test_a_different_answer_the_second_time_is_a_case_for_a_person(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    key = await terminal.move(base=0)
    cloud.back_up()
    await terminal.drain()
    receipt = (await terminal.one(key)).receipt
    cloud.put_back()
    with cloud.tenant.engine.begin() as connection:  # somebody has changed the record since
        resident = storage.rows["resident"]
        connection.execute(sa.update(resident).where(resident.c.atena_no == TARO).values(history_no=9))
    terminal.begin()
    await terminal.drain(2)
    change = await terminal.one(key)
    assert change.state in NEEDS_A_PERSON
    assert (change.forgotten, change.receipt) == (receipt, None)
    assert (await terminal.ledger.outbox_counts()).wants_a_clerk == 1


async def test_a_refusal_that_was_forgotten_is_not_sent_again(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    cloud.back_up()
    key = await terminal.move(base=4)
    await terminal.drain()
    assert (await terminal.one(key)).state is ChangeState.CONFLICT
    cloud.put_back()
    terminal.begin()
    await terminal.drain(2)
    assert (await terminal.one(key)).state is ChangeState.CONFLICT
    assert (cloud.intakes, terminal.codes) == ([], [])
    asked = cloud.way.calls("/tally")
    cloud.clock.forward(AT_REST)
    await terminal.drain()
    assert cloud.way.calls("/tally") == asked + 1  # and the books agree from then on


async def test_what_the_cloud_holds_and_the_ledger_does_not_know_is_named(
    cloud: ForgetfulCloud, terminal: Terminal, tmp_path: Path
) -> None:
    await terminal.issue()
    await terminal.drain()
    await terminal.ledger.close()
    shutil.copytree(terminal.folder, tmp_path / "older")
    await terminal.ledger.open(KEY, begun=True)
    await terminal.move()
    await terminal.move(HANAKO)
    await terminal.drain(2)
    await terminal.ledger.close()
    shutil.rmtree(terminal.folder)
    shutil.copytree(tmp_path / "older", terminal.folder)  # mark and all: nothing on this disk tells
    await terminal.ledger.open(KEY, begun=True)
    for _ in range(2):
        terminal.named.clear()
        terminal.begin()
        await terminal.drain()
        assert (terminal.codes, terminal.named[0].facts) == (["store.strangers"], {"changes": 2})
    journal = await terminal.ledger.journal_tail(20)
    assert [row.entry.facts["what"] for row in journal if row.entry.kind == "loss"] == ["stranger"] * 2
    key = await terminal.move(TARO)  # and the counter goes on
    await terminal.drain()
    assert (await terminal.one(key)).state in {ChangeState.ACCEPTED, ChangeState.REFUSED}


async def test_an_unknown_change_that_was_heard_is_no_stranger(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    key = await terminal.move()
    (change,) = await terminal.ledger.outbox()
    await terminal.box.send((change,))  # the answer is lost
    await terminal.drain(2)
    assert (await terminal.one(key)).state is ChangeState.ACCEPTED
    assert (terminal.named, cloud.intakes) == ([], [key])


async def test_a_key_that_the_cloud_does_not_keep_is_not_sent_for_ever(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    cloud.back_up()
    key = await terminal.move()
    await terminal.drain()
    for _ in range(5):
        cloud.put_back()
        terminal.begin()
        await terminal.drain(2)
    assert terminal.codes == ["link.forgot"] * 3 + ["store.forgotten_gone"]
    assert (await terminal.one(key)).state is ChangeState.ACCEPTED


async def test_a_quiet_round_costs_less_than_two_hundred_bytes_more(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    await terminal.issue(40)
    await terminal.drain()
    asked = cloud.way.calls("/tally")
    for _ in range(5):
        await terminal.issue()
        await terminal.drain()
    assert cloud.way.calls("/tally") == asked
    body = next(body for path, body, _ in reversed(cloud.way.bodies) if path.endswith("/v1/commands"))
    asked_of = json.loads(body)
    assert 0 < len(json.dumps({"tally": asked_of["tally"]}, separators=(",", ":"))) < 150


async def test_at_rest_the_books_are_compared_once_after_sending_and_then_every_hour(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    await terminal.issue()
    await terminal.drain()
    seen = []
    for wait in (AFTER_SENDING / 2, AFTER_SENDING, AT_REST / 2, AT_REST / 2):
        before = cloud.way.calls("/tally")
        cloud.clock.forward(wait)
        await terminal.drain()
        seen.append(cloud.way.calls("/tally") - before)
    assert seen == [0, 1, 0, 1]


async def test_a_cloud_without_the_call_is_believed_as_before(
    cloud: ForgetfulCloud, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown(since: str, until: str | None, *, whole: bool) -> None:
        return None

    monkeypatch.setattr(terminal.box, "tally", unknown)
    key = await terminal.move()
    await terminal.drain()
    assert (await terminal.one(key)).state is ChangeState.ACCEPTED
    assert all(b'"tally"' not in body for _, body, _ in cloud.way.bodies)


async def test_a_cloud_that_cannot_count_does_not_stop_the_outbox(
    cloud: ForgetfulCloud, terminal: Terminal
) -> None:
    terminal.reconcile._rest(Expected("00000000-0000-0000-0000-000000000000", Tally(7, 7)))
    key = await terminal.move()
    with cloud.tenant.engine.begin() as connection:  # its sums are wrong, whatever it is asked
        line = {"municipality": cloud.tenant.municipality, "terminal": terminal.number, "slice": 1}
        connection.execute(sa.insert(storage.command_tally), [{**line, "held": 3, "total": bytes(32)}])
    await terminal.drain(8)
    assert (await terminal.one(key)).state is ChangeState.ACCEPTED

"""The outbox screen's model: what stops everything, and what waits for a person."""

import pytest

from client.domain.change import ChangeState, Fate
from client.domain.errors import CounterError, LinkDownError, RefusedError
from tests.builders import NOW
from tests.jobs.test_ledger_port import a_change
from tests.ui.test_models import WORDS, Desk
from ui.screens.outbox.model import OutboxJobs, OutboxModel

pytestmark = pytest.mark.asyncio


class Stopped:
    """A sender that only says why it does not send."""

    stopped: CounterError | None = None
    asked = 0

    async def at_once(self) -> None:
        self.asked += 1


async def test_a_stop_is_said_in_one_line_and_a_parked_one_goes_again_where_a_clerk_says_so() -> None:
    desk = Desk()
    jobs = desk.world.jobs
    ledger, sender = jobs.ledger, Stopped()
    change = await ledger.queue(a_change())
    await ledger.lease((change.key,), now=NOW)
    await ledger.settle_all((Fate(change.key, ChangeState.UNKNOWN, words="refused.stumbles"),))
    outbox = OutboxModel(
        WORDS,
        OutboxJobs(
            listing=jobs.follow,
            counts=ledger.outbox_counts,
            sender=sender,
            send_again=lambda key: jobs.settle.send_again(desk.sign_in, key),
            withdraw=lambda *told: jobs.settle.withdraw(desk.sign_in, *told),
            note_call=lambda key: jobs.follow.note_call(desk.sign_in, key),
            slip=lambda one: jobs.slip(desk.sign_in, one),
        ),
        desk.later,
        desk.world.clock,
    )
    outbox.load()
    await desk.later.all()
    (line,) = outbox.lines()
    assert (line.tone, line.state) == ("bad", WORDS("change_state.parked"))
    assert WORDS.error("refused.stumbles").do in line.words
    assert (outbox.may_send_again, outbox.may_withdraw) == (True, False)
    assert outbox.stop == ""
    for error, said in (
        (RefusedError("refused.terminal_revoked"), WORDS.error("refused.terminal_revoked").what),
        (RefusedError("refused.not_found"), WORDS("outbox.wrong_place")),
        (LinkDownError("link.fault", status=302), WORDS("outbox.wrong_place")),
    ):
        sender.stopped = error
        assert said in outbox.stop
        assert "\n" not in outbox.stop
    outbox.send_again()
    await desk.later.all()
    assert sender.asked == 1
    assert not any(change.is_parked for change in outbox.changes)

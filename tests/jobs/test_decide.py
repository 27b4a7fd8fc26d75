"""決裁: whoever only receives puts together, and somebody else with the right decides, each time anew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from client.domain.as_of import Source
from client.domain.blocks import Restrictions
from client.domain.certificate import CertificateRequest, Eligibility
from client.domain.change import ChangeKind
from client.domain.clerk import CloudSignIn, HowSignedIn, Right, SignIn
from client.domain.errors import (
    ConflictError,
    LinkDownError,
    RefusedError,
    SignInNeededError,
)
from client.domain.release import Secrets
from client.jobs.check_person import CheckPerson
from client.jobs.decide import Decide
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.issue_copy import Issued
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.rules.intakes import FORMS
from tests.builders import TARO, a_household, a_request, a_sign_in, a_tenkyo, some_words
from tests.fakes import (
    FakeClock,
    MemoryKeys,
    MemoryLedger,
    MemoryLink,
    MemoryPress,
    MemoryRegister,
    counted_random,
)

pytestmark = pytest.mark.asyncio

PASSWORD = "aozora"
RECEIVER, STAFF, VIEWER, BOTH = "s001", "s002", "s003", "s004"
TENKYO = next(form for form in FORMS.values() if form.kind is ChangeKind.TENKYO)


class Cloud:
    """It gives a paper's record to who may issue it, by the token that is shown; and says in whose name it was asked."""

    def __init__(self, people: dict[str, SignIn], register: MemoryRegister) -> None:
        self.people, self.register = people, register
        self.asked: list[str] = []
        self.there: list[str] = []
        self.silent = False

    async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
        if self.silent:
            raise LinkDownError("link.down")
        if staff_id not in self.people or password != PASSWORD:
            raise SignInNeededError("sign_in.wrong_secret")
        self.there.append(staff_id)
        return CloudSignIn(self.people[staff_id], b"seed", int(code), b"deposit")

    async def renew(self, sign_in: SignIn) -> SignIn:
        return sign_in

    async def sign_out(self, sign_in: SignIn) -> None:
        self.there.remove(sign_in.clerk.staff_id)

    async def eligibility(self, request: CertificateRequest, decider: SignIn | None = None) -> Eligibility:
        who = decider or self.people[RECEIVER]
        self.asked.append(who.clerk.staff_id)
        if self.silent:
            raise LinkDownError("link.down")
        if decider and decider.clerk.staff_id not in self.there:
            raise SignInNeededError("sign_in.expired")
        if Right.ISSUE not in who.clerk.rights:
            raise RefusedError("refused.right_missing", right="issue")
        told = await self.register.household_of(request.subject)
        as_of = replace(told.as_of, source=Source.CLOUD)
        return Eligibility(told.value, self.register.restrictions, some_words(), (), as_of)


class Counter:
    """A counter at which s001 of an outsourced desk receives, s002 issues and accepts, s003 only looks up."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.people = {
            RECEIVER: a_sign_in(Right.VIEW, Right.RECEIVE, staff_id=RECEIVER),
            STAFF: a_sign_in(Right.VIEW, Right.ISSUE, Right.ACCEPT, staff_id=STAFF),
            VIEWER: a_sign_in(Right.VIEW, Right.OFFICER, Right.RECEIVE, staff_id=VIEWER),
            BOTH: a_sign_in(Right.VIEW, Right.ISSUE, Right.ACCEPT, Right.RECEIVE, staff_id=BOTH),
        }
        self.clerk = self.people[RECEIVER]
        self.register = MemoryRegister(Source.REPLICA, [a_household()], Restrictions())
        self.cloud = Cloud(self.people, self.register)
        self.ledger = MemoryLedger(self.clock)
        self.link = MemoryLink()
        self.keys = MemoryKeys(self.clock)
        for staff_id, person in self.people.items():
            kept = replace(person, how=HowSignedIn.OFFLINE, access_token=None)
            self.keys.people[staff_id] = (PASSWORD, CloudSignIn(kept, b"seed", 1, b"deposit"))
        reach = Reach(self.link, wait=0.05)
        self.issue = IssueCertificate(
            self.cloud,
            self.register,
            reach,
            self.ledger,
            MemoryPress(),
            now=self.clock,
            declared=lambda: False,
            words=self.register.form_words,
            clock_offset_ms=lambda: 0,
        )
        self.queue = QueueChange(
            self.register,
            self.register,
            reach,
            self.ledger,
            now=self.clock,
            random=counted_random(),
            clock_offset_ms=lambda: 0,
        )
        check = CheckPerson(self.cloud, self.keys, self.ledger, self.link, now=self.clock)
        self.decide = Decide(check, self.ledger, now=self.clock)

    def cut(self) -> None:
        self.link.usable = False
        self.clerk = replace(self.clerk, how=HowSignedIn.OFFLINE, access_token=None)

    async def issued_by(self, staff_id: str, password: str = PASSWORD) -> tuple[Issued, ...]:
        prepared = await self.issue.prepare(self.clerk, a_request())
        return await self.decide(
            self.clerk,
            Secrets(staff_id, password, "111111"),
            Right.ISSUE,
            (TARO,),
            lambda decider: self.issue.issue(self.clerk, prepared, decider),
        )

    async def taken_in_by(self, staff_id: str) -> None:
        await self.decide(
            self.clerk,
            Secrets(staff_id, PASSWORD, "111111"),
            Right.ACCEPT,
            (TARO,),
            lambda decider: self.queue.take(self.clerk, TENKYO, a_tenkyo(), decider=decider),
        )

    def lines(self, kind: str) -> list[tuple[str, object]]:
        journal = self.ledger.journal
        return [(one.actor, one.facts.get("decided_by")) for one in journal if one.kind == kind]


async def test_who_receives_looks_at_a_paper_that_may_be_issued_and_the_cloud_is_not_asked_in_their_name() -> (
    None
):
    counter = Counter()
    prepared = await counter.issue.prepare(counter.clerk, a_request())
    assert prepared.decided.members
    assert counter.cloud.asked == []
    assert not prepared.offline


async def test_on_line_a_paper_is_issued_in_the_name_of_who_decides_whose_session_ends_with_it() -> None:
    counter = Counter()
    (issued,) = await counter.issued_by(STAFF)
    assert issued.trouble is None
    assert counter.cloud.asked == [STAFF]
    assert counter.cloud.there == []
    assert counter.lines("issue") == [(RECEIVER, STAFF)]


async def test_off_line_too_a_paper_is_issued_by_decision_alone() -> None:
    counter = Counter()
    counter.cut()
    (issued,) = await counter.issued_by(STAFF)
    assert issued.trouble is None
    assert counter.lines("issue") == [(RECEIVER, STAFF)]
    assert counter.cloud.asked == []


@pytest.mark.parametrize("cut", [False, True], ids=["on line", "off line"])
@pytest.mark.parametrize(
    ("who", "code"),
    [
        (RECEIVER, "refused.decision_self"),
        (f" {RECEIVER} ", "refused.decision_self"),
        (VIEWER, "refused.right_missing"),
    ],
)
async def test_nobody_decides_alone_or_without_the_right(who: str, code: str, cut: bool) -> None:
    counter = Counter()
    if cut:
        counter.cut()
    with pytest.raises(RefusedError, match=code.replace(".", r"\.")):
        await counter.issued_by(who)
    assert counter.lines("issue") == []
    assert counter.cloud.there == []


async def test_wrong_secrets_decide_nothing_and_stand_in_the_book() -> None:
    counter = Counter()
    with pytest.raises(SignInNeededError):
        await counter.issued_by(STAFF, password="guess")
    assert [one.facts["who"] for one in counter.ledger.journal if one.kind == "sign_in"] == [STAFF]
    assert counter.lines("issue") == []


async def test_no_door_opens_for_who_receives_without_a_decision() -> None:
    counter = Counter()
    prepared = await counter.issue.prepare(counter.clerk, a_request())
    with pytest.raises(RefusedError, match=r"refused\.decision_needed"):
        await counter.issue.issue(counter.clerk, prepared)
    with pytest.raises(RefusedError, match=r"refused\.decision_needed"):
        await counter.queue.take(counter.clerk, TENKYO, a_tenkyo())
    assert counter.lines("issue") == counter.lines("intake") == []
    assert [one.facts["code"] for one in counter.ledger.journal if one.kind == "refusal"] == [
        "refused.decision_needed"
    ] * 2


async def test_a_decider_who_is_handed_to_the_door_is_judged_there_again() -> None:
    counter = Counter()
    prepared = await counter.issue.prepare(counter.clerk, a_request())
    late = replace(counter.people[STAFF], lease=replace(counter.people[STAFF].lease, until=counter.clock()))
    lent = replace(counter.people[STAFF], let_in_by=("s009", "s010"))
    oneself = replace(counter.people[STAFF], clerk=replace(counter.people[STAFF].clerk, staff_id=RECEIVER))
    for decider in (counter.people[RECEIVER], counter.people[VIEWER], late, lent, oneself):
        with pytest.raises((RefusedError, SignInNeededError)):
            await counter.issue.issue(counter.clerk, prepared, decider)
        with pytest.raises((RefusedError, SignInNeededError)):
            await counter.queue.take(counter.clerk, TENKYO, a_tenkyo(), decider=decider)
    assert counter.lines("issue") == counter.lines("intake") == []


async def test_a_decision_is_for_one_paper_the_next_takes_another() -> None:
    counter = Counter()
    prepared = await counter.issue.prepare(counter.clerk, a_request())
    await counter.issued_by(STAFF)
    with pytest.raises(RefusedError, match=r"refused\.decision_needed"):
        await counter.issue.issue(counter.clerk, prepared)


async def test_who_was_kept_from_the_act_cannot_go_on_with_the_session_after_it() -> None:
    counter = Counter()
    prepared = await counter.issue.prepare(counter.clerk, a_request())
    kept: list[SignIn] = []

    async def keep(decider: SignIn) -> None:
        kept.append(decider)

    await counter.decide(counter.clerk, Secrets(STAFF, PASSWORD, "111111"), Right.ISSUE, (TARO,), keep)
    with pytest.raises(SignInNeededError):
        await counter.issue.issue(counter.clerk, prepared, kept[0])


async def test_the_decider_needs_what_stands_on_the_paper_too() -> None:
    counter = Counter()
    counter.cut()
    with_honseki = replace(a_request(), options=replace(a_request().options, honseki=True))
    receiver = counter.people[RECEIVER]
    rights = receiver.clerk.rights | {Right.HONSEKI}
    counter.clerk = replace(counter.clerk, clerk=replace(receiver.clerk, rights=rights))
    prepared = await counter.issue.prepare(counter.clerk, with_honseki)
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.issue.issue(counter.clerk, prepared, counter.people[STAFF])


async def test_what_moved_on_before_the_decision_is_shown_again() -> None:
    counter = Counter()
    prepared = await counter.issue.prepare(counter.clerk, a_request())
    moved = a_household()
    member = replace(moved.members[0], relationship="同居人")
    counter.register.households[0] = replace(moved, members=(member, *moved.members[1:]))
    with pytest.raises(ConflictError):
        await counter.decide(
            counter.clerk,
            Secrets(STAFF, PASSWORD, "111111"),
            Right.ISSUE,
            (TARO,),
            lambda decider: counter.issue.issue(counter.clerk, prepared, decider),
        )


async def test_a_notification_is_taken_in_by_decision_and_answered_for_by_who_decided() -> None:
    counter = Counter()
    await counter.taken_in_by(STAFF)
    (change,) = counter.ledger.changes.values()
    assert change.made_by == STAFF
    assert counter.lines("intake") == [(RECEIVER, STAFF)]


async def test_who_may_issue_and_receive_issues_alone() -> None:
    counter = Counter()
    counter.cut()
    counter.clerk = replace(counter.people[BOTH], how=HowSignedIn.OFFLINE, access_token=None)
    (issued,) = await counter.issue.issue(
        counter.clerk, await counter.issue.prepare(counter.clerk, a_request())
    )
    assert issued.trouble is None
    assert counter.lines("issue") == [(BOTH, None)]


async def test_a_session_that_is_over_gets_no_decision() -> None:
    counter = Counter()
    prepared = await counter.issue.prepare(counter.clerk, a_request())
    counter.clock.forward(timedelta(days=400))
    with pytest.raises(SignInNeededError):
        await counter.decide(
            counter.clerk,
            Secrets(STAFF, PASSWORD, "111111"),
            Right.ISSUE,
            (TARO,),
            lambda decider: counter.issue.issue(counter.clerk, prepared, decider),
        )
    assert counter.cloud.there == []

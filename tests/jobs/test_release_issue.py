"""一時解除: who may release, what it covers, when it ends, and what the book says."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from client.domain.as_of import Source
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.certificate import (
    CertificateRequest,
    Eligibility,
    IdentityCheck,
    JuminhyoOptions,
    Requester,
)
from client.domain.change import ChangeKind
from client.domain.clerk import CloudSignIn, Right, SignIn
from client.domain.errors import ConflictError, LinkDownError, RefusedError, SignInNeededError, StoreError
from client.domain.release import Release, Secrets
from client.jobs.check_person import CheckPerson
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.issue_copy import Prepared
from client.jobs.reach import Reach
from client.jobs.release_issue import ReleaseIssue
from client.rules import gate
from client.rules.other_side import Asking
from tests.builders import HANAKO, TARO, a_household, a_request, a_sign_in, some_words
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

MEASURE = ShienSochi("m1", HANAKO, provisional=False, starts=None, ends=None)
PROTECTED = Restrictions(shien_sochi=(MEASURE,))
BLOCK = Block("b1", TARO, None, BlockProcess.ISSUE, BlockLevel.ERROR, "確認中", None, None)
PASSWORD = "aozora"
ASKING = Asking("渡邉　花子", date(1985, 1, 2))


class Cloud:
    """Sign-in and eligibility: it refuses whatever is blocked, whoever asks, and knows no release."""

    def __init__(self, people: dict[str, SignIn], register: MemoryRegister) -> None:
        self.people = people
        self.register = register
        self.ended: list[str] = []
        self.extra: str = ""
        self.measures_key = b""

    async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
        if staff_id not in self.people or password != PASSWORD:
            raise SignInNeededError("sign_in.wrong_secret")
        person = self.people[staff_id]
        return CloudSignIn(person, b"seed", int(code), b"deposit", measures_key=self.measures_key)

    async def renew(self, sign_in: SignIn) -> SignIn:
        return sign_in

    async def sign_out(self, sign_in: SignIn) -> None:
        self.ended.append(sign_in.clerk.staff_id)

    async def eligibility(self, request: CertificateRequest, decider: SignIn | None = None) -> Eligibility:
        if self.extra:
            raise RefusedError(self.extra)
        on_paper = {request.subject, *request.members}
        if any(one.atena_no in on_paper for one in self.register.restrictions.shien_sochi):
            raise RefusedError("refused.shien_sochi")
        if self.register.restrictions.blocks:
            raise RefusedError("refused.blocked", reason="確認中")
        told = await self.register.household_of(request.subject)
        return Eligibility(
            told.value, self.register.restrictions, some_words(), (), replace(told.as_of, source=Source.CLOUD)
        )


class Counter:
    """A counter where s001 issues; s002 answers for protection, s003 is an officer, s004 a clerk."""

    def __init__(self, restrictions: Restrictions = PROTECTED) -> None:
        self.clock = FakeClock()
        self.people = {
            "s001": a_sign_in(Right.VIEW, Right.ISSUE, Right.OFFICER, Right.SHIEN_SOCHI),
            "s002": a_sign_in(Right.SHIEN_SOCHI, staff_id="s002"),
            "s003": a_sign_in(Right.OFFICER, staff_id="s003"),
            "s004": a_sign_in(Right.ISSUE, staff_id="s004"),
        }
        self.clerk = self.people["s001"]
        self.register = MemoryRegister(Source.REPLICA, [a_household()], restrictions)
        self.cloud = Cloud(self.people, self.register)
        self.ledger = MemoryLedger(self.clock)
        self.link = MemoryLink()
        self.keys = MemoryKeys(self.clock)
        for staff_id, person in self.people.items():
            self.person(staff_id, person)
        self.press = MemoryPress()
        self.issue = IssueCertificate(
            self.cloud,
            self.register,
            Reach(self.link, wait=0.05),
            self.ledger,
            self.press,
            now=self.clock,
            declared=lambda: False,
            words=self.register.form_words,
            clock_offset_ms=lambda: 0,
        )
        self.release = ReleaseIssue(
            CheckPerson(self.cloud, self.keys, self.ledger, self.link, now=self.clock),
            self.issue,
            self.ledger,
            now=self.clock,
            random=counted_random(),
            last=timedelta(minutes=10),
        )

    def person(self, staff_id: str, person: SignIn) -> None:
        self.people[staff_id] = person
        self.keys.people[staff_id] = (PASSWORD, CloudSignIn(person, b"seed", 1, b"deposit"))

    def cut(self) -> None:
        self.link.usable = False

    async def ask(
        self,
        officer: str = "s002",
        *,
        request: CertificateRequest | None = None,
        second: str = "",
        reason: str = "本人と面談し確認",
        password: str = PASSWORD,
        asking: Asking = ASKING,
    ) -> Release:
        beside = Secrets(second, PASSWORD, "222222") if second else None
        return await self.release(
            self.clerk,
            request or a_paper(),
            Secrets(officer, password, "111111"),
            reason,
            asking,
            second=beside,
        )

    async def prepare(self, request: CertificateRequest | None = None) -> Prepared:
        return await self.issue.prepare(self.clerk, request or a_paper())

    def written(self) -> list[str]:
        return [entry.kind for entry in self.ledger.journal]


def a_paper(**changes: object) -> CertificateRequest:
    return replace(a_request(), **changes)  # type: ignore[arg-type]  # fields by name


async def test_who_answers_for_protection_releases_one_issue_beside_the_clerk() -> None:
    counter = Counter()
    release = await counter.ask()
    assert (release.clerk, release.officer, release.second) == ("s001", "s002", "s001")
    prepared = await counter.prepare()
    assert gate.WARN_RELEASED in prepared.warnings
    (issued,) = await counter.issue.issue(counter.clerk, prepared)
    assert issued.trouble is None
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.prepare()
    assert counter.cloud.ended == ["s002"]  # whose session opens nothing


async def test_the_release_is_in_the_book_before_the_paper_and_its_report_is_the_first_fact() -> None:
    counter = Counter()
    await counter.ask()
    await counter.issue.issue(counter.clerk, await counter.prepare())
    assert counter.written()[:3] == ["sign_in", "release", "issue"]
    assert next(change.kind for change in counter.ledger.changes.values()) is ChangeKind.RELEASE


async def test_a_release_that_cannot_be_written_down_does_not_count() -> None:
    counter = Counter()
    real = counter.ledger.release

    async def full(release: Release) -> None:
        counter.ledger.full = True
        await real(release)

    counter.ledger.release = full  # type: ignore[method-assign]  # the disk fills at that very line
    with pytest.raises(StoreError, match=r"store\.full"):
        await counter.ask()
    counter.ledger.full = False
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.prepare()


@pytest.mark.parametrize(
    "other",
    [
        {"members": (TARO,), "subject": TARO},
        {"options": JuminhyoOptions(honseki=True)},
        {"requester": Requester.HOUSEHOLD},
        {"identity": IdentityCheck.TWO_DOCUMENTS},
        {"purpose": "銀行"},
        {"copies": 2},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_it_releases_no_other_paper(other: dict[str, object]) -> None:
    counter = Counter(replace(PROTECTED, blocks=(BLOCK,)))
    counter.people["s002"] = a_sign_in(Right.SHIEN_SOCHI, Right.OFFICER, staff_id="s002")
    await counter.ask()
    with pytest.raises(RefusedError, match=r"refused\.(shien_sochi|blocked)"):
        await counter.prepare(a_paper(**other))


async def test_it_ends_by_its_return_time_also_between_preview_and_print() -> None:
    counter = Counter()
    await counter.ask()
    prepared = await counter.prepare()
    counter.clock.forward(timedelta(minutes=10))
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.issue.issue(counter.clerk, prepared)
    assert "issue" not in counter.written()


async def test_a_clock_set_back_makes_it_no_longer() -> None:
    counter = Counter()
    await counter.ask()
    counter.clock.forward(timedelta(seconds=-1))
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.prepare()


async def test_a_block_that_came_since_is_not_released() -> None:
    counter = Counter()
    await counter.ask()
    prepared = await counter.prepare()
    counter.register.restrictions = replace(PROTECTED, blocks=(BLOCK,))
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.issue.issue(counter.clerk, prepared)


async def test_what_the_cloud_refuses_for_another_reason_stays_refused() -> None:
    counter = Counter()
    await counter.ask()
    counter.cloud.extra = "refused.not_resident"
    with pytest.raises(RefusedError, match=r"refused\.not_resident"):
        await counter.prepare()


async def test_another_clerk_has_nothing_of_it() -> None:
    counter = Counter()
    await counter.ask()
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.issue.prepare(counter.people["s004"], a_paper())


async def test_a_second_ask_ends_the_first_release_also_where_it_fails() -> None:
    counter = Counter()
    await counter.ask()
    with pytest.raises(SignInNeededError):
        await counter.ask(password="guess")
    with pytest.raises(RefusedError, match=r"refused\.shien_sochi"):
        await counter.prepare()


@pytest.mark.parametrize("officer", ["s001", " s001 "])
async def test_whoever_issues_never_releases(officer: str) -> None:
    counter = Counter()
    with pytest.raises(RefusedError, match=r"refused\.release_self"):
        await counter.ask(officer)
    assert "release" not in counter.written()


async def test_an_id_written_otherwise_is_still_the_clerks_own() -> None:
    counter = Counter()
    counter.people["S001"] = counter.clerk  # a cloud that reads ids without regard to case
    with pytest.raises(RefusedError, match=r"refused\.release_self"):
        await counter.ask("S001")


@pytest.mark.parametrize(
    ("restrictions", "officer"),
    [(PROTECTED, "s003"), (PROTECTED, "s004"), (Restrictions(blocks=(BLOCK,)), "s002")],
)
async def test_each_block_takes_who_has_the_right_to_it(restrictions: Restrictions, officer: str) -> None:
    counter = Counter(restrictions)
    with pytest.raises(RefusedError, match=r"refused\.right_missing"):
        await counter.ask(officer)
    assert counter.ledger.journal[-1].facts["what"] == "release"
    with pytest.raises(RefusedError):
        await counter.prepare()


async def test_where_both_stand_both_rights_are_needed() -> None:
    counter = Counter(replace(PROTECTED, blocks=(BLOCK,)))
    for officer in ("s002", "s003"):
        with pytest.raises(RefusedError, match=r"refused\.right_missing"):
            await counter.ask(officer)


@pytest.mark.parametrize("offline", [False, True])
@pytest.mark.parametrize("others", [frozenset[Right](), frozenset({Right.BLOCK_SET, Right.BLOCK_LIFT})])
async def test_who_may_set_and_lift_releases_nothing_without_the_right_to_it(
    others: frozenset[Right], *, offline: bool
) -> None:
    counter = Counter()
    in_charge = counter.people["s002"]
    clerk = replace(in_charge.clerk, rights=in_charge.clerk.rights | others, by_block=True)
    counter.person("s002", replace(in_charge, clerk=clerk))
    if offline:
        counter.cut()
    with pytest.raises(RefusedError) as refused:
        await counter.ask(second="s004" if offline else "")
    assert (refused.value.code, refused.value.facts) == ("refused.right_missing", {"right": "block_release"})
    assert counter.written()[-1] == "refusal"
    with_it = replace(clerk, rights=clerk.rights | {Right.BLOCK_RELEASE})
    counter.person("s002", replace(in_charge, clerk=with_it))
    counter.keys.used.clear()
    await counter.ask(second="s004" if offline else "")


async def test_wrong_secrets_stand_in_the_journal_against_that_person() -> None:
    counter = Counter()
    with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
        await counter.ask(password="guess")
    entry = counter.ledger.journal[-1]
    assert (entry.kind, entry.actor, entry.facts["how"], entry.facts["who"]) == (
        "sign_in",
        "s001",
        "failed",
        "s002",
    )
    assert "guess" not in repr(counter.ledger.journal)


async def test_off_line_a_release_takes_two_who_both_show_their_secrets() -> None:
    counter = Counter()
    counter.cut()
    with pytest.raises(RefusedError, match=r"refused\.release_second"):
        await counter.ask()
    with pytest.raises(RefusedError, match=r"refused\.release_second"):
        await counter.ask(second="s002")
    release = await counter.ask(second="s004")
    assert (release.officer, release.second, release.offline) == ("s002", "s004", True)
    assert (await counter.issue.issue(counter.clerk, await counter.prepare()))[0].trouble is None


async def test_off_line_a_second_person_with_wrong_secrets_releases_nothing() -> None:
    counter = Counter()
    counter.cut()
    counter.keys.people["s004"] = ("other", counter.keys.people["s004"][1])
    with pytest.raises(SignInNeededError, match=r"sign_in\.wrong_secret"):
        await counter.ask(second="s004")
    assert counter.ledger.journal[-1].facts["who"] == "s004"
    assert "release" not in counter.written()


async def test_a_line_that_goes_under_the_officers_hands_asks_for_a_second() -> None:
    counter = Counter()

    async def lost(_staff_id: str, _password: str, _code: str) -> CloudSignIn:
        raise LinkDownError("link.timeout")

    counter.cloud.sign_in = lost  # type: ignore[method-assign,assignment]  # the line is cut in that call
    with pytest.raises(RefusedError, match=r"refused\.release_second"):
        await counter.ask()


async def test_nothing_else_that_stands_against_a_paper_is_released() -> None:
    counter = Counter()
    with pytest.raises(RefusedError, match=r"refused\.identity"):
        await counter.ask(request=a_paper(identity=IdentityCheck.NONE))
    assert counter.written() == []  # nobody was asked for secrets


async def test_a_reason_is_asked_and_what_is_not_blocked_is_not_released() -> None:
    counter = Counter()
    with pytest.raises(RefusedError, match=r"refused\.input"):
        await counter.ask(reason=" ")
    with pytest.raises(RefusedError, match=r"refused\.not_blocked"):
        await Counter(Restrictions()).ask()


async def test_a_release_that_ended_while_the_preview_stood_is_said_as_a_refusal_not_a_conflict() -> None:
    counter = Counter()
    await counter.ask()
    prepared = await counter.prepare()
    counter.issue.forget_release()
    with pytest.raises((RefusedError, ConflictError), match=r"refused\.shien_sochi"):
        await counter.issue.issue(counter.clerk, prepared)

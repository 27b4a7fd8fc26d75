"""Screen models without a toolkit: all decisions of the screens."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from client.domain.as_of import Answer
from client.domain.certificate import IdentityCheck, Requester, SheetState
from client.domain.change import ChangeState
from client.domain.clerk import Right, SignIn
from client.domain.errors import LinkDownError, SignInNeededError
from client.domain.intake import Filer
from client.domain.query import Query
from client.domain.resident import Found
from client.rules import freshness
from client.rules.intakes.moves import TENKYO
from tests.builders import NOW, a_sign_in
from tests.ui.world import ALL_RIGHTS, PROTECTED, WATANABE, World
from ui.indexing import IndexingNote
from ui.notices import Note
from ui.screens.certificate.model import CertificateModel, IssueJobs
from ui.screens.change.model import ChangeJobs, ChangeModel
from ui.screens.counter.basket import Basket
from ui.screens.counter.find import FindJobs, FindModel
from ui.screens.counter.model import CounterJobs, CounterModel
from ui.screens.log_in.model import LogInModel
from ui.screens.outbox.model import OutboxJobs, OutboxModel
from ui.text import Words
from ui.work import Work

WORDS = Words("ja")
pytestmark = pytest.mark.asyncio


@dataclass
class Later:
    """A Starter that keeps what was asked for until ``all`` is awaited."""

    waiting: dict[str, Work] = field(default_factory=dict)

    def start(self, name: str, work: Work) -> bool:
        if name in self.waiting:
            return False
        self.waiting[name] = work
        return True

    def replace(self, name: str, work: Work) -> None:
        self.waiting[name] = work

    async def all(self) -> None:
        while self.waiting:
            _, work = self.waiting.popitem()
            coroutine: Coroutine[Any, Any, None] = work()
            await coroutine


class Desk:
    """A counter model over a world, signed in."""

    def __init__(self, *rights: Right) -> None:
        self.world = World(rights=rights or ALL_RIGHTS)
        self.later = Later()
        self.sign_in: SignIn = self.world.sign_in
        jobs = self.world.jobs
        find = FindModel(
            WORDS,
            FindJobs(
                here=lambda query: jobs.find.find_here(self.sign_in, query),
                find=lambda query: jobs.find.find(self.sign_in, query),
                asks_cloud=lambda: jobs.find.asks_cloud(self.sign_in),
            ),
            self.later,
            self.world.clock,
            town="みどり県あおぞら市",
        )
        self.model = CounterModel(
            WORDS,
            find,
            CounterJobs(
                household=lambda one, checked: jobs.find.household(
                    self.sign_in, one, identity_checked=checked
                ),
                prepare=lambda request: jobs.issue.prepare(self.sign_in, request),
                fee=jobs.fee,
                offline=jobs.offline,
                declared=jobs.declared,
            ),
            self.later,
            self.world.clock,
        )
        self.model.sign_in = self.sign_in

    def form(self) -> ChangeModel:
        jobs, who = self.world.jobs, self.sign_in
        asked = ChangeJobs(
            lambda form, entry, beside: jobs.queue.take(who, form, entry, beside),
            lambda key, *told: jobs.returned.save(who, key, *told),
            lambda change: jobs.slip(who, change),
            jobs.seal,
            jobs.attach,
        )
        return ChangeModel(WORDS, asked, self.later, self.world.clock)

    async def open(self, atena_no: str = WATANABE) -> CounterModel:
        self.model.open(atena_no)  # type: ignore[arg-type]  # a number as a test writes it
        await self.later.all()
        return self.model


async def test_a_sign_in_asked_for_before_the_job_is_there_begins_when_it_comes() -> None:
    model, later, seen = LogInModel(WORDS), Later(), []

    async def job(staff_id: str, password: str, code: str) -> SignIn:
        seen.append((staff_id, password, code))
        return a_sign_in()

    model.submit("s001", "secret", "123456")
    assert model.busy
    model.serve(job, later)
    await later.all()
    assert seen == [("s001", "secret", "123456")]
    assert not model.busy


async def test_a_sign_in_that_takes_its_time_tells_how_far_it_is() -> None:
    model, later, seen = LogInModel(WORDS), Later(), list[str]()
    moments = iter((100.0, 130.0))
    model.changed = lambda: seen.append(model.note.what if model.note else "")
    tell = IndexingNote(WORDS, model.tell, lambda: next(moments))

    async def job(_staff_id: str, _password: str, _code: str) -> SignIn:
        tell(0, 400)
        tell(300, 400)
        return a_sign_in()

    model.serve(job, later)
    model.submit("s001", "secret", "123456")
    await later.all()
    assert [what for what in seen if "索引" in what][1].count("75％、あと約10秒") == 1
    assert model.note is None
    model.tell(Note("info", "too late"))
    assert model.note is None


async def test_a_wrong_password_says_what_to_do_and_not_which_part_was_wrong() -> None:
    model, later = LogInModel(WORDS), Later()

    async def job(_staff_id: str, _password: str, _code: str) -> SignIn:
        raise SignInNeededError("sign_in.wrong_secret")

    model.serve(job, later)
    model.submit("s001", "x", "123456")
    await later.all()
    assert model.note is not None
    assert "どれか" in model.note.more


async def test_an_empty_field_is_named_and_nothing_is_sent() -> None:
    model, later = LogInModel(WORDS), Later()
    model.serve(lambda *_: pytest.fail("sent"), later)
    model.submit("s001", "", "123456")
    assert model.wrong == {"password"}
    assert not later.waiting


async def test_a_search_that_failed_does_not_say_that_nobody_is_there() -> None:
    later = Later()

    async def job(_query: Query) -> Answer[Found]:
        raise SignInNeededError("sign_in.expired")

    find = FindModel(WORDS, FindJobs(job, job, lambda: True), later, lambda: NOW)
    find.type("わたなべ")
    await later.all()
    assert find.note is not None
    assert find.count_text == ""


async def test_one_hit_and_enter_open_the_resident_at_once() -> None:
    desk = Desk()
    desk.model.find.type("わたなべ きよ")
    desk.model.find.find_now()
    await desk.later.all()
    assert desk.model.resident is not None
    assert desk.model.resident.shown_name == "渡邉󠄐 キヨ"


async def test_a_hit_under_support_measures_shows_no_address() -> None:
    desk = Desk()
    desk.model.find.type("わたなべ みなと")
    await desk.later.all()
    (line,) = desk.model.find.lines
    assert line.mark == "protected"
    assert line.address == WORDS("find.no_address")


async def test_the_table_keeps_the_stored_order_and_a_removed_member_cannot_be_ticked() -> None:
    model = await Desk().open()
    assert [row.relationship for row in model.rows()] == ["世帯主", "妻", "子", "子", "母"]
    gone = model.rows()[3]
    assert "転出" in gone.state
    model.check(gone.atena_no, on=True)
    assert gone.atena_no not in model.members
    model.check_all()
    assert len(model.members) == 4
    assert "世帯全員" in model.scope_text


async def test_what_is_missing_is_said_in_the_order_a_clerk_works() -> None:
    model = await Desk().open()
    assert model.reason == WORDS("basket.empty")
    model.add_juminhyo()
    assert model.members == (WATANABE,)
    assert "本人確認" in model.reason
    model.set_basket(Basket(juminhyo=True, identity=IdentityCheck.PHOTO))
    assert model.reason == ""


async def test_a_third_party_must_say_what_for() -> None:
    model = await Desk().open()
    model.add_juminhyo()
    model.set_basket(Basket(juminhyo=True, identity=IdentityCheck.PHOTO, requester=Requester.THIRD_PARTY))
    assert "使用目的" in model.reason


async def test_honseki_needs_its_right() -> None:
    model = await Desk(Right.VIEW, Right.ISSUE).open()
    model.add_juminhyo()
    model.set_basket(Basket(juminhyo=True, identity=IdentityCheck.PHOTO).with_option("honseki", on=True))
    assert "本籍の表示" in model.reason
    assert WORDS("resident.honseki") not in dict(model.details())


@pytest.mark.parametrize("requester", [one for one in Requester if one is not Requester.SELF])
async def test_nobody_but_the_person_unveils_a_protected_address(requester: Requester) -> None:
    desk = Desk()
    model = await desk.open(PROTECTED)
    assert model.masked
    model.set_basket(Basket(identity=IdentityCheck.PHOTO, requester=requester))
    await desk.later.all()
    assert model.masked
    assert model.resident is not None
    assert model.resident.address.text == ""


async def test_the_fee_is_that_of_all_copies_and_nothing_for_official_use() -> None:
    desk = Desk()
    model = await desk.open()
    model.add_juminhyo()
    await desk.later.all()
    model.set_basket(Basket(juminhyo=True, copies=3))
    assert model.total_text == "900円"
    model.set_basket(Basket(juminhyo=True, copies=3, requester=Requester.OFFICIAL))
    assert model.total_text == "0円"


async def test_a_lost_line_shows_a_note_and_keeps_the_visit() -> None:
    desk = Desk()
    model = await desk.open()
    desk.world.cut()
    desk.world.replica.down = LinkDownError("link.unreachable")
    model.refresh()
    await desk.later.all()
    assert model.note is not None
    assert model.resident is not None


async def test_every_copy_gets_its_own_word_and_a_spoiled_one_a_new_number() -> None:
    desk = Desk()
    counter = await desk.open()
    counter.add_juminhyo()
    counter.set_basket(Basket(juminhyo=True, copies=2, identity=IdentityCheck.PHOTO))
    jobs = desk.world.jobs.issue
    model = CertificateModel(
        WORDS,
        IssueJobs(
            jobs.preview,
            lambda prepared: jobs.issue(desk.sign_in, prepared),
            lambda serial, handed, reason: jobs.confirm(
                desk.sign_in, serial, handed_over=handed, reason=reason
            ),
        ),
        desk.later,
    )
    counter.to_certificate = model.begin
    counter.issue()
    await desk.later.all()
    model.print_it()
    await desk.later.all()
    assert model.present is not None
    model.back()
    assert model.note is not None
    model.spoil("jam")
    await desk.later.all()
    model.hand_over()
    await desk.later.all()
    assert model.heading == WORDS("certificate.done")
    assert offers_reprint(model)
    model.reprint()
    await desk.later.all()
    model.hand_over()
    await desk.later.all()
    assert not offers_reprint(model)
    assert [copy.state for copy in model.copies] == [
        SheetState.SPOILED,
        SheetState.HANDED_OVER,
        SheetState.HANDED_OVER,
    ]
    assert len({copy.serial.serial for copy in model.copies}) == 3


def offers_reprint(model: CertificateModel) -> bool:
    return model.may_reprint


async def test_a_notification_says_what_is_missing_and_reads_the_date_back() -> None:
    desk = Desk()
    counter = await desk.open()
    assert counter.view is not None
    model = desk.form()
    model.begin(TENKYO, counter.view, WATANABE)
    model.accept()
    assert model.wrong == {"to.town", "to.banchi", "ido_date"}
    model.set("ido_date", "R8.11.32")
    assert model.hint == WORDS("change.unread_day")
    model.set("ido_date", "R8.11.1")
    assert "14日" in model.hint
    model.set("to.town", "みどり県あおぞら市本町")
    model.set("to.banchi", "1番")
    model.set_filer(Filer.HOUSEHOLDER)
    model.accept()
    await desk.later.all()
    assert model.accepted is not None
    assert not model.may_accept
    assert model.accepted.payload["whole_household"] is True


async def test_what_wants_a_clerk_stands_first_and_a_fact_is_never_withdrawn() -> None:
    desk = Desk()
    counter = await desk.open()
    assert counter.view is not None
    tenkyo = desk.form()
    tenkyo.begin(TENKYO, counter.view, WATANABE)
    for name, value in (("to.town", "みどり県あおぞら市本町"), ("to.banchi", "1番"), ("ido_date", "R8.11.1")):
        tenkyo.set(name, value)
    tenkyo.accept()
    await desk.later.all()
    assert tenkyo.accepted is not None
    desk.world.book.outcomes[tenkyo.accepted.key] = "conflict"
    jobs = desk.world.jobs
    outbox = OutboxModel(
        WORDS,
        OutboxJobs(
            listing=jobs.follow,
            counts=jobs.ledger.outbox_counts,
            sender=jobs.send,
            send_again=lambda key: jobs.settle.send_again(desk.sign_in, key),
            withdraw=lambda *told: jobs.settle.withdraw(desk.sign_in, *told),
            note_call=lambda key: jobs.follow.note_call(desk.sign_in, key),
            slip=lambda change: jobs.slip(desk.sign_in, change),
        ),
        desk.later,
        desk.world.clock,
    )
    outbox.send_now()
    await desk.later.all()
    assert outbox.lines()[0].tone == "bad"
    assert outbox.may_settle
    outbox.withdraw("")
    assert outbox.note is not None
    assert not desk.later.waiting
    outbox.withdraw("窓口で取消")
    await desk.later.all()
    assert [change.state for change in outbox.changes] == [ChangeState.WITHDRAWN]


async def test_the_age_of_the_data_is_said_in_words() -> None:
    desk = Desk()
    desk.world.cut()
    model = await desk.open()
    (line,) = [one for one in model.banners() if one.head == WORDS("banner.replica")]
    assert "27分前" in line.text
    desk.world.clock.forward(timedelta(hours=2))
    (line,) = [one for one in model.banners() if one.head == WORDS("banner.replica")]
    assert "2時間前" in line.text


async def test_the_reason_no_paper_is_made_follows_the_ages_the_town_has_set() -> None:
    desk = Desk()
    desk.world.cut()
    model = await desk.open()
    model.add_juminhyo()
    model.set_basket(Basket(juminhyo=True, identity=IdentityCheck.PHOTO))
    assert model.reason == ""
    model.limits = freshness.with_hours(register=(1, 1, 1), blocks=(1, 1))
    desk.world.clock.forward(timedelta(hours=2))
    assert "時間" in model.reason

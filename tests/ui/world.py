"""A whole counter on working stand-ins: real jobs, real screens, nothing outside the process."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import blake2b

from client.domain.as_of import Source
from client.domain.attachment import Limits
from client.domain.blocks import Block, BlockLevel, BlockProcess, Restrictions, ShienSochi
from client.domain.calendar import RegisterDate
from client.domain.certificate import CertificateRequest, Decided, Eligibility
from client.domain.change import CloudAnswer, QueuedChange, Receipt
from client.domain.clerk import Right, SignIn
from client.domain.errors import LinkDownError
from client.domain.resident import (
    Address,
    AtenaNo,
    ForeignStatus,
    Household,
    HouseholdNo,
    ReadName,
    Removal,
    Resident,
    ResidentKind,
    ResidentStatus,
)
from client.jobs.attach_file import AttachFile
from client.jobs.certify import Certify
from client.jobs.check_person import CheckPerson
from client.jobs.check_reentry import CheckReentry
from client.jobs.compare_change import CompareChange
from client.jobs.decide import Decide
from client.jobs.find_resident import FindResident
from client.jobs.follow_intakes import FollowIntakes
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.log_in import LogIn
from client.jobs.look_up_insured import LookUpInsured
from client.jobs.ports import Picture
from client.jobs.print_slip import PrintSlip, SlipPlace
from client.jobs.prove_replica import Looking, Part, Proof, Tell
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.jobs.release_issue import ReleaseIssue
from client.jobs.rewrite_returned import RewriteReturned
from client.jobs.send_outbox import SendOutbox
from client.jobs.settle_change import SettleChange
from client.jobs.settle_doubtful import ListPlace, SettleDoubtful
from client.jobs.suggest_places import SuggestPlaces
from tests.attachment_fakes import MemoryFiles
from tests.builders import NOW, TODAY, a_resident, a_sign_in
from tests.doubt_fakes import MemoryDoubts
from tests.fakes import (
    FakeClock,
    MemoryDeclarations,
    MemoryDeputies,
    MemoryKeys,
    MemoryLedger,
    MemoryLink,
    MemoryPress,
    MemoryRegister,
    MemoryStaff,
    MemoryStores,
)
from tests.settle_fakes import MemoryVersions
from tests.ui.carry_world import Carrier
from tests.ui.sessions import Sessions
from ui.drill_plan import read_plan
from ui.jobs import FillJobs, Jobs
from ui.screens.drill.model import DrillJobs

WATANABE = AtenaNo("1000000001")
PROTECTED = AtenaNo("1000000021")
FOREIGNER = AtenaNo("1000000031")
ALL_RIGHTS = tuple(right for right in Right if right is not Right.RECEIVE)  # of the town's own staff
_TOWN = "みどり県あおぞら市"


def person(number: str, name: str, kana: str, **changes: object) -> Resident:
    """Return a resident with some items of their own."""
    return replace(a_resident(AtenaNo(number), name, kana), **changes)  # type: ignore[arg-type]  # fields by name


def watanabe() -> Household:
    """Return a household of five with letters that are hard to draw."""
    home = Address(f"{_TOWN}葛󠄂城町一丁目", "2番3号", "辻󠄂ハイツ𠮷田301号", postcode="999-0001")
    number = HouseholdNo("2000000001")

    def one(
        no: int, name: str, kana: str, relationship: str, birth: tuple[str, date], **more: object
    ) -> Resident:
        return person(
            f"100000000{no}",
            name,
            kana,
            household_no=number,
            order_no=no,
            relationship=relationship,
            birth=RegisterDate(*birth),
            address=home,
            sex="女" if relationship in {"妻", "母"} else "男",
            householder_name="渡邉󠄐 髙太郎",
            hittosha="渡邉󠄐 髙太郎",
            honseki=f"{_TOWN}𠮷野町二丁目1番",
            **more,
        )

    gone = Removal("転出", date(2026, 4, 1), "東京都港区芝公園四丁目2番8号")
    return Household(
        number,
        (
            one(1, "渡邉󠄐 髙太郎", "わたなべ たかたろう", "世帯主", ("昭和58年4月12日", date(1983, 4, 12))),
            one(2, "渡邉󠄐 花子", "わたなべ はなこ", "妻", ("昭和60年11月3日", date(1985, 11, 3))),
            one(3, "渡邉󠄐 𠮷之助", "わたなべ きちのすけ", "子", ("平成25年7月21日", date(2013, 7, 21))),
            one(
                4,
                "渡邉󠄐 さくら",
                "わたなべ さくら",
                "子",
                ("平成28年2月9日", date(2016, 2, 9)),
                status=ResidentStatus.TENSHUTSU,
                removal=gone,
            ),
            one(5, "渡邉󠄐 キヨ", "わたなべ きよ", "母", ("昭和30年8月15日", date(1955, 8, 15))),
        ),
    )


def others() -> list[Household]:
    """Return more people of the same sound, one protected, one foreign."""
    lines = (
        (
            "1000000011",
            "渡邉 隆太郎",
            "わたなべ りゅうたろう",
            "みどり台三丁目",
            "8番1号",
            (1966, 9, 2),
            "昭和41年9月2日",
        ),
        (
            "1000000012",
            "渡邊 孝太郎",
            "わたなべ こうたろう",
            "𠮷野町二丁目",
            "1番",
            (1991, 1, 19),
            "平成3年1月19日",
        ),
        (
            "1000000013",
            "渡辺 貴太郎",
            "わたなべ たかたろう",
            "大字山﨑",
            "45番地",
            (2000, 6, 30),
            "平成12年6月30日",
        ),
        (
            "1000000021",
            "渡部 みなと",
            "わたなべ みなと",
            "本町四丁目",
            "2番9号",
            (1988, 12, 1),
            "昭和63年12月1日",
        ),
    )
    households = []
    for index, (number, name, kana, town, banchi, birth, text) in enumerate(lines):
        house = HouseholdNo(f"20000000{index + 11}")
        who = person(
            number,
            name,
            kana,
            household_no=house,
            address=Address(_TOWN + town, banchi),
            birth=RegisterDate(text, date(*birth)),
        )
        households.append(Household(house, (who,)))
    foreign = person(
        "1000000031",
        "",
        "わたなべ あん",
        latin_name="NGUYEN THI ANH",
        tsusho=ReadName("渡辺 アン", "わたなべ あん"),
        kind=ResidentKind.FOREIGN,
        honseki=None,
        hittosha=None,
        household_no=HouseholdNo("2000000031"),
        birth=RegisterDate("1990年4月12日", date(1990, 4, 12)),
        foreign=ForeignStatus(
            "ベトナム", "中長期在留者", "技術・人文知識・国際業務", "3年", date(2027, 3, 31), "AB12345678CD"
        ),
    )
    return [*households, Household(HouseholdNo("2000000031"), (foreign,))]


RESTRICTIONS = Restrictions(
    blocks=(
        Block(
            "b1",
            AtenaNo("1000000011"),
            None,
            BlockProcess.ISSUE,
            BlockLevel.ERROR,
            "改印手続中（市民課 11月18日）",
            None,
            None,
        ),
        Block(
            "b2",
            AtenaNo("1000000012"),
            None,
            BlockProcess.ISSUE,
            BlockLevel.ALERT,
            "届出内容を確認のこと",
            None,
            None,
        ),
    ),
    shien_sochi=(ShienSochi("m1", PROTECTED, provisional=False, starts=None, ends=date(2027, 3, 31)),),
)


@dataclass
class PaperPress(MemoryPress):
    """A press whose preview is a white page, so that its place on the screen can be seen."""

    page: Callable[[Decided], tuple[Picture, ...]] | None = None

    async def preview(self, decided: Decided, *, dpi: int = 150) -> tuple[Picture, ...]:
        if self.page is not None:
            return self.page(decided)
        return (Picture(620, 877, 2480, b"\xff" * (2480 * 877)),)


@dataclass
class Desk:
    """ports.CloudCertificates over the live register."""

    register: MemoryRegister

    async def eligibility(self, request: CertificateRequest, decider: SignIn | None = None) -> Eligibility:
        household = await self.register.household_of(request.subject)
        restrictions = await self.register.restrictions_of(household.value)
        words = await self.register.form_words(request.kind, whole=True, on=TODAY)
        return Eligibility(household.value, restrictions.value, words.value, (), household.as_of)


@dataclass
class Book:
    """ports.CloudCommands that remembers every answer under its key."""

    link: MemoryLink
    outcomes: dict[str, str] = field(default_factory=dict)
    answers: dict[str, CloudAnswer] = field(default_factory=dict)

    async def send(self, changes: tuple[QueuedChange, ...]) -> tuple[CloudAnswer, ...]:
        if not self.link.usable:
            raise LinkDownError("link.unreachable")
        return tuple(self._answer(change.key) for change in changes)

    async def ask(self, key: str) -> CloudAnswer | None:
        return self.answers.get(key)

    def _answer(self, key: str) -> CloudAnswer:
        if key not in self.answers:
            outcome = self.outcomes.get(key, "accepted")
            receipt = Receipt(len(self.answers) + 41, NOW) if outcome == "accepted" else None
            self.answers[key] = CloudAnswer(key, outcome, receipt, "")
        return self.answers[key]


@dataclass
class World:
    """Everything behind the screens."""

    clock: FakeClock = field(default_factory=FakeClock)
    link: MemoryLink = field(default_factory=MemoryLink)
    press: PaperPress = field(default_factory=PaperPress)
    rights: tuple[Right, ...] = ALL_RIGHTS
    declared: bool = False
    fills: int = 0
    drill: DrillJobs | None = None
    proof: Proof = field(default_factory=lambda: Proof(0, as_of=NOW))
    declarations: MemoryDeclarations = field(default_factory=MemoryDeclarations)
    deputies: MemoryDeputies = field(default_factory=MemoryDeputies)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)  # of the proof
    carrier: Carrier = field(default_factory=Carrier)

    def __post_init__(self) -> None:
        households = [watanabe(), *others()]
        self.live = MemoryRegister(Source.CLOUD, households, RESTRICTIONS)
        self.replica = MemoryRegister(
            Source.REPLICA, households, RESTRICTIONS, at=NOW - timedelta(minutes=27)
        )
        self.ledger = MemoryLedger(self.clock)
        self.keys = MemoryKeys(self.clock)
        self.doubts = MemoryDoubts(self.clock)
        self.versions = MemoryVersions()
        self.stores = MemoryStores()
        self.staff = MemoryStaff()
        self.sign_in = a_sign_in(*self.rights)
        self.jobs = self._jobs()

    def cut(self) -> None:
        """Cut the line."""
        self.link.usable = False
        self.live.down = LinkDownError("link.unreachable")

    async def fill_size(self) -> int:
        return 3_300_000

    async def fill(self) -> None:
        self.fills += 1

    async def proving(self, _who: SignIn, tell: Tell, _follow_back: bool) -> Proof:
        tell(Looking(Part.ROWS, 3686, 8192, timedelta(seconds=21)))
        await self.may_end.wait()
        return self.proof

    def _jobs(self) -> Jobs:
        reach, now, random = Reach(self.link), self.clock, os.urandom

        def offset() -> int:
            return 0

        self.book = box = Book(self.link)

        async def fee() -> int:
            return 300

        async def nothing() -> None:
            return

        async def nowhere() -> str:
            return ""

        find = FindResident(self.live, self.replica, reach, self.ledger, now=now)
        queue = QueueChange(
            self.live, self.replica, reach, self.ledger, now=now, random=random, clock_offset_ms=offset
        )
        settle = SettleChange(
            box, self.ledger, now=now, random=random, clock_offset_ms=offset, link=self.link
        )
        sessions = Sessions(self.sign_in, self.link)
        issue = IssueCertificate(
            Desk(self.live),
            self.replica,
            reach,
            self.ledger,
            self.press,
            now=now,
            declared=lambda: self.declared,
            words=Certify(self.replica, self.deputies, now=now),
            clock_offset_ms=offset,
        )
        check = CheckPerson(sessions, self.keys, self.ledger, self.link, now=now)
        return Jobs(
            log_in=LogIn(sessions, self.keys, self.stores, self.ledger, self.link, now=now),
            find=find,
            compare=CompareChange(find, self.versions, self.ledger),
            follow=FollowIntakes(self.ledger, self.versions, now=now),
            issue=issue,
            decide=Decide(check, self.ledger, now=now),
            release=ReleaseIssue(
                check, issue, self.ledger, now=now, random=random, last=timedelta(minutes=10)
            ),
            queue=queue,
            slip=PrintSlip(
                self.live, self.replica, reach, self.ledger, self.press, place=SlipPlace(_TOWN, "窓口1")
            ),
            attach=AttachFile(MemoryFiles(), limits=Limits(), now=now, random=random),
            settle=settle,
            send=SendOutbox(box, self.ledger, self.link, now=now, jitter=lambda: 1.0),
            ledger=self.ledger,
            fee=fee,
            offline=lambda: not self.link.usable,
            declared=lambda: self.declared,
            fill=FillJobs(self.fill_size, self.fill),
            prove=self.proving,
            carry=self.carrier.jobs,
            seal=lambda words: b"sealed " + blake2b(words.encode(), digest_size=8).digest(),
            doubtful=SettleDoubtful(
                self.doubts, self.doubts, self.doubts, now=now, place=ListPlace(_TOWN, "窓口1")
            ),
            places=SuggestPlaces(self.replica, self.ledger, now=now),
            reentry=CheckReentry(find),
            insured=LookUpInsured(self.replica, self.ledger, now=now),
            returned=RewriteReturned(find, self.versions, queue, settle, self.ledger, now=now, random=random),
            drill=self.drill or DrillJobs(nothing, nothing, nowhere, read_plan("cut").step_ids),
        )

"""Values for tests: one household, its clerk, and what stands on paper beside it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b

from client.domain.as_of import AsOf, Source
from client.domain.calendar import RegisterDate, wareki
from client.domain.certificate import (
    CertificateKind,
    CertificateRequest,
    Certifier,
    FormWords,
    IdentityCheck,
    JuminhyoOptions,
    OfficialSeal,
    Requester,
)
from client.domain.clerk import Clerk, HowSignedIn, Lease, Right, SignIn
from client.domain.enrolment import TownKey
from client.domain.intake import Entry
from client.domain.resident import (
    Address,
    AtenaNo,
    Household,
    HouseholdNo,
    ReadName,
    Resident,
    ResidentKind,
    ResidentStatus,
)
from client.rules.intakes.form import read
from client.rules.intakes.moves import TENKYO

NOW = datetime(2026, 11, 20, 5, 32, tzinfo=UTC)  # 14:32 at the counter
TODAY = date(2026, 11, 20)
TARO = AtenaNo("1000000001")
HANAKO = AtenaNo("1000000002")
HOUSEHOLD_NO = HouseholdNo("2000000001")
HOME = Address("みどり県あおぞら市葛城町一丁目", "2番3号", "コーポあおぞら101", postcode="999-0001")
ELSEWHERE = Address("みどり県あおぞら市本町二丁目", "4番5号")


def a_resident(
    atena_no: AtenaNo = TARO,
    name: str = "渡邉󠄐 太郎",
    furigana: str = "ワタナベ タロウ",
    *,
    order_no: int = 1,
    relationship: str = "世帯主",
    history_no: int = 3,
) -> Resident:
    return Resident(
        atena_no=atena_no,
        history_no=history_no,
        household_no=HOUSEHOLD_NO,
        order_no=order_no,
        status=ResidentStatus.RESIDENT,
        kind=ResidentKind.JAPANESE,
        name=ReadName(name, furigana),
        latin_name=None,
        former_surname=None,
        tsusho=None,
        birth=RegisterDate("昭和58年4月12日", date(1983, 4, 12)),
        sex="男",
        relationship=relationship,
        householder_name="渡邉󠄐 太郎",
        honseki="みどり県あおぞら市葛城町一丁目2番",
        hittosha="渡邉󠄐 太郎",
        address=HOME,
        resident_since=RegisterDate("平成30年4月1日", date(2018, 4, 1)),
        resident_since_reason="転入",
        address_since=None,
        todoke_date=date(2018, 4, 2),
        tennyu_from="みどり県みなみ市東町1番",
        before_move=None,
        tenshutsu_to=None,
        tenshutsu_planned=None,
        removal=None,
        foreign=None,
        remarks=None,
    )


def a_household() -> Household:
    hanako = a_resident(HANAKO, "渡邉󠄐 花子", "ワタナベ ハナコ", order_no=2, relationship="妻", history_no=5)
    return Household(HOUSEHOLD_NO, (a_resident(), hanako))


def moving_away(resident: Resident, on: date) -> Resident:
    return replace(resident, tenshutsu_planned=on)


def a_clerk(*rights: Right, staff_id: str = "s001") -> Clerk:
    held = rights or (Right.VIEW, Right.ISSUE, Right.ACCEPT, Right.HONSEKI, Right.CASH)
    return Clerk(staff_id, "山﨑 美咲", "市民課", frozenset(held))


def a_sign_in(*rights: Right, staff_id: str = "s001", token: str | None = "token") -> SignIn:  # noqa: S107 - a test's
    how = HowSignedIn.ONLINE if token else HowSignedIn.OFFLINE
    return SignIn(a_clerk(*rights, staff_id=staff_id), Lease(NOW + timedelta(days=7)), how, NOW, token)


def some_words(fee_yen: int = 300) -> FormWords:
    return FormWords(
        Certifier("みどり県", "あおぞら市", "市長", "青空 晴子"),
        OfficialSeal(b"\x89PNG", 24),
        "この写しは、世帯全員の住民票の原本と相違ないことを証明する。",
        fee_yen,
    )


def a_request(
    *members: AtenaNo, copies: int = 1, requester: Requester = Requester.SELF
) -> CertificateRequest:
    return CertificateRequest(
        kind=CertificateKind.JUMINHYO_COPY,
        subject=TARO,
        members=members or (TARO, HANAKO),
        options=JuminhyoOptions(relationship=True),
        requester=requester,
        identity=IdentityCheck.PHOTO,
        purpose="",
        copies=copies,
    )


def an_entry(
    household: Household,
    subject: AtenaNo,
    members: tuple[AtenaNo, ...],
    to: Address,
    day: date,
    *,
    todoke_date: date | None = None,
) -> Entry:
    """Return what a clerk typed into the form of 転居届."""
    return Entry(
        household=household,
        subject=subject,
        members=members,
        values={
            "to.town": to.town,
            "to.banchi": to.banchi,
            "to.katagaki": to.katagaki,
            "to.postcode": to.postcode or "",
            "ido_date": wareki(day),
        },
        todoke=wareki(todoke_date or day),
    )


def a_tenkyo(
    *members: AtenaNo, ido_date: date = TODAY, todoke_date: date = TODAY, to: Address = ELSEWHERE
) -> Entry:
    return an_entry(a_household(), TARO, members or (TARO, HANAKO), to, ido_date, todoke_date=todoke_date)


def a_tenkyo_payload() -> dict[str, object]:
    return dict(read(TENKYO, a_tenkyo(), TODAY).payload)


def as_of(source: Source, at: datetime = NOW, version: int = 40) -> AsOf:
    return AsOf(source, version, at, 7, at)


def a_town_key(key: bytes, since: datetime = NOW - timedelta(days=365)) -> TownKey:
    return TownKey(blake2b(key, digest_size=8).hexdigest(), key, since)

"""People and certificates for the tests of papers: invented, with the letters that go wrong elsewhere."""

import struct
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime

from client.domain.as_of import AsOf, Source
from client.domain.calendar import RegisterDate
from client.domain.certificate import (
    CertificateKind,
    Certifier,
    Decided,
    JuminhyoOptions,
    OfficialSeal,
    SerialNo,
)
from client.domain.resident import (
    Address,
    AtenaNo,
    ForeignStatus,
    Household,
    HouseholdNo,
    ReadName,
    Resident,
    ResidentKind,
    ResidentStatus,
)

WATANABE = "渡邉\U000e0110"
KATSURAGI = "葛\U000e0102城"
TSUJI = "辻\U000e0102"
YOSHIDA = "𠮷田"
WHOLE = "この写しは、世帯全員の住民票の原本と相違ないことを証明する。"
ALL_ITEMS = JuminhyoOptions(relationship=True, honseki=True, foreign_items=True)
ADDRESS = Address(f"みどり県あおぞら市{KATSURAGI}町一丁目", "2番3号", f"{TSUJI}ハイツ{YOSHIDA}301号")


def seal_png(side: int = 200) -> bytes:
    """Draw a plain square seal: two frames and a cross, one bit a pixel."""
    rows = bytearray()
    for y in range(side):
        rows.append(0)
        row = bytearray(b"\xff" * ((side + 7) // 8))
        for x in range(side):
            edge = min(x, y, side - 1 - x, side - 1 - y)
            cross = abs(x - side // 2) < side // 40 or abs(y - side // 2) < side // 40
            if edge < side // 16 or side // 9 <= edge < side // 7 or (cross and edge >= side // 9):
                row[x // 8] &= ~(0x80 >> (x % 8)) & 0xFF
        rows += row
    header = struct.pack(">LLBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


def person(order: int = 1, given: str = "髙太郎", reading: str = "タカタロウ", **changes: object) -> Resident:
    """Make a resident of the builder's household."""
    made = Resident(
        atena_no=AtenaNo(f"{order:010d}"),
        history_no=1,
        household_no=HouseholdNo("0000000001"),
        order_no=order,
        status=ResidentStatus.RESIDENT,
        kind=ResidentKind.JAPANESE,
        name=ReadName(f"{WATANABE}　{given}", f"ワタナベ　{reading}"),
        latin_name=None,
        former_surname=None,
        tsusho=None,
        birth=RegisterDate("昭和58年4月12日", date(1983, 4, 12)),
        sex="男",
        relationship="世帯主" if order == 1 else "子",
        householder_name=f"{WATANABE}　髙太郎",
        honseki="みどり県あおぞら市大字山﨑456番地",
        hittosha=f"{WATANABE}　義雄",
        address=ADDRESS,
        resident_since=RegisterDate("平成21年3月30日", date(2009, 3, 30)),
        resident_since_reason="転入",
        address_since=RegisterDate("令和2年10月1日", date(2020, 10, 1)),
        todoke_date=date(2020, 10, 5),
        tennyu_from=f"東京都{KATSURAGI[:2]}飾区立石五丁目13番1号",
        before_move=f"みどり県あおぞら市{YOSHIDA}町二丁目1番",
        tenshutsu_to=None,
        tenshutsu_planned=None,
        removal=None,
        foreign=None,
        remarks=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # names are checked by replace itself


def wife() -> Resident:
    """Make the second member: a former surname, a reading nobody has certified."""
    return person(
        2,
        "花子",
        "ハナコ",
        name=ReadName(f"{WATANABE}　花子", "ワタナベ　ハナコ", confirmed=False),
        former_surname=ReadName(YOSHIDA, "ヨシダ"),
        birth=RegisterDate("昭和60年11月3日", date(1985, 11, 3)),
        sex="女",
        relationship="妻",
    )


def child(order: int, given: str, reading: str, year: int) -> Resident:
    """Make a child, born here: never moved in."""
    since = RegisterDate(f"平成{year}年7月21日", date(1988 + year, 7, 21))
    return person(
        order,
        given,
        reading,
        birth=since,
        resident_since=since,
        resident_since_reason="出生",
        tennyu_from=None,
        todoke_date=date(1988 + year, 7, 30),
    )


def foreigner(order: int = 1) -> Resident:
    """Make a foreign resident with two scripts and a 通称."""
    return person(
        order,
        kind=ResidentKind.FOREIGN,
        name=ReadName("張　玉蓮", "チャン　ユーリン"),
        latin_name="ZHANG YULIN",
        tsusho=ReadName("山田　玲子", "ヤマダ　レイコ"),
        birth=RegisterDate("1990年4月12日", date(1990, 4, 12)),
        sex="女",
        relationship="世帯主" if order == 1 else "妻",
        householder_name="ZHANG YULIN　張　玉蓮",
        honseki=None,
        hittosha=None,
        tennyu_from="国外　中華人民共和国",
        before_move=None,
        resident_since_reason="国外転入等",
        foreign=ForeignStatus(
            nationality="中国",
            category="中長期在留者",
            residence_status="技術・人文知識・国際業務",
            period="5年",
            until=date(2029, 3, 29),
            card_no="AB12345678CD",
        ),
        remarks="通称の記載　平成25年4月1日　みどり県あおぞら市",
    )


def family(size: int = 3) -> tuple[Resident, ...]:
    """Make a household of a size, in stored order."""
    named = (
        ("𠮷之助", "ヨシノスケ"),
        ("咲良", "サクラ"),
        ("蓮", "レン"),
        ("結衣", "ユイ"),
        ("陽葵", "ヒマリ"),
        ("湊", "ミナト"),
    )
    children = (child(n + 3, *named[n % len(named)], 25 + n % 6) for n in range(size - 2))
    return (person(), wife(), *children)[:size]


def decided(members: tuple[Resident, ...] | None = None, **changes: object) -> Decided:
    """Make a decided certificate with its serial, seal and certifier."""
    people = members or family()
    at = datetime(2026, 11, 20, 5, 5, tzinfo=UTC)
    made = Decided(
        kind=CertificateKind.JUMINHYO_COPY,
        household=Household(people[0].household_no, people),
        members=people,
        options=ALL_ITEMS,
        whole_household=True,
        attestation=WHOLE,
        certifier=Certifier("みどり県", "あおぞら市", "市長", f"{TSUJI}　﨑一郎"),
        seal=OfficialSeal(seal_png(), 24),
        issued_on=date(2026, 11, 20),
        as_of=AsOf(Source.REPLICA, 100, at, 50, at),
        serial=SerialNo(date(2026, 11, 20), "あおぞら市", "本庁1", "プリンタ001", 11),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # names are checked by replace itself

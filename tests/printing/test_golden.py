"""Papers look as they were approved; ./dev approve renews tests/golden after a person has looked."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from client.domain.certificate import JuminhyoOptions, SheetState
from client.domain.doubtful import Done, DoubtfulList, SignOff, Why
from client.domain.drill import DrillCount, DrillEvent, DrillReport
from client.domain.resident import ReadName
from client.domain.slip import IntakeSlip
from printing.desk.draw import Drawer
from printing.desk.picture import pictures
from printing.layout.glyphs import FontChain
from printing.layout.page import Page
from printing.papers import doubtful_list, drill_report, intake_slip, juminhyo_copy
from tests.doubt_fakes import a_doubtful
from tests.printing import goldens
from tests.printing.paper_builders import ADDRESS, WATANABE, decided, family, foreigner, person

AT = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
DECIDED = {
    "juminhyo-family": decided(),
    "juminhyo-six": decided(family(6)),
    "juminhyo-foreign": decided((foreigner(), person(2)), show_as_of=True, official_use=True),
    "juminhyo-drill": decided(family(2), drill=True),
    "juminhyo-preview": decided((person(),), options=JuminhyoOptions(), serial=None, whole_household=False),
    "juminhyo-long": decided(
        (
            person(
                name=ReadName("渡邉\U000e0110　" + "寿限無" * 9, "ワタナベ　" + "ジュゲム" * 9),
                tennyu_from="東京都葛\U000e0102飾区立石五丁目13番1号　" + "メゾン・ド・葛飾" * 5,
                remarks="長い備考の文" * 14,
            ),
        )
    ),
}
SLIP = IntakeSlip(
    number="01939f00-7d2e-7aaa-8bbb-0123456789ab",
    kind="転居届",
    town="みどり県あおぞら市",
    terminal="本庁1",
    clerk="山﨑　美咲",
    received_at=AT,
    todoke_date=date(2026, 11, 20),
    ido_date=date(2026, 11, 15),
    filer=f"{WATANABE}　髙太郎",
    members=tuple(member.shown_name for member in family(4)),
    address=ADDRESS.text,
    offline=True,
)
REPORT = DrillReport(
    scenario="基幹回線の断（要求の途中）",
    town="みどり県あおぞら市",
    terminal="本庁1",
    line="モバイルルータ（従量制）",
    officer="辻　花子",
    started_at=AT,
    ended_at=AT + timedelta(minutes=7),
    rto=timedelta(seconds=2.4),
    rto_target=timedelta(minutes=3),
    events=tuple(
        DrillEvent(AT + timedelta(seconds=20 * n), words)
        for n, words in enumerate(
            ("訓練開始", "回線断を検知", "複製へ切替", "住民票の写し 1通", "回線復旧", "送信完了")
        )
    ),
    counts=(DrillCount("住民票の写しの交付", 2, 2), DrillCount("転居届（仮受付）", 1, 1)),
)
DOUBTFUL = DoubtfulList(
    town="みどり県あおぞら市",
    terminal="本庁1",
    officer="辻　花子",
    made_at=AT,
    papers=(
        a_doubtful(11, Why.TENSHUTSU),
        a_doubtful(14, Why.IDO, withheld=True),
        a_doubtful(15, Why.BLOCK, Why.IDO, Why.DEATH, Why.SHOJO, Why.SHIEN_SOCHI, state=SheetState.SPOILED),
        a_doubtful(19, Why.UNKNOWN),
        a_doubtful(
            9,
            Why.DEATH,
            signed_off=SignOff(
                "s003",
                AT - timedelta(minutes=3),
                Done.CONTACTED,
                "家族に電話し、旧票を回収。" * 4,
            ),
        ),
    ),
)


@pytest.fixture(scope="module")
def drawn(chain: FontChain, drawer: Drawer) -> dict[str, tuple[Page, Image.Image]]:
    laid = {name: juminhyo_copy.pages(asked, chain) for name, asked in DECIDED.items()}
    laid["doubtful-list"] = doubtful_list.pages(DOUBTFUL, chain)
    laid |= {"slip": intake_slip.pages(SLIP, chain), "drill-report": drill_report.pages(REPORT, chain)}
    return {
        f"{name}-{n}": (page, goldens.image_of(picture))
        for name, pages in laid.items()
        for n, (page, picture) in enumerate(
            zip(pages, pictures(drawer.pdf(pages, title=""), dpi=goldens.DPI), strict=True), start=1
        )
    }


NAMES = (
    "juminhyo-family-1",
    "juminhyo-six-1",
    "juminhyo-six-2",
    "juminhyo-foreign-1",
    "juminhyo-drill-1",
    "juminhyo-preview-1",
    "juminhyo-long-1",
    "slip-1",
    "drill-report-1",
    "doubtful-list-1",
)


def test_every_page_drawn_has_its_name(drawn: dict[str, tuple[Page, Image.Image]]) -> None:
    assert set(drawn) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_looks_as_approved(name: str, drawn: dict[str, tuple[Page, Image.Image]]) -> None:
    page, actual = drawn[name]
    told = goldens.difference(name, actual, page)
    assert not told, told


@pytest.mark.skipif(goldens.APPROVE, reason="pages are being approved, not compared")
def test_a_changed_page_is_told_by_its_place(
    drawn: dict[str, tuple[Page, Image.Image]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(goldens, "LEFT", tmp_path)
    page, actual = drawn["juminhyo-family-1"]
    changed = actual.copy()
    box = next(field.box for field in page.fields if field.name == "person1.name")
    dot = 25.4 / goldens.DPI
    ImageDraw.Draw(changed).rectangle(
        ((box.x + 1) / dot, (box.y + 1) / dot, (box.x + 4) / dot, (box.y + 3) / dot), fill=0
    )
    told = goldens.difference("juminhyo-family-1", changed, page)
    assert "person1.name" in told
    assert {path.name for path in tmp_path.iterdir()} == {
        f"juminhyo-family-1.{kind}.png" for kind in ("actual", "approved", "difference")
    }
    assert "dots instead of" in goldens.difference("juminhyo-family-1", changed.crop((0, 0, 9, 9)), page)
    assert "no approved picture" in goldens.difference("nothing-like-it", changed)

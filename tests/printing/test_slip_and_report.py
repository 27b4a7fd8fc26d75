"""The two papers without a number: a slip that promises nothing, a report that hides nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from client.domain.drill import DrillCount, DrillEvent
from client.domain.errors import PaperError
from printing.layout.fonts import find_fonts
from printing.layout.form import read_form
from printing.layout.glyphs import FontChain
from printing.layout.page import Page, Tone
from printing.papers import PAPERS, drill_report, intake_slip
from tests.printing.test_golden import AT, REPORT, SLIP

CHAIN = FontChain(find_fonts())


def said(page: Page) -> str:
    return "\n".join(field.text for field in page.fields)


def test_a_slip_never_says_that_anything_was_registered() -> None:
    for slip in (SLIP, replace(SLIP, offline=False)):
        (page,) = intake_slip.pages(slip, CHAIN)
        assert "受理" not in said(page)
        assert "証明書としては使えません" in said(page)
        assert ("回線停止中" in said(page)) is slip.offline


def test_a_protected_persons_new_address_is_on_no_slip() -> None:
    (page,) = intake_slip.pages(replace(SLIP, address=None, withheld=True), CHAIN)
    assert page.text_of("address") == "（記載しません）"
    assert "みどり県あおぞら市葛" not in said(page)


def test_a_slip_names_the_day_at_the_counter_and_the_day_of_the_move() -> None:
    (page,) = intake_slip.pages(SLIP, CHAIN)
    assert page.text_of("todoke_date") == "令和8年11月20日"
    assert page.text_of("ido_date") == "令和8年11月15日"
    assert page.text_of("received_at") == "令和8年11月20日14時0分"


@pytest.mark.parametrize("drill", [True, False])
def test_a_slip_of_a_drill_is_marked(drill: bool) -> None:
    (page,) = intake_slip.pages(replace(SLIP, drill=drill), CHAIN)
    assert any(text.tone is Tone.OUTLINE for text in page.texts) is drill


def test_missing_letters_stop_slip_and_report_too() -> None:
    with pytest.raises(PaperError, match="glyph_missing"):
        intake_slip.pages(replace(SLIP, filer="邉\U000e0100"), CHAIN)
    with pytest.raises(PaperError, match="glyph_missing"):
        drill_report.pages(replace(REPORT, remarks="邉\U000e0100"), CHAIN)


def test_a_slip_names_who_moves_and_when_it_was_taken_in() -> None:
    with pytest.raises(ValueError, match="who moves"):
        replace(SLIP, members=())
    with pytest.raises(ValueError, match="when"):
        replace(SLIP, received_at=AT.replace(tzinfo=None))


def test_a_drill_passes_only_in_time_with_every_step_and_every_paper() -> None:
    assert REPORT.passed
    late = replace(REPORT, rto=timedelta(minutes=4))
    none = replace(REPORT, rto=None)
    failed = replace(REPORT, events=(*REPORT.events, DrillEvent(AT, "送信失敗", ok=False)))
    lost = replace(REPORT, counts=(DrillCount("交付", 2, 1),))
    twice = replace(REPORT, counts=(DrillCount("交付", 1, 2),))
    for bad in (late, none, failed, lost, twice):
        assert not bad.passed
        (page,) = drill_report.pages(bad, CHAIN)
        assert page.text_of("verdict") == "要改善"
    (page,) = drill_report.pages(none, CHAIN)
    assert page.text_of("rto") == "再開できず（目標 3分0秒）"
    (page,) = drill_report.pages(REPORT, CHAIN)
    assert page.text_of("verdict") == "合格"
    assert page.text_of("rto") == "2.4秒（目標 3分0秒）"


def test_a_report_always_fits_one_page_and_says_what_it_left_out() -> None:
    many = tuple(DrillEvent(AT + timedelta(seconds=n), f"出来事{n}") for n in range(100))
    (page,) = drill_report.pages(replace(REPORT, events=many), CHAIN)
    assert "出来事0" in said(page)
    assert "出来事99" in said(page)
    shown = sum(field.text.startswith("出来事") for field in page.fields)
    assert f"（ほか{100 - shown}件は操作記録を参照）" in said(page)
    bottom = max(field.box.bottom for field in page.fields if field.name.startswith("timeline"))
    assert bottom <= next(field.box.y for field in page.fields if field.name == "signature")


def test_a_report_is_always_marked_as_a_drills() -> None:
    (page,) = drill_report.pages(REPORT, CHAIN)
    assert [text.text for text in page.texts if text.tone is Tone.OUTLINE] == ["訓練"]


def test_a_drill_without_a_timeline_or_before_it_began_is_none() -> None:
    for wrong in ({"events": ()}, {"ended_at": AT - timedelta(1)}, {"started_at": AT.replace(tzinfo=None)}):
        with pytest.raises((ValueError, TypeError)):
            replace(REPORT, **wrong)


@pytest.mark.parametrize("name", ["juminhyo_copy", "intake_slip", "drill_report"])
def test_a_forms_words_can_all_be_printed(name: str) -> None:
    form = read_form(name)
    labels = "".join(cell.label for rows in form.rows.values() for row in rows for cell in row.cells)
    assert CHAIN.missing("".join((*form.words.values(), labels)).replace("\n", "")) == ()
    assert {form.filler(field) for field in form.absent} <= set(form.words.values())


def test_every_kind_of_certificate_has_its_paper() -> None:
    for kind, paper in PAPERS.items():
        assert paper.form == kind.value
        assert paper.title == "住民票の写し"


def test_a_text_too_long_for_slip_or_report_is_told_of_by_its_label() -> None:
    with pytest.raises(PaperError) as slip:
        intake_slip.pages(replace(SLIP, address="長" * 900), CHAIN)
    assert slip.value.facts == {"field": "住所"}
    with pytest.raises(PaperError) as report:
        drill_report.pages(replace(REPORT, events=(DrillEvent(AT, "長" * 900),)), CHAIN)
    assert report.value.facts == {"field": "経過"}

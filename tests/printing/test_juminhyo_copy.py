"""住民票の写し in numbers: where things stand, what is said, what is left out ([STD j1000 to j1070])."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.calendar import RegisterDate
from client.domain.certificate import Certifier, Decided, JuminhyoOptions, OfficialSeal
from client.domain.errors import PaperError
from client.domain.resident import Address, ReadName, Resident, ResidentStatus
from client.rules.deputy import LONGEST
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from printing.layout.page import Page, Tone
from printing.papers.juminhyo_copy import pages
from tests.printing.paper_builders import (
    ALL_ITEMS,
    KATSURAGI,
    TSUJI,
    WATANABE,
    WHOLE,
    YOSHIDA,
    decided,
    family,
    foreigner,
    person,
    seal_png,
    wife,
)

CHAIN = FontChain(find_fonts())
PAPER = (0.0, 0.0, 210.0, 297.0)
_UNPRINTABLE = 4.3  # mm: what office printers leave blank at each edge
LETTERS = st.sampled_from([WATANABE[1:], "𠮷", "山", "﨑", "﨑", TSUJI, "a", "　", "ー", "1"])


def lay(asked: Decided) -> tuple[Page, ...]:
    return pages(asked, CHAIN)


def only(asked: Decided) -> Page:
    (page,) = lay(asked)
    return page


def said(page: Page) -> str:
    return "\n".join(field.text for field in page.fields)


def long_text(least: int, most: int) -> st.SearchStrategy[str]:
    return (
        st.lists(LETTERS, min_size=least, max_size=most).map("".join).filter(lambda text: bool(text.strip()))
    )


@st.composite
def people(draw: st.DrawFn) -> tuple[Resident, ...]:
    size = draw(st.integers(1, 9))
    address = Address(draw(long_text(1, 40)), "1番", draw(long_text(1, 30)))
    made = []
    for order in range(1, size + 1):
        base = foreigner(order) if draw(st.booleans()) else person(order)
        made.append(
            replace(
                base,
                address=address,
                name=ReadName(draw(long_text(1, 30)), draw(long_text(1, 40))),
                former_surname=draw(st.none() | st.builds(ReadName, long_text(1, 10), long_text(1, 10))),
                tennyu_from=draw(st.none() | long_text(1, 60)),
                honseki=draw(st.none() | long_text(1, 60)),
                remarks=draw(st.none() | long_text(1, 60)),
            )
        )
    return tuple(made)


@settings(max_examples=40)  # each is some sheets
@given(people(), st.booleans(), st.booleans(), st.booleans())
def test_no_value_leaves_its_box_and_no_two_boxes_overlap(
    members: tuple[Resident, ...], drill: bool, show_as_of: bool, official: bool
) -> None:
    asked = decided(members, drill=drill, show_as_of=show_as_of, official_use=official)
    try:
        laid = lay(asked)
    except PaperError as error:
        assert error.code == "paper.overflow"  # noqa: PT017 - either outcome is lawful
        return
    assert len(laid) == -(-len(members) // 4)
    for page in laid:
        boxes = [(field.name, field.box) for field in page.fields if field.name != "drill_seal"]
        for n, (name, box) in enumerate(boxes):
            assert not [other for other, below in boxes[n + 1 :] if box.overlaps(below)], name
            assert box.x >= _UNPRINTABLE
            assert box.right <= PAPER[2] - _UNPRINTABLE
            assert box.y >= _UNPRINTABLE
            assert box.bottom <= PAPER[3] - _UNPRINTABLE
        fields = [field.box for field in page.fields]
        for text in page.texts:
            if text.tone is Tone.BLACK:
                assert any(box.contains(text.em) for box in fields), text.text


_LABELS = {"第30条の45に規定する区分"}


@settings(max_examples=40)
@given(people())
def test_every_sheet_bears_the_number_and_only_the_last_is_attested(members: tuple[Resident, ...]) -> None:
    try:
        laid = lay(decided(members))
    except PaperError:
        return
    for n, page in enumerate(laid, start=1):
        assert page.text_of("serial") == f"20261120 あおぞら市 本庁1 プリンタ001 000011 {n}/{len(laid)}"
        assert page.text_of("page") == f"{n}／{len(laid)}"
        last = n == len(laid)
        assert (page.text_of("attestation") == WHOLE) is last
        assert (page.text_of("certifier") is not None) is last
        assert (len(page.images) == 1) is last
        assert (page.text_of("goes_on") is None) is last


def test_members_stand_in_the_stored_order_whatever_order_they_were_asked_in() -> None:
    mother = person(2, "ハナ", "ハナ", relationship="母")
    page = only(decided((person(3, "蓮", "レン"), mother, person(1))))
    names = [page.text_of(f"person{n}.name") for n in (1, 2, 3)]
    assert names == [f"{WATANABE}　髙太郎", f"{WATANABE}　ハナ", f"{WATANABE}　蓮"]


def test_what_was_not_asked_for_is_said_to_be_left_out() -> None:
    page = only(decided((person(), foreigner(2)), options=JuminhyoOptions()))
    omitted = {
        "householder",
        *(f"person1.{name}" for name in ("relationship", "honseki", "hittosha")),
        *(f"person2.{name}" for name in ("relationship", "nationality", "category", "residence_status")),
        *(f"person2.{name}" for name in ("period", "until", "card_no")),
        *(f"person{n}.{name}" for n in (1, 2) for name in ("individual_number", "juminhyo_code")),
    }
    assert {field.name for field in page.fields if field.text == "省略"} == omitted
    assert "456番地" not in said(page)
    assert "AB12345678CD" not in said(page)


def test_the_numbers_of_a_person_are_left_out_even_when_everything_is_asked_for() -> None:
    page = only(decided((person(),), options=ALL_ITEMS))
    assert page.text_of("person1.individual_number") == "省略"
    assert page.text_of("person1.juminhyo_code") == "省略"


def test_nationality_goes_with_honseki_and_the_rest_with_the_foreign_items() -> None:
    page = only(decided((foreigner(),), options=JuminhyoOptions(honseki=True)))
    assert page.text_of("person1.nationality") == "中国"
    assert page.text_of("person1.residence_status") == "省略"


def test_a_foreign_residents_birth_and_term_are_western_and_the_rest_japanese() -> None:
    page = only(decided((foreigner(),)))
    assert page.text_of("person1.birth") == "1990年4月12日"
    assert page.text_of("person1.until") == "2029年3月29日"
    assert page.text_of("person1.todoke_date") == "令和2年10月5日"
    assert page.text_of("person1.name") == "ZHANG YULIN　張　玉蓮"
    assert page.text_of("person1.tsusho") == "山田　玲子　（ヤマダ　レイコ）"
    assert page.text_of("person1.honseki") is None


def test_a_date_stands_as_the_register_has_it() -> None:
    born = RegisterDate("昭和20年春", date(1945, 4, 1))
    assert only(decided((person(birth=born),))).text_of("person1.birth") == "昭和20年春"


def test_nothing_held_and_nothing_to_hold_are_told_apart() -> None:
    bare = person(
        tennyu_from=None, before_move=None, address_since=None, todoke_date=None, honseki=None, sex=None
    )
    page = only(decided((bare,)))
    for name in ("tennyu_from", "address_since", "todoke_date", "honseki", "sex"):
        assert page.text_of(f"person1.{name}") == "【空欄】"
    for name in ("former_surname", "before_move", "remarks"):
        assert page.text_of(f"person1.{name}") == "＊＊＊"
    nobody = only(decided((foreigner(),)))
    assert nobody.text_of("person1.before_move") == "＊＊＊"
    bare_foreigner = only(decided((replace(foreigner(), foreign=None, tsusho=None, householder_name=None),)))
    assert bare_foreigner.text_of("person1.nationality") == "【空欄】"
    assert bare_foreigner.text_of("householder") == "【空欄】"


def test_a_reading_stands_in_parentheses_and_an_uncertified_one_is_not_shown() -> None:
    page = only(decided((person(), wife())))
    assert page.text_of("person1.furigana") == "（ワタナベ　タカタロウ）"
    assert page.text_of("person2.furigana") == "（＊＊＊＊＊＊＊＊）"
    assert page.text_of("person2.former_surname") == f"{YOSHIDA}　（ヨシダ）"
    without = only(decided((person(), wife()), options=replace(ALL_ITEMS, furigana=False)))
    assert without.text_of("person1.furigana") is None
    assert without.text_of("person2.former_surname") == YOSHIDA


@pytest.mark.parametrize("letters", [12, 24, 36, 42])
def test_a_long_name_keeps_its_reading_beside_or_below_it(letters: int) -> None:
    long = person(name=ReadName("山" * letters, "ヤマ" * letters))
    page = only(decided((long,)))
    assert page.text_of("person1.name") == "山" * letters
    assert page.text_of("person1.furigana") == f"（{'ヤマ' * letters}）"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (decided((person(remarks="長" * 400),)), "1人目の備考"),
        (decided((person(), person(2, name=ReadName("山", "ヤ" * 400)))), "2人目の氏名のフリガナ"),
        (decided((foreigner(1), person(2, honseki="長" * 400))), "2人目の本籍"),
        (decided((person(householder_name="長" * 400),)), "世帯主"),
        (decided(attestation="長" * 400), "認証文"),
    ],
)
def test_a_text_too_long_for_its_box_is_refused_by_the_label_a_clerk_knows(
    changed: Decided, told: str
) -> None:
    with pytest.raises(PaperError) as refused:
        lay(changed)
    assert (refused.value.code, refused.value.facts) == ("paper.overflow", {"field": told})


def test_all_missing_letters_of_a_paper_are_named_at_once() -> None:
    strange = person(name=ReadName("渡邉\U000e0100"), remarks="\ue001")
    with pytest.raises(PaperError) as refused:
        lay(decided((strange,)))
    assert refused.value.facts == {"letters": "U+9089 U+E0100, U+E001"}


def test_the_prefecture_stands_before_the_title_and_the_seal_after_the_name_uncovered() -> None:
    page = only(decided())
    assert page.text_of("certifier") == f"みどり県あおぞら市長　　{TSUJI}　﨑一郎"
    (seal,) = page.images
    assert (seal.box.width, seal.box.height) == (24.0, 24.0)
    certifier = next(text for text in page.texts if text.text.startswith("みどり県あおぞら市長"))
    assert 0 < seal.box.x - certifier.em.right < 4
    assert not any(text.em.overlaps(seal.box) for text in page.texts)


def test_an_acting_mayor_is_named_in_full() -> None:
    acting = Certifier("みどり県", "あおぞら市", "市長職務代理者　副市長", "渡辺　花子")
    assert (
        only(decided(certifier=acting)).text_of("certifier")
        == "みどり県あおぞら市長職務代理者　副市長　　渡辺　花子"
    )


def test_a_deputy_declared_at_the_terminal_fits_with_the_most_letters_that_are_taken() -> None:
    words = "長" * LONGEST, WATANABE[1:] * LONGEST
    declared = Certifier("神奈川県", "南足柄市", *words, declared=True)
    page = only(decided(certifier=declared, seal=None))
    assert page.text_of("certifier") == f"神奈川県南足柄市{words[0]}　　{words[1]}"
    assert page.images == ()


@pytest.mark.parametrize("side", [0, 26, 40])
def test_a_seal_above_25_mm_is_never_printed(side: int) -> None:
    with pytest.raises(PaperError, match="bad_seal"):
        lay(decided(seal=OfficialSeal(seal_png(16), side)))


def test_a_drill_is_marked_on_every_sheet_and_never_sealed() -> None:
    for page in lay(decided(family(6), drill=True)):
        marks = [text for text in page.texts if text.tone is Tone.OUTLINE]
        assert [mark.text for mark in marks] == ["訓練"]
        assert marks[0].size >= 200
        assert page.images == ()
    assert page.text_of("drill_seal") == "訓練"
    assert not [text for text in only(decided()).texts if text.tone is Tone.OUTLINE]


def test_a_preview_says_that_its_number_comes_later() -> None:
    assert only(decided(serial=None)).text_of("serial") == "交付時に採番 1/1"


def test_the_moment_of_the_record_is_in_japanese_time_and_only_when_asked_for() -> None:
    assert only(decided(show_as_of=True)).text_of("as_of") == "令和8年11月20日14時5分現在の記録による"
    assert only(decided()).text_of("as_of") is None


def test_official_use_is_marked_and_exemption_never() -> None:
    page = only(decided(official_use=True))
    assert page.text_of("official_use") == "公用"
    assert "無手数料" not in said(page)


@pytest.mark.parametrize(("size", "struck"), [(1, True), (3, True), (4, False), (5, True), (8, False)])
def test_unused_space_is_struck_through_on_the_last_sheet(size: int, struck: bool) -> None:
    *full, last = lay(decided(family(size)))
    assert all(page.text_of("rest_blank") is None for page in full)
    assert (last.text_of("rest_blank") == "以下余白") is struck
    diagonals = [line for line in last.lines if line.x1 != line.x2 and line.y1 != line.y2]
    assert len(diagonals) == struck


def test_people_are_numbered_on_over_the_sheets() -> None:
    first, second = lay(decided(family(6)))
    assert [first.text_of(f"person{n}.order") for n in (1, 2, 3, 4)] == ["1", "2", "3", "4"]
    assert [second.text_of(f"person{n}.order") for n in (5, 6)] == ["5", "6"]
    assert second.text_of("address") == first.text_of("address")
    assert KATSURAGI in (first.text_of("address") or "")


def test_removed_records_and_two_addresses_are_not_for_this_form() -> None:
    with pytest.raises(ValueError, match="open records"):
        lay(decided((person(status=ResidentStatus.DEATH),)))
    with pytest.raises(ValueError, match="one address"):
        lay(decided((person(), person(2, address=Address("他", "1番")))))
    with pytest.raises(PaperError, match=r"paper\.no_page"):
        lay(replace(decided(), members=()))


def test_a_move_out_that_was_notified_is_not_on_the_paper() -> None:
    leaving = person(tenshutsu_to="東京都千代田区", tenshutsu_planned=date(2026, 12, 1))
    assert "千代田" not in said(only(decided((leaving,))))


def test_a_title_that_does_not_begin_with_the_towns_kind_keeps_it() -> None:
    acting = Certifier("みどり県", "あおぞら市", "副市長", "渡辺　花子")
    assert (only(decided(certifier=acting)).text_of("certifier") or "").startswith("みどり県あおぞら市副市長")


def test_a_town_may_print_without_a_seal() -> None:
    page = only(decided(seal=None))
    assert page.images == ()
    assert page.text_of("attestation") == WHOLE


def test_a_foreigners_reading_is_printed_as_the_town_was_told_it() -> None:
    told = replace(foreigner(), name=ReadName("陳　暁雨", "チン　ギョウウ", confirmed=False))
    assert only(decided((told,))).text_of("person1.furigana") == "（チン　ギョウウ）"

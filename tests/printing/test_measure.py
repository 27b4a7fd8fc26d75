"""Text in boxes: shrunk, then wrapped, then refused; never cut, never over the edge."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.errors import PaperError
from client.domain.letters import is_selector
from printing.layout.fonts import find_fonts
from printing.layout.glyphs import FontChain
from printing.layout.measure import Align, Sizes, fit, place, spread, wrap
from printing.layout.page import Box, Text

CHAIN = FontChain(find_fonts())
SIZES = Sizes(10.0, 7.0, 5.0)
TEXTS = st.lists(
    st.sampled_from(["山", "邉\U000e0110", "𠮷", "A", "Yulin", " ", "　", "1", "、", "）", "（", "ー"]),
    max_size=60,
).map("".join)


def place_or_refuse(text: str, box: Box) -> tuple[Text, ...]:
    """Place a text; where it is refused, the reason must be the right one."""
    try:
        return place(CHAIN, text, box, SIZES, name="field")
    except PaperError as error:
        if (error.code, error.facts) != ("paper.overflow", {"field": "field"}):
            raise
        return ()


@settings(deadline=None)  # a busy machine is no failure
@given(TEXTS, st.floats(5, 120), st.floats(3, 30))
def test_a_placed_text_is_whole_and_inside_its_box_or_refused(text: str, width: float, height: float) -> None:
    box = Box(10, 10, width, height)
    laid = place_or_refuse(text, box)
    assert not laid or "".join(part.text for part in laid) == text
    assert all(box.contains(part.em) for part in laid)
    assert all(SIZES.least <= part.size <= SIZES.wanted for part in laid)
    for upper, lower in pairwise(laid):
        assert not upper.em.overlaps(lower.em)


@settings(deadline=None)  # a busy machine is no failure
@given(TEXTS, st.floats(2, 40))
def test_wrapping_loses_nothing_and_parts_no_letter_from_its_selector(text: str, width: float) -> None:
    lines = wrap(CHAIN, text, width)
    assert "".join(lines) == text
    assert not any(line and is_selector(line[0]) for line in lines)


def test_a_text_shrinks_before_it_wraps() -> None:
    box = Box(0, 0, 31, 20)
    assert fit(CHAIN, "山" * 8, box, SIZES, name="x").size == 10.0
    one = fit(CHAIN, "山" * 10, box, SIZES, name="x")
    assert (len(one.lines), one.size) == (1, 8.5)
    assert len(fit(CHAIN, "山" * 20, Box(0, 0, 31, 7), SIZES, name="x").lines) == 2


def test_latin_words_break_at_spaces_and_stops_do_not_begin_a_line() -> None:
    assert wrap(CHAIN, "ZHANG YULIN", 5.5) == ("ZHANG ", "YULIN")
    assert wrap(CHAIN, "山山山、川", 3.0) == ("山山", "山、川")
    assert wrap(CHAIN, "ABCDEFGHIJ", 2.0)[0] != ""


@pytest.mark.parametrize("align", list(Align))
def test_alignment_keeps_to_the_box(align: Align) -> None:
    box = Box(5, 5, 50, 6)
    (text,) = place(CHAIN, "山川", box, SIZES, name="x", align=align)
    left, right = text.em.x - box.x, box.right - text.em.right
    expected = {Align.LEFT: left == 0, Align.CENTRE: abs(left - right) < 1e-6, Align.RIGHT: abs(right) < 1e-6}
    assert expected[align]


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(1, 12), st.floats(8, 40))
def test_labels_run_from_edge_to_edge_or_shrink(letters: int, width: float) -> None:
    box = Box(0, 0, width, 5)
    texts = spread(CHAIN, "住民となった年月日住所を"[:letters], box, 7.0)
    assert all(box.contains(text.em) for text in texts)
    if letters > 1 and texts[0].spacing:
        assert texts[0].em.width == pytest.approx(width)

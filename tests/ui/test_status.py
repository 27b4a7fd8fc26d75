"""The status bar: a state is told by shape, tone and word together."""

from dataclasses import replace
from datetime import timedelta

import pytest

from client.domain.feed import FeedPosition, Position
from tests.builders import NOW
from ui.marks import Mark
from ui.status import Facts, Line, link_cell, printer_cell, replica_cell, waiting_cell
from ui.text import Words

WORDS = Words("ja")
FRESH = FeedPosition(5, NOW - timedelta(seconds=28))


@pytest.mark.parametrize("line", list(Line))
def test_every_state_of_the_line_has_a_word(line: Line) -> None:
    assert link_cell(Facts(line), WORDS, NOW).word


def test_no_two_grave_states_look_alike_in_black_and_white() -> None:
    shapes = {
        line: link_cell(Facts(line), WORDS, NOW).mark for line in (Line.ONLINE, Line.SLOW, Line.OFFLINE)
    }
    assert set(shapes.values()) == {Mark.CIRCLE, Mark.TRIANGLE, Mark.SQUARE}


def test_offline_says_since_when() -> None:
    cell = link_cell(Facts(Line.OFFLINE, line_since=NOW - timedelta(minutes=26)), WORDS, NOW)
    assert cell.detail == "14:06:00 から"


def test_a_metered_line_is_named() -> None:
    assert "モバイルルータ" in link_cell(Facts(Line.RECOVERING, metered=True), WORDS, NOW).word


def test_the_age_of_the_replica_is_a_time_and_words() -> None:
    cell = replica_cell(Facts(position=Position(FRESH, FRESH)), WORDS, NOW)
    assert cell.detail == "14:31:32 時点（28秒前）"
    assert cell.tone == "quiet"


def test_a_feed_that_lags_is_told_on_its_own() -> None:
    late = FeedPosition(3, NOW - timedelta(hours=5))
    cell = replica_cell(Facts(position=Position(late, FRESH)), WORDS, NOW)
    assert cell.tone == "warn"
    assert "抑止 5時間前" in cell.detail


def test_a_replica_that_is_not_there_says_so() -> None:
    assert "未取得" in replica_cell(Facts(), WORDS, NOW).detail
    assert "3／10" in replica_cell(Facts(filling=True, filled=(3, 10)), WORDS, NOW).detail


def test_what_waits_for_a_clerk_is_graver_than_what_waits_for_the_line() -> None:
    facts = Facts(waiting=2, next_try_at=NOW + timedelta(seconds=30))
    assert waiting_cell(facts, WORDS, NOW).tone == "warn"
    assert "14:32:30" in waiting_cell(facts, WORDS, NOW).detail
    assert waiting_cell(replace(facts, wants_a_clerk=1), WORDS, NOW).tone == "bad"


def test_the_printer_is_named() -> None:
    assert printer_cell(Facts(printer="窓口1"), WORDS).word == "窓口1"
    cell = printer_cell(
        Facts(printer="窓口1", printer_wants="用紙がありません。補給してください。印刷待ちです"), WORDS
    )
    assert (cell.mark, cell.tone, cell.detail) == (Mark.TRIANGLE, "warn", "用紙がありません")

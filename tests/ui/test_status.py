"""The status bar: a state is told by shape, tone and word together."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from client.domain.feed import FeedPosition, Position
from client.domain.uplink import Uplink
from client.jobs.take_chunks import Progress
from client.rules import services
from client.rules.link import after_success, begin
from client.rules.usage import Bytes
from tests.builders import NOW
from ui.line_report import line_report
from ui.marks import Mark
from ui.status import (
    Facts,
    Line,
    UplinkFacts,
    link_cell,
    megabytes,
    printer_cell,
    replica_cell,
    waiting_cell,
    with_fill,
)
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


def test_a_declared_disaster_is_named_while_the_line_is_down() -> None:
    declared = Facts(Line.OFFLINE, declared_until=NOW + timedelta(days=7))
    assert "災害宣言中" in link_cell(declared, WORDS, NOW).word
    assert "災害宣言中" not in link_cell(replace(declared, line=Line.ONLINE), WORDS, NOW).word


def test_a_deputy_declared_here_is_named_as_long_as_it_stands() -> None:
    cell = link_cell(Facts(Line.OFFLINE, deputy_until=date(2026, 11, 22)), WORDS, NOW)
    assert cell.word == "オフライン・職務代理（11月22日まで）"
    both = Facts(Line.OFFLINE, deputy_until=date(2026, 11, 22), declared_until=NOW + timedelta(days=7))
    assert link_cell(both, WORDS, NOW).word == "オフライン・災害宣言・職務代理中"


def test_a_metered_line_is_named() -> None:
    assert "モバイルルータ" in link_cell(Facts(Line.RECOVERING, metered=True), WORDS, NOW).word


def test_what_is_out_is_named_and_the_rest_is_on_line() -> None:
    cell = link_cell(Facts(Line.PARTIAL, ms=20, affected=("residents", "certificates")), WORDS, NOW)
    assert (cell.mark, cell.word) == (Mark.TRIANGLE, "一部つながりません")
    assert cell.detail == "住民の照会・証明の審査は端末内データ"


def test_another_line_than_the_main_one_is_named() -> None:
    assert link_cell(Facts(Line.ONLINE, carrying=Uplink.SECOND), WORDS, NOW).word == "オンライン（予備回線）"
    assert link_cell(Facts(Line.OFFLINE, carrying=Uplink.SECOND), WORDS, NOW).word == "オフライン"


def test_every_service_and_every_up_link_has_a_name_in_both_languages() -> None:
    for words in (WORDS, Words("en")):
        assert all(words(f"service.{name}") for name in services.NAMES)
        assert all(words(f"uplink.{one.value}") for one in Uplink)


def test_the_lines_are_told_with_what_they_carried_today() -> None:
    state = after_success(begin(NOW), NOW, ms=18)
    lines = (
        UplinkFacts(Uplink.MAIN, state, True, Bytes(400, 820)),
        UplinkFacts(Uplink.MOBILE, begin(NOW), False, Bytes(300_000, 3_000_000)),
    )
    told = line_report(Facts(Line.ONLINE, uplinks=lines), WORDS)
    assert "本線　つながっています（使用中）\n　　今日の通信量　1 kB（送信 400 B、受信 820 B）" in told
    assert "モバイル回線　待機中\n　　今日の通信量　3.3 MB（送信 300 kB、受信 3.0 MB）" in told


def test_a_replica_due_over_a_metered_line_says_how_to_fetch_it() -> None:
    assert replica_cell(Facts(needs_fill=True), WORDS, NOW).detail == "未取得（F3 で取得）"


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
    assert "3／10" in replica_cell(Facts(filling=True, fill=Progress(3, 10)), WORDS, NOW).detail


def test_a_fill_tells_its_bytes_its_pace_and_the_time_it_still_takes() -> None:
    facts = with_fill(
        Facts(), Progress(3, 10, False, 6_200_000, 10_100_000, "core", 1_200_000, timedelta(seconds=90)), NOW
    )
    told = replica_cell(facts, WORDS, NOW).detail
    assert told == "取得中 6.2／10.1MB　毎秒1.2MB　残り約90秒"
    assert replica_cell(facts, WORDS, NOW + timedelta(seconds=82)).detail.endswith("残り約8秒")
    later = with_fill(facts, Progress(4, 10, False, 7, 9, "core", 16_000, timedelta(minutes=41)), NOW)
    assert replica_cell(later, WORDS, NOW).detail.endswith("毎秒0.02MB　残り約41分")
    assert "about 41 min left" in replica_cell(later, Words("en"), NOW).detail


def test_a_fill_that_takes_longer_than_was_thought_never_promises_less_than_a_second() -> None:
    facts = with_fill(Facts(), Progress(3, 10, left=timedelta(seconds=5)), NOW)
    assert replica_cell(facts, WORDS, NOW + timedelta(hours=1)).detail.endswith("残り約1秒")


def test_sizes_are_told_in_megabytes() -> None:
    assert [megabytes(size) for size in (0, 20_000, 3_400_000, 120_000_000)] == ["0.00", "0.02", "3.4", "120"]


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

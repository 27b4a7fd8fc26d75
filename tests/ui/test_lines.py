"""The lines (F3): how they are, what they carried, and resident data over a metered one only when asked for."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from client.config import Config
from client.domain.calendar import tokyo_day
from client.domain.uplink import Route, Uplink
from client.jobs.count_bytes import CountBytes
from client.jobs.cross_line import CrossLine
from client.rules.traffic import Cost, Kind
from client.rules.usage import Bytes, Usage
from offline.store.usage_file import FILE, read_usage, write_usage
from tests.fakes import FakeClock
from tests.ui.drive import Counter
from tests.ui.line_states import lines_size, lines_to_fetch
from ui.cli.status import state_of
from ui.routes import more_routes

Drive = Callable[..., None]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")


def shown() -> str:
    box = QApplication.activeModalWidget()
    return box.text() if isinstance(box, QMessageBox) else ""


def test_a_snapshot_over_a_metered_line_is_fetched_only_after_its_size_was_seen(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await lines_to_fetch(counter)
        assert "自動では取得しません" in shown()
        await counter.hands.push("linesAction")
        await counter.quiet()
        assert ("約 3.3 MB" in shown(), counter.world.fills) == (True, 0)
        await counter.hands.push("fillAction")
        await counter.quiet()
        assert counter.world.fills == 1

    drive(play)


def test_whoever_only_looks_fetches_nothing(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await lines_size(counter)
        await counter.hands.press(Qt.Key.Key_Escape)
        await counter.quiet()
        assert (shown(), counter.world.fills) == ("", 0)

    drive(play)


def test_the_settings_say_which_lines_there_are() -> None:
    config = Config(
        ca_file="/ca.pem",
        second_proxy="http://10.0.0.9:3128",
        mobile_url="https://m.example/990001",
        mobile_ca_file="/m.pem",
    )
    assert more_routes(Config(), "https://c.example/1") == ()
    assert more_routes(config, "https://c.example/1") == (
        Route(Uplink.SECOND, "https://c.example/1", "http://10.0.0.9:3128", "/ca.pem"),
        Route(Uplink.MOBILE, "https://m.example/990001", "", "/m.pem", metered=True),
    )


@pytest.mark.asyncio
async def test_bytes_go_to_the_day_they_were_used_on_in_tokyo_and_outlive_a_restart(tmp_path: Path) -> None:
    clock, totals = FakeClock(datetime(2026, 11, 20, 14, 59, tzinfo=UTC)), {"main": Bytes(10, 100)}

    async def keep(usage: Usage) -> None:
        write_usage(tmp_path, usage)

    def begun() -> CountBytes:
        return CountBytes(lambda: totals, keep, now=clock, kept=read_usage(tmp_path))

    count = begun()
    await count.keep()
    totals["main"] = Bytes(15, 100)
    count.look()
    clock.forward(timedelta(minutes=2))  # past midnight in Tokyo
    totals["main"] = Bytes(15, 107)
    await count.keep()
    assert read_usage(tmp_path).days == {
        date(2026, 11, 20): {"main": Bytes(15, 100)},
        date(2026, 11, 21): {"main": Bytes(0, 7)},
    }
    totals = {"main": Bytes(1, 1)}  # a new process counts from nothing
    again = begun()
    again.look()
    assert again.today == {"main": Bytes(1, 8)}


def test_counts_that_cannot_be_read_begin_anew(tmp_path: Path) -> None:
    for content in (b"", b"{", b"\xff", b'{"days":{"2026-11-20":{"main":[1]}}}'):
        (tmp_path / FILE).write_bytes(content)
        assert read_usage(tmp_path) == Usage()


def test_status_tells_what_was_used(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    assert state_of(config)["bytes_today"] == {}
    config.terminal_dir.mkdir()
    today = tokyo_day(datetime.now(UTC))
    write_usage(config.terminal_dir, Usage({today: {"mobile": Bytes(5, 70)}}))
    told = state_of(config)
    assert (told["bytes_today"], told["bytes_by_day"]) == (
        {"mobile": {"sent": 5, "received": 70}},
        {f"{today}": 75},
    )


def test_after_a_change_of_line_the_blocks_come_first_again() -> None:
    clock, waiting = FakeClock(), 1
    crossing = CrossLine(lambda: Cost.METERED, lambda: waiting, now=clock)
    assert [crossing.may(one) for one in (Kind.BLOCKS, Kind.OUTBOX, Kind.DELTAS)] == [True, False, False]
    crossing.went(Kind.BLOCKS)
    assert [crossing.may(one) for one in (Kind.OUTBOX, Kind.DELTAS)] == [True, False]
    waiting = 0
    assert crossing.may(Kind.DELTAS)
    crossing.went(Kind.DELTAS)
    assert not crossing.may(Kind.DELTAS)
    clock.forward(timedelta(minutes=1))
    assert crossing.may(Kind.DELTAS)
    crossing.line_changed()
    assert [crossing.may(one) for one in (Kind.OUTBOX, Kind.DELTAS)] == [False, False]

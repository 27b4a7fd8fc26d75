"""A conflict or a refusal at the counter: three words side by side, and only a person with the right decides."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QTableView

from client.domain.change import OFFICE_NOTE, ChangeState, QueuedChange
from client.domain.clerk import Right
from client.domain.errors import StoreError
from tests.journeys.gestures import NotShownError
from tests.ui import settle_states as states
from tests.ui.drive import Counter
from tests.ui.test_keyboard_only import Keys
from tests.ui.world import World
from ui.screens.settle.model import COLUMNS

pytestmark = [pytest.mark.long, pytest.mark.qt_log_ignore("propagateSizeHints")]
Drive = Callable[..., None]
Key = Qt.Key
OLD, NEW = "葛󠄂城町一丁目2番3号", "葛󠄂城町二丁目4番5号"
RIGHTS = tuple(right for right in Right if right is not Right.OFFICER)


def rows(counter: Counter) -> list[dict[str, str]]:
    model = counter.hands.find(QTableView, "settleList").model()
    return [
        {name: str(model.index(row, place).data()) for place, name in enumerate(COLUMNS)}
        for row in range(model.rowCount())
    ]


def enabled(counter: Counter) -> list[str]:
    names = ("settleRewrite", "settleWithdraw", "settleOffice")
    return [name for name in names if counter.hands.find(QPushButton, name).isEnabled()]


def requests(counter: Counter) -> list[QueuedChange]:
    return [one for one in counter.world.ledger.changes.values() if not one.kind.is_fact]


def decided(counter: Counter) -> list[dict[str, str | int]]:
    found = [dict(one.facts) for one in counter.world.ledger.journal if one.kind == "intake"]
    return [one for one in found if "what" in one]


def test_enter_on_a_conflict_shows_what_it_was_what_was_written_and_what_stands_now(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.taken_in(counter)
        states.moved_on(counter)
        await states.answered(counter)
        keys = Keys(counter)
        assert keys.here.objectName() == "outboxList"
        await keys.press(Key.Key_Return)
        await counter.quiet()
        assert counter.shell.present == "settle"
        first = rows(counter)[0]
        assert first["differ"] == "■ 食い違い"
        assert (OLD in first["was"], NEW in first["wrote"], "本町四丁目" in first["now"]) == (
            True,
            True,
            True,
        )
        moved = [one for one in rows(counter) if one["differ"] == "▲ 台帳が変更"]
        assert [(one["was"], one["now"]) for one in moved] == [("妻", "同居人")]
        assert any(one["item"] == "異動日" and one["wrote"] == "令和8年11月1日" for one in rows(counter))
        version = counter.hands.find(QLabel, "settleVersions").text()
        assert "転居" in version
        assert "処理日 令和8年11月17日" in version
        assert "s001" in counter.hands.find(QLabel, "settleTakenIn").text()
        await keys.press(Key.Key_Escape)
        assert counter.shell.present == "outbox"
        assert [one.state for one in requests(counter)] == [ChangeState.CONFLICT]

    drive(play)


def test_what_is_written_again_stands_on_the_versions_that_were_shown(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.conflict(counter)
        await Keys(counter).alt("R")
        await counter.quiet()
        old, new = requests(counter)
        assert (old.state, new.supersedes) == (ChangeState.SUPERSEDED, old.key)
        assert set(new.base.values()) == {4}
        assert new.payload == old.payload
        assert counter.shell.present == "outbox"

    drive(play)


def test_handing_over_and_taking_back_need_a_reason_and_are_in_the_book(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.conflict(counter)
        keys = Keys(counter)
        await keys.alt("H")
        assert len(requests(counter)) == 1
        assert "理由" in counter.hands.find(QLabel, "noticeWhat").text()
        await keys.alt("Y")
        await keys.write("本人がどちらの住所とも言えない")
        await keys.alt("H")
        await counter.quiet()
        old, new = requests(counter)
        assert new.payload == {**old.payload, OFFICE_NOTE: "本人がどちらの住所とも言えない"}
        await states.answered(counter)
        await states.opened(counter)
        await keys.alt("Y")
        await keys.write("本人が取り下げ")
        await keys.alt("W")
        await counter.quiet()
        assert requests(counter)[-1].state is ChangeState.WITHDRAWN
        assert decided(counter)[-1] == {"what": "withdrawn", "change": new.key, "why": "other"}

    drive(play)


def test_a_duplicate_names_the_first_by_number_time_and_terminal(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.duplicate(counter)
        said = counter.hands.find(QLabel, "settleSaid").text()
        assert "…5a1f7d41" in said
        assert "14:32:00" in said
        assert "T0002" in said

    drive(play)


def test_of_what_only_the_cloud_can_read_number_kind_and_day_are_shown_and_an_officer_may_withdraw(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        await states.sealed(counter)
        assert rows(counter) == []
        assert counter.hands.find(QLabel, "settleTakenIn").text() == "届出日 令和8年11月20日"
        assert "後方事務でだけ" in counter.hands.find(QLabel, "settleWhyNot").text()
        assert enabled(counter) == ["settleWithdraw"]

    async def play_without(counter: Counter) -> None:
        await states.sealed(counter)
        assert enabled(counter) == []

    drive(play)
    drive(play_without, world=World(rights=RIGHTS))


def test_somebody_elses_intake_is_looked_at_and_left_to_them_or_an_officer(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.taken_in(counter)
        await counter.hands.press(Key.Key_F9)
        await counter.quiet()
        await counter.sign_in("s002")
        states.moved_on(counter)
        await states.answered(counter)
        await states.opened(counter)
        assert rows(counter)
        assert "責任者だけ" in counter.hands.find(QLabel, "settleWhyNot").text()
        assert enabled(counter) == []

    drive(play, world=World(rights=RIGHTS))


def test_without_the_replica_it_is_said_that_the_version_before_is_not_known(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        counter.world.versions.missing = StoreError("store.not_filled")
        await states.conflict(counter)
        unknown = [one for one in rows(counter) if one["differ"] == "▲ 元は不明"]
        assert unknown
        assert {one["was"] for one in unknown} == {"端末では分かりません"}
        assert enabled(counter) == ["settleRewrite", "settleWithdraw", "settleOffice"]

    drive(play)


def test_intakes_are_followed_to_their_end_in_one_look_and_a_call_takes_one_off_the_list(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        await states.calls(counter)
        asked = counter.world.versions.asked
        outbox = counter.face.outbox
        assert [line.fate for line in outbox.lines()] == ["", "差戻し", "仮受付", "本登録"]
        returned = outbox.lines()[1]
        assert (returned.tone, returned.state) == ("bad", "要対応（差戻し）")
        assert "転出証明書の原本が要ります。" in returned.words
        keys = Keys(counter)
        await keys.alt("L")
        assert len(outbox.lines()) == 2
        await keys.press(Key.Key_Down)
        await keys.alt("N")
        await counter.quiet()
        assert [line.fate for line in outbox.lines()] == [""]
        assert counter.world.versions.asked == asked + 1
        entry = counter.world.ledger.journal[-1]
        assert (entry.kind, entry.actor, entry.facts["change"]) == ("call_back", "s001", returned.key)
        await keys.alt("L")
        assert "差戻し（連絡済み）" in {line.state for line in outbox.lines()}

    drive(play)


def test_another_clerk_finds_nothing_of_what_was_compared(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.taken_in(counter)
        states.moved_on(counter)
        await states.answered(counter)
        await Keys(counter).press(Key.Key_Return)
        await counter.quiet()
        assert rows(counter)
        counter.face.lock()
        await counter.sign_in("s002")
        tables = [
            table for table in counter.shell.findChildren(QTableView) if table.objectName() == "settleList"
        ]
        assert [table.model().rowCount() for table in tables] == [0]

    drive(play)


def test_what_stops_papers_is_offered_to_be_taken_back_to_an_officer_with_a_line_alone(drive: Drive) -> None:
    def offered(counter: Counter, screen: str) -> bool:
        return counter.hands.find(QPushButton, f"{screen}Withdraw").isEnabled()

    def why(counter: Counter) -> str:
        try:
            return counter.hands.find(QLabel, "outboxKept").text()
        except NotShownError:
            return ""

    async def play(counter: Counter) -> None:
        await states.stopping(counter)
        assert (offered(counter, "outbox"), why(counter)) == (True, "")

    async def play_without(counter: Counter) -> None:
        await states.stopping(counter)
        assert not offered(counter, "outbox")
        assert "「責任者」の権限がありません" in why(counter)
        counter.face.outbox.withdraw("誤り")
        await counter.quiet()
        (change,) = requests(counter)
        assert change.state is ChangeState.QUEUED
        counter.world.ledger.changes[change.key] = replace(change, state=ChangeState.CONFLICT)
        await counter.hands.press(Key.Key_F5)
        await counter.quiet()
        await states.opened(counter)
        assert not offered(counter, "settle")
        assert "「責任者」の権限がありません" in counter.hands.find(QLabel, "settleWhyNot").text()

    async def play_cut_off(counter: Counter) -> None:
        await states.kept(counter)
        assert not offered(counter, "outbox")
        assert "オフライン中は取り下げられません" in why(counter)

    drive(play)
    drive(play_without, world=World(rights=RIGHTS))
    drive(play_cut_off)

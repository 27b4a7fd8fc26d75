"""What the office returned, opened again from F5 by keys alone, mended and taken in anew."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QPushButton, QTableView

from client.domain.blocks import ShienSochi
from client.domain.change import OFFICE_NOTE, ChangeState, QueuedChange
from client.domain.clerk import Right
from tests.ui import settle_states as states
from tests.ui.drive import Counter
from tests.ui.test_keyboard_only import Keys
from tests.ui.test_settle import decided, requests
from tests.ui.world import WATANABE, World

pytestmark = [pytest.mark.long, pytest.mark.qt_log_ignore("propagateSizeHints")]
Drive = Callable[..., None]
Key = Qt.Key
RIGHTS = tuple(right for right in Right if right is not Right.OFFICER)
WHY = "番地が違います。確かめてください。"


async def returned(counter: Counter, *, readable: bool = True) -> QueuedChange:
    """Let a move be taken in, land, and be returned by the office; F5 shows it."""
    await states.taken_in(counter)
    change = states.request_of(counter)
    ledger = counter.world.ledger
    landed = replace(change, state=ChangeState.LANDED, payload=change.payload if readable else {})
    ledger.changes[change.key] = landed
    counter.world.versions.tell(change.key, "returned", WHY)
    await counter.hands.press(Key.Key_F5)
    await counter.quiet()
    counter.hands.find(QTableView, "outboxList").setFocus()
    return landed


def screen_line(counter: Counter, key: str) -> str:
    return next(line.state for line in counter.face.outbox.lines() if line.key == key)


def test_enter_on_a_returned_one_opens_its_form_again_and_it_goes_out_under_a_new_number(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        old = await returned(counter)
        keys = Keys(counter)
        await keys.press(Key.Key_Home)
        await keys.press(Key.Key_Return)
        await counter.quiet()
        assert counter.shell.present == "settle"
        assert WHY in counter.hands.find(QLabel, "settleSaid").text()
        assert not counter.hands.sees("settleRewrite"), "it was no conflict"
        assert not counter.hands.sees("settleWithdraw")
        await keys.alt("R")
        assert counter.shell.present == "change"
        assert counter.hands.find(QLineEdit, "tenkyoBanchi").text() == "4番5号"
        assert counter.hands.find(QLineEdit, "tenkyoIdoDate").text() == "令和8年11月1日"
        assert counter.hands.find(QLineEdit, "tenkyoTodokeDate").text() == "令和8年11月20日"
        assert counter.hands.find(QCheckBox, "changeMember0").isChecked()
        assert old.key[-8:] in counter.hands.find(QLabel, "noticeWhat").text()
        await keys.tab_to("tenkyoBanchi")
        await keys.press(Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        await keys.write("4番6号")
        await keys.press(Key.Key_F12)
        await counter.quiet()
        before, new = requests(counter)
        assert (before.state, new.state) == (ChangeState.LANDED, ChangeState.QUEUED)
        assert new.supersedes == old.key
        assert new.payload == {**old.payload, "to": {**dict_of(old, "to"), "banchi": "4番6号"}}
        (told,) = [one for one in decided(counter) if one["what"] == "rewritten"]
        assert (told["key"], told["supersedes"]) == (new.key, old.key)
        await keys.press(Key.Key_Escape)
        await counter.quiet()
        assert counter.shell.present == "outbox", "back to where it was opened"
        assert screen_line(counter, old.key) == "差戻し（書き直し済み）"
        assert counter.face.outbox.calls == ()

    drive(play)


def dict_of(change: QueuedChange, name: str) -> dict[str, object]:
    found = change.payload[name]
    assert isinstance(found, dict)
    return found


def test_what_was_written_anew_is_not_offered_again_and_another_form_is_nobodys_successor(
    drive: Drive,
) -> None:
    async def play(counter: Counter) -> None:
        old = await returned(counter)
        await states.opened(counter)
        await counter.hands.push("settleReopen")
        await counter.quiet()
        await counter.hands.type("tenkyoBanchi", "4番7号")
        await counter.hands.press(Key.Key_F12)
        await counter.quiet()
        await counter.hands.press(Key.Key_Escape)
        await counter.quiet()
        counter.face.outbox.choose(old.key)
        assert not counter.face.outbox.may_settle
        await counter.hands.press(Key.Key_F2)
        await counter.hands.begin_form(Key.Key_2)
        assert counter.face.taking_in.change.instead_of == ""
        await counter.hands.press(Key.Key_Escape)
        assert counter.shell.present == "counter", "a form begun at the counter leads back there"

    drive(play)


def test_esc_leaves_the_form_and_nothing_was_decided(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        old = await returned(counter)
        await states.opened(counter)
        await counter.hands.push("settleReopen")
        await counter.quiet()
        await counter.hands.press(Key.Key_Escape)
        await counter.quiet()
        assert counter.shell.present == "outbox"
        assert [one.key for one in requests(counter)] == [old.key]
        assert screen_line(counter, old.key) == "要対応（差戻し）"
        assert counter.face.taking_in.change.values == {}

    drive(play)


def test_it_may_be_left_to_the_back_office_for_a_reason(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        old = await returned(counter)
        await states.opened(counter)
        keys = Keys(counter)
        await keys.alt("H")
        assert "理由" in counter.hands.find(QLabel, "noticeWhat").text()
        await keys.alt("Y")
        await keys.write("本人と連絡がつかない")
        await keys.alt("H")
        await counter.quiet()
        _before, new = requests(counter)
        assert new.payload == {**old.payload, OFFICE_NOTE: "本人と連絡がつかない"}
        assert (new.supersedes, decided(counter)[-1]["what"]) == (old.key, "to_office")
        assert screen_line(counter, old.key) == "差戻し（書き直し済み）"

    drive(play)


def test_what_only_the_cloud_can_read_cannot_be_opened_and_the_screen_says_whom_to_tell(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        old = await returned(counter, readable=False)
        await states.opened(counter)
        said = counter.hands.find(QLabel, "settleWhyNot").text()
        assert "書き直せません" in said
        assert old.key[-8:] in said
        assert not counter.hands.find(QPushButton, "settleReopen").isEnabled()
        assert not counter.hands.sees("settleSaid"), "not even why (P08)"
        keys = Keys(counter)
        await keys.alt("Y")
        await keys.write("番号を伝えた")
        await keys.alt("H")
        await counter.quiet()
        assert [one.key for one in requests(counter)] == [old.key]
        assert decided(counter)[-1] == {"what": "to_office", "change": old.key}
        assert "番号を伝えた" in [line.note for line in counter.world.ledger.journal]
        assert old.key[-8:] in counter.hands.find(QLabel, "noticeWhat").text()
        assert screen_line(counter, old.key) == "差戻し（連絡済み）"

    drive(play)


def test_who_came_under_protection_since_is_not_opened_either(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await returned(counter)
        measure = ShienSochi("m9", WATANABE, provisional=False, starts=None, ends=None)
        for register in (counter.world.live, counter.world.replica):
            register.restrictions = replace(register.restrictions, shien_sochi=(measure,))
        await states.opened(counter)
        assert "書き直せません" in counter.hands.find(QLabel, "settleWhyNot").text()
        assert not counter.hands.find(QPushButton, "settleReopen").isEnabled()
        assert WHY not in counter.hands.find(QLabel, "settleWhyNot").text()

    drive(play)


def test_somebody_elses_is_left_to_them_or_an_officer(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await returned(counter)
        await counter.hands.press(Key.Key_F9)
        await counter.quiet()
        await counter.sign_in("s002")
        await counter.hands.press(Key.Key_F5)
        await counter.quiet()
        await states.opened(counter)
        assert "責任者だけ" in counter.hands.find(QLabel, "settleWhyNot").text()
        for name in ("settleReopen", "settleOffice"):
            assert not counter.hands.find(QPushButton, name).isEnabled()

    drive(play, world=World(rights=RIGHTS))


def test_a_clerk_who_sits_down_behind_a_reopened_form_finds_nothing_of_it(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await returned(counter)
        await states.opened(counter)
        await counter.hands.push("settleReopen")
        await counter.quiet()
        await counter.hands.press(Key.Key_F9)
        await counter.quiet()
        await counter.sign_in("s002")
        change = counter.face.taking_in.change
        assert (change.values, change.instead_of, change.form) == ({}, "", None)

    drive(play)

"""Bad input at the real counter: what the screen says, that nothing is lost, and the exit code.

Real cloud, real encrypted files, real keyring, the real window; see ``real_terminal``. Each trial begins with a
copy of the same terminal: enrolled, filled, two clerks known to it.
"""

import asyncio
import json
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from cloud.authority import open_authority
from tests.journeys.given import Given
from tests.journeys.real_terminal import Terminal, Visit
from ui.cli import exit_codes
from ui.doors import utc_now

pytestmark = [
    pytest.mark.service,
    pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"),  # Qt's offscreen platform
]


def test_a_wrong_secret_on_line_is_told_and_the_right_one_still_works(given: Given) -> None:
    staff, (before, _) = given.staff, given.terminal.but_for_tries()

    async def script(visit: Visit) -> None:
        await visit.sign_in("s001", "falsch", staff.wrong_code("s001"))
        told = await visit.told("サインインできません。")
        visit.photograph("wrong_password")
        assert "もう一度入力してください" in told
        assert visit.typed("logInStaff") == "s001"
        assert visit.typed("logInPassword") == ""
        assert visit.typed("logInCode") == ""
        await visit.sign_in("s001", staff.password("s001"), staff.wrong_code("s001"))
        assert "サインインできません。" in visit.notice()
        assert given.terminal.but_for_tries() == (before, ["s001"] * 2)
        code = staff.code("s001")
        await visit.sign_in("s001", staff.password("s001"), code)
        assert visit.sees("search")
        await visit.lock()
        await visit.sign_in("s001", staff.password("s001"), code)
        assert "使用済み" in await visit.told("この確認コードは使用済みです。")
        visit.photograph("used_code")
        await visit.enter(staff, "s001")

    assert given.open(script) == exit_codes.OK


def test_five_wrong_ones_on_line_lock_the_sign_in_and_say_for_how_long(given: Given) -> None:
    staff, (before, _) = given.staff, given.terminal.but_for_tries()

    async def script(visit: Visit) -> None:
        for _ in range(5):
            await visit.sign_in("s001", "falsch", "000000")
        assert "5分待つか" in await visit.told("サインインがロックされています。")
        visit.photograph("locked_out")
        await visit.sign_in("s001", staff.password("s001"), staff.code("s001"))
        assert "ロックされています" in visit.notice()
        assert given.terminal.but_for_tries() == (before, ["s001"] * 6)
        await visit.enter(staff, "s002")

    assert given.open(script) == exit_codes.OK


def test_the_same_off_line(given: Given) -> None:
    staff = given.staff
    given.terminal.cloud.kill()
    before = given.terminal.contents()

    async def script(visit: Visit) -> None:
        await visit.ready()
        await visit.line_is("オフライン")
        await visit.sign_in("s001", "falsch", staff.wrong_code("s001"))
        await visit.told("サインインできません。")
        visit.photograph("wrong_password_offline")
        assert (visit.typed("logInStaff"), visit.typed("logInPassword")) == ("s001", "")
        code = staff.code("s001")
        await visit.sign_in("s001", staff.password("s001"), code)
        assert visit.sees("search")
        await visit.lock()
        await visit.sign_in("s001", staff.password("s001"), code)
        await visit.told("この確認コードは使用済みです。")
        await visit.sign_in("s003", staff.password("s003"), staff.code("s003"))
        await visit.told("まだオフラインのサインインができません")
        visit.photograph("unknown_here")
        for _ in range(4):
            await visit.sign_in("s001", "falsch", "000000")
        assert "5分待つか" in await visit.told("サインインがロックされています。")
        await visit.sign_in("s001", staff.password("s001"), staff.code("s001"))
        assert "ロックされています" in visit.notice()
        visit.photograph("locked_out_offline")
        await visit.enter(staff, "s002")
        await visit.find_resident()

    assert given.open(script) == exit_codes.OK
    after = given.terminal.contents()
    assert {name for name in before if after[name] != before[name]} <= {
        "wraps.json",
        "wraps.copy.json",
        "ledger.db",
        "ledger.slots",
        "replica.db",
        *("upkeep.json", "unsent.log"),  # how many wait; the book up to the sign-out, sealed to the cloud
    }


def strangers_ca(folder: Path) -> str:
    """The certificate of an authority that has nothing to do with the town's."""
    folder.mkdir(parents=True, exist_ok=True)
    open_authority(folder, "Somebody else", utc_now())
    return str(next(folder.rglob("ca.pem")))


def wrong_way(case: str, folder: Path) -> dict[str, str]:
    """Settings that lead nowhere."""
    return {
        "unknown host": {"cloud_url": "https://cloud.madoguchi.invalid:8443"},
        "refused port": {"cloud_url": "https://127.0.0.1:9"},
        "another authority": {"ca_file": strangers_ca(folder)},
        "no authority": {"ca_file": str(folder / "none.pem")},
    }[case]


in_the_stage = partial(pytest.param, marks=pytest.mark.slow)
WAYS = ("unknown host", "refused port", "another authority", "no authority")
CAUSES = {
    "unknown host": "接続先の名前が見つかりません",
    "refused port": "回線かサーバーが止まっています",
    "another authority": "接続先がこの町のクラウドと確認できません",
    "no authority": "接続先がこの町のクラウドと確認できません",
}


@pytest.mark.parametrize("case", WAYS)
def test_before_the_enrolment_it_says_what_is_missing_and_spends_no_token(
    given: Given, tmp_path: Path, case: str
) -> None:
    new = Terminal(tmp_path / "new")
    new.cloud = given.terminal.cloud
    fresh = Given(new, given.staff)
    token = tmp_path / "token"
    token.write_text(given.terminal.cloud.ready["enrolment_tokens"][-1], "utf-8")
    told: list[str] = []

    async def refused(visit: Visit) -> None:
        told.append(await visit.refused())

    wrong = wrong_way(case, tmp_path / "other")
    assert fresh.open(refused, enrolment_token_file=str(token), **wrong) == exit_codes.CLOUD
    assert "端末を登録できません。" in told[0]
    assert CAUSES[case] in told[0]
    assert "もう一度起動してください" in told[0]
    assert new.contents() == {}

    async def enters(visit: Visit) -> None:
        await visit.enter(given.staff, "s001")

    assert fresh.open(enters, enrolment_token_file=str(token)) == exit_codes.OK


@pytest.mark.parametrize("case", WAYS)
def test_after_it_the_counter_works_off_line(given: Given, tmp_path: Path, case: str) -> None:
    before = given.terminal.sheets()

    async def script(visit: Visit) -> None:
        await visit.ready()
        await visit.line_is("オフライン")
        visit.photograph("sign_in_offline")
        await visit.enter(given.staff, "s001")
        await visit.issue()
        visit.photograph("after_the_issue")

    assert given.open(script, **wrong_way(case, tmp_path / "other")) == exit_codes.OK
    assert given.terminal.sheets() == before + 1


def test_the_verbs_tell_it_too(given: Given, tmp_path: Path) -> None:
    unknown = wrong_way("unknown host", tmp_path / "other")
    done = given.program("doctor", "--json", **unknown)
    checks = {one["name"]: one["code"] for one in json.loads(done.stdout)["checks"]}
    assert (done.returncode, checks["cloud"]) == (exit_codes.CLOUD, "link.unknown_host")
    assert "接続先のクラウドが見つかりません" in given.program("doctor", **unknown).stdout
    assert given.program("status", "--json", **unknown).returncode == exit_codes.OK


AN_HOUR = re.compile(
    "約(5[0-9]|60|61)分(進んで|遅れて)います"
)  # off line it is told from the book's last entry, minutes old


@pytest.mark.parametrize("seconds", [3600, in_the_stage(-3600)])
def test_a_clock_off_by_an_hour_stops_sign_in_and_issue_but_not_the_sending(
    given: Given, seconds: int
) -> None:
    staff, cloud = given.staff, given.terminal.cloud
    slip = given.terminal.sheets() + 1  # the intake's
    given.let_sessions_last()  # it is the cloud's clock that is moved here

    async def script(visit: Visit) -> None:
        await visit.enter(staff, "s001")
        cloud.kill()
        await visit.line_is("オフライン")
        await visit.begin_tenkyo()
        await visit.accept_tenkyo()
        await visit.until(lambda: "1件" in visit.waiting(), "the intake in the outbox")
        await given.terminal.serve(clock_seconds=seconds)
        await visit.until(lambda: "0件" in visit.waiting(), "the intake has gone", 60)
        assert len((await cloud.office("GET", "/intakes"))["intakes"]) == 1
        await visit.ask_for_paper()
        await visit.press(Qt.Key.Key_F12, visit.window())
        assert AN_HOUR.search(await visit.told("端末の時計がずれています。"))
        visit.photograph("clock_off_at_the_issue")
        assert given.terminal.sheets() == slip
        await visit.lock()
        await visit.sign_in("s002", staff.password("s002"), staff.code("s002"))
        told = await visit.told("端末の時計がずれています。")
        assert AN_HOUR.search(told)
        assert "時計を合わせてください" in told
        visit.photograph("clock_off_at_the_sign_in")
        cloud.kill()
        await visit.line_is("オフライン")
        await given.terminal.serve()
        await visit.line_is("復旧中")  # until somebody's keys let the replica be compared
        await visit.enter(staff, "s002")
        await visit.issue()

    assert given.open(script) == exit_codes.OK
    assert given.terminal.sheets() == slip + 1


def test_off_line_a_clock_set_back_is_named_and_no_wrong_password_counted(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = given.staff
    given.terminal.cloud.kill()
    before = given.terminal.contents()

    def an_hour_ago() -> datetime:
        return utc_now() - timedelta(hours=1)

    async def slow_clock(visit: Visit) -> None:
        await visit.line_is("オフライン")
        for _ in range(6):
            await visit.sign_in("s001", staff.password("s001"), staff.wrong_code("s001"))
            assert AN_HOUR.search(await visit.told("端末の時計がずれています。"))
        visit.photograph("clock_set_back_offline")

    for room in ("ui.doors", "ui.assembly", "ui.wiring"):
        monkeypatch.setattr(f"{room}.utc_now", an_hour_ago)
    assert given.open(slow_clock) == exit_codes.OK
    assert given.terminal.contents() == before
    monkeypatch.undo()

    async def right_clock(visit: Visit) -> None:
        await visit.enter(staff, "s001")

    assert given.open(right_clock) == exit_codes.OK


def test_a_second_instance_ends_with_12_and_leaves_the_first_alone(given: Given) -> None:
    async def script(visit: Visit) -> None:
        await visit.enter(given.staff, "s001")
        await visit.ask_for_paper()
        second = await asyncio.to_thread(given.second)
        assert second.returncode == exit_codes.IN_USE
        assert "窓口端末はすでに動いています。" in second.stdout
        assert "開いている画面を使ってください" in second.stdout
        told = await asyncio.to_thread(given.program, "status", "--json")
        assert json.loads(told.stdout)["open"] is True
        await visit.preview()
        await visit.push("previewPrint")
        await visit.hand_over()

    assert given.open(script) == exit_codes.OK
    assert given.terminal.sheets() == 1


def flip(path: Path) -> None:
    """Turn bytes in all pages but the first and the last ones."""
    content = bytearray(path.read_bytes())
    pages = len(content) // 4096
    for page in range(max(pages // 10, 1), pages * 9 // 10):
        content[page * 4096 + 1000 : page * 4096 + 1016] = bytes(
            255 - byte for byte in content[page * 4096 + 1000 : page * 4096 + 1016]
        )
    path.write_bytes(content)


def flip_one(path: Path) -> None:
    """Turn a single bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 + 7] ^= 1
    path.write_bytes(content)


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def wipe_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))


def make_empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("damage", [flip, make_empty, *map(in_the_stage, (cut_in_half, wipe_header))])
def test_a_damaged_replica_is_named_and_fetched_anew_and_the_outbox_stays(
    given: Given, damage: Callable[[Path], None]
) -> None:
    staff, cloud = given.staff, given.terminal.cloud
    cloud.kill()

    async def takes_in(visit: Visit) -> None:
        await visit.enter(staff, "s001")
        await visit.begin_tenkyo()
        await visit.accept_tenkyo()

    assert given.open(takes_in) == exit_codes.OK
    damage(given.terminal.folder / "replica.db")

    async def goes_on(visit: Visit) -> None:
        await visit.enter(staff, "s002")
        await visit.line_is("オフライン")
        await visit.look_up()
        told = await visit.told("端末内の住民データの一部が壊れています。")
        visit.photograph("damaged_replica_offline")
        assert "取り直します" in told
        assert "オフラインの間は" in told
        await visit.until(lambda: "1件" in visit.waiting(), "the intake in the outbox")
        await visit.press(Qt.Key.Key_F5, visit.window())
        await visit.wait_for("outboxList")
        visit.photograph("outbox_without_replica")
        await visit.back_to_counter()
        await given.terminal.serve()
        await visit.line_is("オンライン")
        await visit.filled()
        await visit.until(lambda: "0件" in visit.waiting(), "the intake has gone", 60)
        assert len((await cloud.office("GET", "/intakes"))["intakes"]) == 1
        cloud.kill()
        await visit.line_is("オフライン")
        await visit.issue()
        visit.photograph("issued_from_the_new_replica")

    assert given.open(goes_on) == exit_codes.OK


def test_on_line_a_damaged_replica_is_named_and_disturbs_nobody(given: Given) -> None:
    wipe_header(given.terminal.folder / "replica.db")

    async def script(visit: Visit) -> None:
        await visit.enter(given.staff, "s001")
        await visit.told("端末内の住民データの一部が壊れています。")
        visit.photograph("damaged_replica_online")
        await visit.issue()
        await visit.filled()
        await visit.lock()
        await visit.enter(given.staff, "s002")
        await asyncio.sleep(1.5)
        assert visit.notice() == ""

    assert given.open(script) == exit_codes.OK


@pytest.mark.parametrize(
    "damage", [flip_one, wipe_header, Path.unlink, *map(in_the_stage, (flip, make_empty, cut_in_half))]
)
def test_a_damaged_ledger_keeps_the_counter_shut_and_is_left_as_it_is(
    given: Given, damage: Callable[[Path], None]
) -> None:
    ledger = given.terminal.folder / "ledger.db"
    good = ledger.read_bytes()
    damage(ledger)
    bad = ledger.read_bytes() if ledger.exists() else None

    async def script(visit: Visit) -> None:
        await visit.sign_in("s001", given.staff.password("s001"), given.staff.code("s001"))
        told = await visit.told("受付の記録")
        visit.photograph("damaged_ledger")
        assert "この端末を使わず" in told

    assert given.open(script) == exit_codes.DAMAGED
    assert (ledger.read_bytes() if ledger.exists() else None) == bad
    ledger.write_bytes(good)

    async def works(visit: Visit) -> None:
        await visit.enter(given.staff, "s002")
        await visit.issue()

    assert given.open(works) == exit_codes.OK

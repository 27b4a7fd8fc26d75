"""A session ends with its lease; what was half done waits for whoever signs in again."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from client.domain.errors import LinkDownError, SignInNeededError
from client.jobs.watch_link import LinkWatch
from tests.ui import states
from tests.ui.drive import Counter
from ui.line_facts import line_shown
from ui.session import SessionWatch

Drive = Callable[..., None]


async def _nothing(_: float = 0) -> None:
    return


def test_a_session_that_is_over_says_why_and_half_done_work_survives_a_new_sign_in(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.tenkyo(counter)
        typed = dict(counter.face.taking_in.change.values)
        assert any(typed.values())
        counter.face.stop(SignInNeededError("sign_in.lease_over"))
        await counter.quiet()
        assert counter.shell.present == "log_in"
        assert "期限" in counter.hands.find(QLabel, "noticeWhat").text()
        assert counter.world.stores.keys is None
        for name, text in (("logInStaff", "s001"), ("logInPassword", "aozora"), ("logInCode", "123456")):
            await counter.hands.type(name, text)
        await counter.hands.push("logInButton")
        await counter.hands.until(lambda: counter.shell.present == "change", "the form", 5)
        assert dict(counter.face.taking_in.change.values) == typed

    drive(play)


def test_nobody_is_sent_away_while_a_sheet_is_on_its_way(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.resident(counter)
        counter.face.certificate.saving = True
        counter.face.stop(SignInNeededError("sign_in.lease_over"))
        assert counter.shell.present == "counter"
        counter.face.certificate.saving = False
        counter.face.stop(SignInNeededError("sign_in.lease_over"))
        assert counter.shell.present == "log_in"

    drive(play)


def test_the_way_back_to_the_cloud_is_offered_and_loses_no_visit(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await states.resident(counter)
        face = counter.face
        face.counter.note = None
        assert face.offer_sign_in()
        assert "サインインし直して" in counter.hands.find(QLabel, "noticeWhat").text()
        assert not face.offer_sign_in()  # what is said already is not said over
        chosen = face.counter.resident
        await counter.hands.press(Qt.Key.Key_F9)
        await counter.quiet()
        await counter.sign_in()
        assert counter.shell.present == "counter"
        assert face.counter.resident == chosen
        assert face.present_clerk is not None
        assert face.present_clerk.access_token

    drive(play)


def test_a_counter_whose_lease_is_over_says_whom_to_call_signed_in_and_locked(drive: Drive) -> None:
    async def play(counter: Counter, *, locked: bool) -> None:
        counter.words._whom = "内線 2210"
        await states.resident(counter)
        present = counter.face.present_clerk
        assert present is not None
        clock, watch = counter.world.clock, LinkWatch(_nothing, counter.world.clock, _nothing)
        for _ in range(2):
            watch.note_failure(LinkDownError("link.unreachable"))
        session = SessionWatch(watch, now=clock, stop=counter.face.stop, offer=counter.face.offer_sign_in)
        session.look(present)
        if locked:
            await counter.hands.press(Qt.Key.Key_F9)
            session.look(None)
            assert "離席中" in counter.hands.find(QLabel, "noticeWhat").text()
        clock.time = present.lease.until
        session.look(counter.face.present_clerk)
        await counter.quiet()
        counter.show_status(replace(counter.facts, line=line_shown(watch)))
        assert counter.shell.present == "log_in"
        assert counter.world.stores.keys is None
        said = [one.text() for one in counter.shell.findChildren(QLabel) if one.isVisible()]
        assert any("期限" in text for text in said)
        assert any("内線 2210" in text for text in said)
        assert any("停止中" in text for text in said)

    drive(partial(play, locked=False))
    drive(partial(play, locked=True))

"""The replica's screen (F4): how old it is, how a fill goes, the proof by keys alone, and what it came to."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt

from client.domain.clerk import Right, SignIn
from client.domain.errors import StoreError
from client.domain.feed import FeedPosition, Position
from client.jobs.prove_replica import Looking, Part, Proof, Tell
from client.jobs.take_chunks import Progress
from tests.builders import NOW, a_sign_in
from tests.ui.carry_world import Carrier
from tests.ui.drive import Counter
from tests.ui.test_keyboard_only import ALT, Keys
from ui.screens.replica.model import ReplicaModel, note_of_proof
from ui.status import Facts, with_fill
from ui.text import Words
from ui.work import Work

Drive = Callable[..., None]
WORDS = Words("ja")
HERE = FeedPosition(5, NOW - timedelta(seconds=28))
FILLED = Facts(position=Position(HERE, HERE))


class AtOnce:
    """Does what it is asked at once, as far as it goes without waiting."""

    def start(self, _name: str, work: Work) -> bool:
        asyncio.run(work())
        return True

    def replace(self, _name: str, work: Work) -> None:
        asyncio.run(work())


def a_model(proof: Proof | StoreError, *rights: Right) -> tuple[ReplicaModel, list[str]]:
    said: list[str] = []

    async def prove(_who: SignIn, tell: Tell, follow_back: bool) -> Proof:
        for looking in (Looking(Part.ROWS, 4096, 8192, timedelta(minutes=3)), Looking(Part.REGISTER)):
            tell(looking)
            said.append(model.doing)
        said.append("back" if follow_back else "")
        if isinstance(proof, StoreError):
            raise proof
        return proof

    model = ReplicaModel(WORDS, prove, AtOnce(), lambda: NOW, Carrier().jobs)
    model.sign_in = a_sign_in(*rights)
    model.told(FILLED)
    return model, said


def test_a_proof_tells_how_far_it_is_and_what_it_came_to() -> None:
    model, said = a_model(Proof(0, as_of=NOW), Right.OFFICER)
    model.start()
    assert said == ["1行ずつ読み直しています　50％　残り約3分", "台帳と照らし合わせています", ""]
    assert model.note
    assert (model.note.tone, model.running) == ("ok", False)
    assert "14:32:00 時点の台帳と完全に同じです。" in model.note.more


def test_trouble_ends_it_and_is_told() -> None:
    model, _ = a_model(StoreError("store.full"), Right.OFFICER)
    model.start()
    assert model.note
    assert (model.note.code, model.running) == ("store.full", False)


def test_only_the_officer_starts_it_and_not_before_the_first_fill() -> None:
    model, said = a_model(Proof(0), Right.VIEW, Right.ISSUE)
    model.start()
    assert (model.reason, said) == (WORDS("replica.officer_only"), [])
    model.sign_in = a_sign_in(Right.OFFICER)
    model.told(with_fill(Facts(), Progress(3, 10, False, 3, 9, "history"), NOW))
    model.start()
    assert (model.reason, said) == (WORDS("replica.not_filled"), [])
    assert (model.series, model.progress) == ("取得している内容：履歴（3／10）", (3, 9))


def test_a_restored_register_is_followed_only_where_there_is_one() -> None:
    model, said = a_model(Proof(0, as_of=NOW), Right.OFFICER)
    model.follow_back()
    assert said == []
    model.told(replace(FILLED, not_taken="link.backwards"))
    model.follow_back()
    assert said[-1] == "back"


@pytest.mark.parametrize(
    ("proof", "tone", "says"),
    [
        (Proof(0, as_of=NOW), "ok", ["すべて正しく", "完全に同じ"]),
        (Proof(2, as_of=NOW, repaired=3, rows=80), "warn", ["2か所", "3か所だけ", "80行", "完全に同じ"]),
        (Proof(0, as_of=NOW, repaired=1, rows=9), "warn", ["1か所", "9行"]),
        (Proof(0, True, NOW, 4, 90), "warn", ["読めないところ", "90行", "完全に同じ"]),
        (Proof(0, True, NOW, filled=True), "warn", ["読めないところ", "全体を"]),
        (Proof(0, trouble="link.unreachable"), "warn", ["すべて正しく", "照らし合わせていません"]),
        (Proof(5, trouble="link.timeout"), "warn", ["5か所", "照らし合わせていません", "自動で取り直します"]),
        (Proof(0), "warn", ["まだ確かめられていません"]),
    ],
)
def test_what_a_proof_came_to_is_told_in_words(proof: Proof, tone: str, says: list[str]) -> None:
    note = note_of_proof(proof, WORDS, NOW)
    assert note.tone == tone
    assert all(part in note.what + note.more for part in says)
    assert note_of_proof(proof, Words("en"), NOW).what


def running(counter: Counter) -> bool:
    return counter.face.replica.running


@pytest.mark.long
def test_by_keys_alone_it_is_started_left_found_again_and_broken_off(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        keys = Keys(counter)
        await counter.sign_in()
        counter.show_status(counter.facts)
        await keys.press(Qt.Key.Key_F4)
        assert keys.here.objectName() == "replicaStart"
        await keys.press(Qt.Key.Key_S, ALT)
        await keys.until(lambda: counter.face.replica.progress[0] > 0, "the proof", 5)
        assert keys.here.objectName() == "replicaStop"
        await keys.press(Qt.Key.Key_Escape)
        assert counter.shell.present == "counter"
        await keys.press(Qt.Key.Key_F4)
        assert running(counter)
        await keys.press(Qt.Key.Key_Space)
        assert not running(counter)
        assert counter.face.replica.note
        assert keys.here.objectName() == "replicaStart"
        await keys.press(Qt.Key.Key_Space)
        await keys.until(lambda: counter.face.replica.progress[0] > 0, "the second proof", 5)
        await keys.press(Qt.Key.Key_F9)
        assert not running(counter), "the files are being closed"

    drive(play)

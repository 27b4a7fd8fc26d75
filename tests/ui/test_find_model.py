"""The search column without a toolkit: what is shown while a clerk types, and what is kept of it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from client.domain.as_of import Answer, AsOf, Source
from client.domain.calendar import RegisterDate
from client.domain.errors import LinkDownError, RefusedError
from client.domain.query import Match, Query
from client.domain.resident import AtenaNo, Found, Hit, HouseholdNo, ResidentStatus
from tests.builders import NOW
from ui.screens.counter import find as find_screen
from ui.screens.counter.find import FindJobs, FindModel
from ui.text import Words
from ui.work import Work

WORDS = Words("ja")
pytestmark = pytest.mark.asyncio


def hits(*names: str, source: Source = Source.CLOUD, more: bool = False) -> Answer[Found]:
    found = tuple(
        Hit(
            atena_no=AtenaNo(name),
            household_no=HouseholdNo("h"),
            name=name,
            furigana=None,
            birth=RegisterDate("不詳", None),
            sex=None,
            address=None,
            status=ResidentStatus.RESIDENT,
            blocked=False,
            protected=False,
        )
        for name in names
    )
    return Answer(Found(found, more), AsOf(source, 1, NOW, 1, NOW))


@dataclass
class Registers:
    """The cloud and the replica as a test lets them answer."""

    here: Answer[Found] | None = None
    live: Answer[Found] = field(default_factory=lambda: hits("太郎"))
    reached: bool = True
    release: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    async def ask_here(self, query: Query) -> Answer[Found] | None:
        self.asked.append(f"here {query.typed}")
        return self.here

    async def ask(self, query: Query) -> Answer[Found]:
        self.asked.append(f"find {query.typed}")
        await self.release.wait()
        return self.live

    def jobs(self) -> FindJobs:
        return FindJobs(self.ask_here, self.ask, lambda: self.reached)


class OneAtATime:
    """A Starter as the window has it: a name has one task, and another in its place cancels it."""

    def __init__(self) -> None:
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Work) -> bool:
        if name in self.tasks and not self.tasks[name].done():
            return False
        self.replace(name, work)
        return True

    def replace(self, name: str, work: Work) -> None:
        if name in self.tasks:
            self.tasks[name].cancel()
        coroutine: Coroutine[Any, Any, None] = work()
        self.tasks[name] = asyncio.get_running_loop().create_task(coroutine)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_screen, "TYPING_SECONDS", 0.0)
    monkeypatch.setattr(find_screen, "PAUSE_SECONDS", 0.0)


def model_of(registers: Registers) -> FindModel:
    return FindModel(WORDS, registers.jobs(), OneAtATime(), lambda: NOW)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - a model tells nobody when it has settled
            await asyncio.sleep(0)


def names(model: FindModel) -> list[str]:
    return [line.name for line in model.lines]


async def test_the_replica_answers_first_and_the_clouds_answer_takes_its_place() -> None:
    registers = Registers(here=hits("太郎", "次郎", source=Source.REPLICA))
    model = model_of(registers)
    model.type("た")
    await until(lambda: bool(model.lines))
    assert (names(model), model.busy, model.asking) == (["太郎", "次郎"], False, True)
    assert "照会中" in model.count_text
    registers.release.set()
    await until(lambda: not model.asking)
    assert names(model) == ["太郎"]
    assert "照会中" not in model.count_text
    assert "端末内" not in model.count_text


async def test_without_a_replica_the_cloud_alone_is_waited_for() -> None:
    registers = Registers(here=None)
    model = model_of(registers)
    model.type("た")
    await until(lambda: registers.asked == ["here た", "find た"])
    assert (model.lines, model.busy) == ((), True)
    assert model.count_text == WORDS("find.busy")
    registers.release.set()
    await until(lambda: not model.busy)
    assert names(model) == ["太郎"]


async def test_off_line_the_replica_is_asked_once() -> None:
    registers = Registers(reached=False, live=hits("太郎", source=Source.REPLICA))
    registers.release.set()
    model = model_of(registers)
    model.type("た")
    await until(lambda: not model.busy)
    assert registers.asked == ["find た"]
    assert "端末内データ" in model.count_text


async def test_an_answer_to_what_was_typed_before_is_never_shown() -> None:
    registers = Registers(here=None, live=hits("古い"))
    model = model_of(registers)
    model.type("た")
    await until(lambda: "find た" in registers.asked)
    model.type("たな")
    registers.live = hits("田中")
    registers.release.set()
    await until(lambda: not model.busy)
    assert names(model) == ["田中"]
    model.type("")
    assert (names(model), model.count_text) == ([], WORDS("find.hint"))
    await asyncio.sleep(0)
    assert names(model) == []


async def test_more_than_a_person_can_read_is_said_in_words() -> None:
    registers = Registers(here=None, live=hits(*map(str, range(50)), more=True))
    registers.release.set()
    model = model_of(registers)
    model.type("た")
    await until(lambda: not model.busy)
    assert "50" in model.count_text
    assert "絞って" in model.count_text


async def test_a_search_that_failed_takes_the_old_list_away_and_says_why() -> None:
    registers = Registers(here=hits("太郎", source=Source.REPLICA))

    async def fail(_query: Query) -> Answer[Found]:
        raise LinkDownError("link.broken")

    model = FindModel(WORDS, FindJobs(registers.ask_here, fail, lambda: True), OneAtATime(), lambda: NOW)
    model.type("た")
    await until(lambda: model.note is not None)
    assert (names(model), model.asking) == ([], False)


async def test_the_form_and_the_field_are_one_question() -> None:
    registers = Registers(here=None)
    registers.release.set()
    model = model_of(registers)
    model.type("わた")
    model.fill_in("birth", "S58")
    model.set_match(Match.PREFIX)
    model.set_past(True)
    assert model.query == Query(typed="わた", birth="S58", match=Match.PREFIX, past=True)
    model.clear_form()
    assert model.query == Query(typed="わた")


async def test_each_clerk_finds_their_own_searches_again_and_nobody_elses() -> None:
    registers = Registers(here=None)
    registers.release.set()
    model = model_of(registers)
    model.seat("s001")
    for typed in ("わた", "たな", "わた"):
        model.type(typed)
        await until(lambda: not model.busy)
        model.choose(0)
    assert [model.history_text(query) for query in model.history] == ["わた", "たな"]
    model.seat("s002")
    assert (model.history, model.typed, model.lines, model.recent) == ((), "", (), ())
    model.seat("s001")
    assert [query.typed for query in model.history] == ["わた", "たな"]
    assert model.lines == ()


async def test_what_was_only_typed_through_is_no_search_to_remember() -> None:
    registers = Registers(here=None)
    registers.release.set()
    model = model_of(registers)
    model.seat("s001")
    model.type("わ")
    await until(lambda: not model.busy)
    assert list(model.history) == []
    registers.live = hits("太郎", "次郎")
    model.type("わた")
    model.find_now()
    await until(lambda: not model.busy)
    assert [query.typed for query in model.history] == ["わた"]


async def test_enter_opens_the_only_one_who_was_found() -> None:
    registers = Registers(here=None)
    registers.release.set()
    model = model_of(registers)
    opened: list[AtenaNo] = []
    model.chosen = opened.append
    model.type("た")
    model.find_now()
    await until(lambda: bool(opened))
    assert opened == ["太郎"]


async def test_a_search_in_the_history_reads_as_one_line() -> None:
    model = FindModel(WORDS, FindJobs(_never, _never, lambda: False), _Nothing(), lambda: NOW)
    query = Query(typed="わた", birth="S58", past=True)
    assert model.history_text(query) == "わた　S58　旧氏・旧住所も"


async def test_the_way_of_comparing_is_said_beside_the_name_it_is_of_and_nowhere_else() -> None:
    model = FindModel(WORDS, FindJobs(_never, _never, lambda: False), _Nothing(), lambda: NOW)
    query = Query(typed="本町", name="わた", birth="S58", match=Match.PREFIX)
    assert model.history_text(query) == "本町　わた（前方一致）　S58"
    assert model.history_text(Query(typed="本町", match=Match.EXACT)) == "本町"
    assert model.history_text(Query(name="わた")) == "わた"


@pytest.mark.parametrize("number", ["379474484458", "3794 7448 4458", "3794\u200b74484458"])
async def test_a_number_that_is_refused_is_in_no_history(number: str) -> None:
    async def refuse(_query: Query) -> Answer[Found]:
        raise RefusedError("refused.number_search")

    model = FindModel(WORDS, FindJobs(refuse, refuse, lambda: True), OneAtATime(), lambda: NOW)
    model.seat("s001")
    model.type(number)
    model.find_now()
    await until(lambda: model.note is not None)
    assert (model.history, model.recent, model.lines) == ((), (), ())
    model.seat("s002")
    model.seat("s001")
    assert (model.history, model.query) == ((), Query())


async def test_a_number_typed_over_the_results_of_another_search_is_in_no_history() -> None:
    registers = Registers(here=None)
    registers.release.set()
    model = model_of(registers)
    model.seat("s001")
    model.type("わた")
    await until(lambda: not model.busy)
    model.type("379474484458")
    model.choose(0)  # before the answer to what is typed now
    assert model.history == ()


async def test_a_mistake_of_ours_lets_nobody_wait_and_says_of_nobody_that_they_are_not_there() -> None:
    registers = Registers(here=hits("太郎", source=Source.REPLICA))

    async def fail(_query: Query) -> Answer[Found]:
        raise UnicodeError

    starter = OneAtATime()
    model = FindModel(WORDS, FindJobs(registers.ask_here, fail, lambda: True), starter, lambda: NOW)
    for at_once in (False, True):
        model.type("た")
        if at_once:
            model.find_now()
        await until(starter.tasks["find"].done)
        assert isinstance(starter.tasks["find"].exception(), UnicodeError)  # the roof hears of it
        assert (model.busy, model.asking, model.lines, model.count_text) == (False, False, (), "")
    assert model.history == ()
    model.type("")
    assert model.count_text == WORDS("find.hint")


async def test_a_search_that_took_anothers_place_is_still_waited_for() -> None:
    registers = Registers(here=None)
    model = model_of(registers)
    model.type("た")
    await until(lambda: "find た" in registers.asked)
    model.type("たな")
    await until(lambda: "find たな" in registers.asked)
    assert model.busy
    assert model.count_text == WORDS("find.busy")
    registers.release.set()
    await until(lambda: not model.busy)
    assert names(model) == ["太郎"]


async def test_trouble_that_was_read_does_not_become_the_word_that_nobody_is_there() -> None:
    async def fail(_query: Query) -> Answer[Found]:
        raise LinkDownError("link.broken")

    model = FindModel(WORDS, FindJobs(Registers().ask_here, fail, lambda: True), OneAtATime(), lambda: NOW)
    model.type("た")
    await until(lambda: model.note is not None)
    model.note = None  # read, and closed
    assert model.count_text == ""


async def _never(_query: Query) -> Any:
    raise AssertionError("asked")


class _Nothing:
    def start(self, _name: str, _work: Callable[[], Awaitable[None]]) -> bool:
        return False

    def replace(self, _name: str, _work: Callable[[], Awaitable[None]]) -> None:
        return None


async def test_who_may_not_be_looked_at_stands_in_the_list_with_a_name_and_a_word_why() -> None:
    answer = hits("太郎")
    (hit,) = answer.value.hits
    unseen = replace(hit, birth=RegisterDate("", None), blocked=True, unseen=True)
    registers = Registers(live=replace(answer, value=Found((unseen,))), reached=False)
    registers.release.set()
    model = model_of(registers)
    model.type("たろう")
    await until(lambda: bool(model.lines))
    (line,) = model.lines
    assert (line.name, line.birth, line.furigana, line.mark) == ("太郎", "", "", "unseen")
    assert line.address == WORDS("find.no_look")
    assert WORDS("find.mark_unseen") != WORDS("find.mark_blocked")

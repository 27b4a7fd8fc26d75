"""What helps with a form: places under its fields, and the 再転入 check."""

from collections.abc import Callable
from datetime import date

import pytest

from client.domain.as_of import Answer, Source
from client.domain.errors import LinkDownError
from client.domain.places import KnownPlace, PlaceQuery, PlaceSought
from client.domain.resident import AtenaNo, ResidentStatus
from client.jobs.check_reentry import Before, Former, ThreeFacts
from client.rules.intakes import FORMS
from tests.builders import TODAY, as_of
from tests.ui.test_models import WORDS, Desk
from ui.screens.change.model import ChangeModel
from ui.screens.change.places import PlacesModel
from ui.screens.change.reentry import ReentryJobs, ReentryModel

pytestmark = pytest.mark.asyncio
TOWN = KnownPlace("みどり県あおぞら市本町", "0002000")
NUMBER = AtenaNo("1000000099")


class Register:
    """Answers as told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.before: tuple[Before, ...] = ()
        self.verdict = Former.AGREES
        self.source = Source.CLOUD
        self.error: LinkDownError | None = None
        self.meanwhile: Callable[[], object] = lambda: None  # what happens while it answers

    async def places(self, asked: PlaceQuery) -> tuple[KnownPlace, ...]:
        self.asked.append(asked)
        self.meanwhile()
        return (TOWN,)

    async def people(self, facts: ThreeFacts) -> Answer[tuple[Before, ...]]:
        self.asked.append(facts)
        self.meanwhile()
        if self.error:
            raise self.error
        return Answer(self.before, as_of(self.source))

    async def former(self, number: AtenaNo, birth: object, sex: str) -> Answer[Former]:
        self.asked.append((number, birth, sex))
        return Answer(self.verdict, as_of(self.source))


class Form:
    """A 転入届 with what helps."""

    def __init__(self, form: str = "tennyu") -> None:
        self.desk, self.register = Desk(), Register()
        self.change: ChangeModel = self.desk.form()
        later = self.desk.later
        self.places = PlacesModel(self.change, self.register.places, later)
        jobs = ReentryJobs(self.register.people, self.register.former)
        self.reentry = ReentryModel(self.change, jobs, later, pause=0)
        self.change.begin(FORMS[form], None, None)
        self.change.changed = self.reentry.heed

    def person(self, place: int = 0, **said: str) -> AtenaNo:
        one = self.change.newcomers[place]
        for name, value in said.items():
            self.change.set(f"{one}.{name}", value)
        return one

    async def settle(self) -> list[str]:
        await self.desk.later.all()
        return [line.text for line in self.reentry.lines]


async def test_a_town_brings_its_postcode_and_a_postcode_its_town() -> None:
    for field, typed in (("to.town", "本"), ("to.postcode", "0002000")):
        form = Form()
        form.change.set(field, typed)
        form.places.ask(field)
        await form.settle()
        form.places.take(0)
        assert form.change.value("to.town") == TOWN.text
        assert form.change.value("to.postcode") == TOWN.postcode
        assert form.places.found == ()


async def test_a_building_is_asked_for_where_it_stands_and_a_honseki_as_a_town() -> None:
    form = Form()
    form.change.set("to.town", TOWN.text)
    form.change.set("to.banchi", "2番3号")
    form.change.set("to.katagaki", "コ")
    form.places.ask("to.katagaki")
    await form.settle()
    one = form.person(honseki="本")
    form.places.ask(f"{one}.honseki")
    await form.settle()
    assert form.register.asked == [
        PlaceQuery(PlaceSought.BUILDING, "コ", TOWN.text, "2番3号"),
        PlaceQuery(PlaceSought.TOWN, "本"),
    ]
    form.places.take(0)
    assert form.change.value(f"{one}.honseki") == TOWN.text
    assert form.change.value("to.postcode") == ""


async def test_only_the_newest_question_is_answered_in_the_list() -> None:
    form = Form()
    form.change.set("to.town", "本")
    form.places.ask("to.town")
    form.register.meanwhile = lambda: form.change.set("to.town", "本町九")
    await form.settle()
    assert form.places.found == (), "the answer is to what stands there no more"
    form.register.meanwhile = form.places.drop
    form.places.ask("to.town")
    await form.settle()
    assert form.places.found == (), "nor is it offered where the list was closed"
    form.register.meanwhile = lambda: None
    form.places.ask("to.town")
    await form.settle()
    assert TOWN in form.places.found


async def test_where_somebody_comes_from_the_register_cannot_help() -> None:
    form = Form()
    assert {field.name for field in form.change.fields if form.places.helps(field.name)} == {
        *("to.town", "to.katagaki", "to.postcode", f"{form.change.newcomers[0]}.honseki"),
    }


async def test_who_has_the_same_three_facts_is_told_with_number_and_day_and_no_place() -> None:
    form = Form()
    form.register.before = (Before(NUMBER, ResidentStatus.TENSHUTSU, TODAY, False),)
    one = form.person(full_name="渡辺　花子", birth_date="S58.4.12")
    assert await form.settle() == []
    assert form.register.asked == [], "two facts of three are nobody"
    form.person(sex="女")
    (line,) = await form.settle()
    assert NUMBER in line
    assert "転出 令8.11.20" in line
    form.reentry.put(form.reentry.lines[0])
    assert form.change.value(f"{one}.former") == NUMBER
    assert await form.settle() == [], "what was put in needs no word more"


async def test_the_same_facts_are_asked_once_and_other_ones_anew() -> None:
    form = Form()
    form.person(full_name="渡辺　花子", birth_date="S58.4.12", sex="女")
    await form.settle()
    form.person(relationship="妻")
    form.change.set("to.banchi", "1番")
    await form.settle()
    assert len(form.register.asked) == 1, "each look is in the journal"
    form.person(latin_name="HANAKO", kind="foreign")
    form.person(full_name="渡辺　華子")
    await form.settle()
    assert len(form.register.asked) == 2


async def test_off_line_it_is_said_that_the_office_checks_again() -> None:
    form = Form()
    form.register.source = Source.REPLICA
    form.person(full_name="渡辺　花子", birth_date="S58.4.12", sex="女")
    assert await form.settle() == [WORDS("reentry.again")]


async def test_what_could_not_be_checked_is_said() -> None:
    form = Form()
    form.register.error = LinkDownError("link.timeout")
    form.person(full_name="渡辺　花子", birth_date="S58.4.12", sex="女")
    (line,) = await form.settle()
    assert WORDS("reentry.failed") in line


@pytest.mark.parametrize("verdict", [Former.UNKNOWN, Former.DIFFERS])
async def test_a_former_number_that_is_not_theirs_warns_and_does_not_refuse(verdict: Former) -> None:
    form = Form()
    form.register.verdict = verdict
    one = form.person(birth_date="S58.4.12", sex="女", former="１０００００００９９")
    (line,) = await form.settle()
    assert WORDS(f"reentry.former_{verdict.value}") in line
    assert form.register.asked == [(NUMBER, date(1983, 4, 12), "女")]
    assert f"{one}.former" not in form.change.wrong


async def test_who_is_on_the_form_no_more_is_forgotten_with_their_warning() -> None:
    form = Form()
    form.register.before = (Before(NUMBER, ResidentStatus.TENSHUTSU, None, True),)
    form.change.add_newcomer()
    form.person(1, full_name="渡辺　花子", birth_date="S58.4.12", sex="女")
    (line,) = await form.settle()
    assert line.startswith(WORDS("change.person", n=2))
    form.change.remove_newcomer()
    assert await form.settle() == []
    form.person(full_name="渡辺　花子", birth_date="S58.4.12", sex="女")
    await form.settle()
    form.change.forget()
    assert await form.settle() == []
    assert "渡辺" not in str(vars(form.reentry))


async def test_an_answer_to_facts_that_have_changed_meanwhile_is_not_told() -> None:
    form = Form()
    form.register.before = (Before(NUMBER, ResidentStatus.TENSHUTSU, None, False),)
    form.person(full_name="渡辺　花子", birth_date="S58.4.12", sex="女")
    work = form.desk.later.waiting.pop("reentry")
    form.register.meanwhile = lambda: form.person(full_name="渡辺")
    await work()
    assert form.reentry.lines == ()


async def test_many_warnings_leave_room_for_the_form_and_say_how_many_more_there_are() -> None:
    form = Form()
    form.register.before = tuple(
        Before(AtenaNo(str(number)), ResidentStatus.TENSHUTSU, None, False) for number in range(3)
    )
    form.change.add_newcomer()
    for place in (0, 1):
        form.person(place, full_name="渡辺　花子", birth_date="S58.4.12", sex="女")
    lines = await form.settle()
    assert len(lines) == 5
    assert lines[-1] == WORDS("reentry.more", n=2)

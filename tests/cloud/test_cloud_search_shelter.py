"""A search is no oracle: without the right, nothing of its answer depends on where a sheltered person lives or lived."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.register import put, remove
from cloud.residents import search
from cloud.search_words import Asked
from cloud.tenant import Tenant
from tests.cloud.cloud_builders import CODE, KIMI, OTHER_HOME, SetClock, a_resident, a_tenant

pytestmark = pytest.mark.long

WITH_HER = "1000000308"  # lives with her, under no measure
HAS_LEFT, ELSEWHERE = "1000000316", "2000000303"  # lived with her before
PLACES = st.sampled_from(
    [
        "本町一丁目2番3号",
        "葛城町12番",
        "髙島町",
        "たかしま荘",
        "昭和58年4月",
        "1000000049",
        "葛󠄂城町一丁目",
        "ロ2番地",
    ]
)
PIECES = st.sampled_from(
    [
        "本町",
        "1-2",
        "2番3号",
        "12",
        "たかしま",
        "高島",
        "髙島町",
        "荘",
        "S58",
        "昭和58年4月12日",
        "1000000049",
        "ロ2",
        "町",
    ]
)
WORDS = st.lists(PIECES, max_size=2).map(" ".join)


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    return Asked(
        typed=draw(WORDS),
        name=draw(st.sampled_from(["", "", "たかしま", "島"])),
        birth=draw(st.sampled_from(["", "", "S58"])),
        place=draw(st.just("") | WORDS),
        number=draw(st.sampled_from(["", "", KIMI, "12"])),
        sex=draw(st.sampled_from(["", "", "女"])),
        match=draw(st.sampled_from(["infix", "prefix", "exact"])),
        removed=draw(st.booleans()),
        past=draw(st.booleans()),
    )


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    made = a_tenant(Path(tmp_path_factory.mktemp("cloud")), SetClock())
    yield made
    made.close()


def house_them(tenant: Tenant, before: str, now: str) -> None:
    """Let both have lived and live at these places."""
    both = {KIMI: ("髙島　君代", "タカシマ　キミヨ"), WITH_HER: ("髙島　実", "タカシマ　ミノル")}
    rows = [
        a_resident(number, OTHER_HOME, *names, sex="女", history_no=version, address_town=place)
        for number, names in both.items()
        for version, place in ((1, before), (2, now))
    ]
    with tenant.register.writing() as connection:
        tenant.register.commit(connection, "register", [put("resident", row) for row in rows])


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(st.tuples(PLACES, PLACES), min_size=2, max_size=3, unique=True),
    asked=st.lists(questions(), min_size=1, max_size=12),
    most=st.integers(1, 4),
)
def test_where_a_sheltered_person_lives_changes_nothing_of_any_answer(
    tenant: Tenant, places: list[tuple[str, str]], asked: list[Asked], most: int
) -> None:
    answers = []
    for before, now in places:
        house_them(tenant, before, now)
        with tenant.register.reading() as connection:
            answers.append([search(connection, CODE, one, limit=most) for one in asked])
    assert all(answer == answers[0] for answer in answers)


def let_him_have_left(tenant: Tenant, hidden: str | None) -> None:
    """Let him live elsewhere, and have lived with her at this place; None: have never lived with her."""
    him = ("髙島　進", "タカシマ　ススム")
    now = a_resident(HAS_LEFT, ELSEWHERE, *him, history_no=3, address_town="旭町")
    before = a_resident(HAS_LEFT, ELSEWHERE, *him, address_town="葛城町二丁目")
    shared = a_resident(HAS_LEFT, OTHER_HOME, *him, history_no=2, address_town=hidden or "")
    changes = [put("resident", row) for row in (before, now)]
    there = remove("resident", (HAS_LEFT, 2)) if hidden is None else put("resident", shared)
    with tenant.register.writing() as connection:
        tenant.register.commit(connection, "register", [*changes, there])


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=PLACES,
    asked=st.lists(questions(), min_size=1, max_size=12),
    most=st.integers(1, 4),
)
def test_whether_somebody_once_lived_with_a_sheltered_person_changes_nothing_of_any_answer(
    tenant: Tenant, place: str, asked: list[Asked], most: int
) -> None:
    answers = []
    for hidden in (None, place):
        let_him_have_left(tenant, hidden)
        with tenant.register.reading() as connection:
            answers.append([search(connection, CODE, one, limit=most) for one in asked])
            with_right = Asked(place=place, past=True, shelters=True)
            hits = [hit["atena_no"] for hit in search(connection, CODE, with_right, limit=200)]
            assert hidden is None or HAS_LEFT in hits
    assert answers[0] == answers[1]

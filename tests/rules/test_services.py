"""A service that fails is out alone; it is tried again, later and later, and one answer brings it back."""

from datetime import timedelta
from pathlib import Path

import yaml

from client.rules.services import (
    COMMANDS,
    FEEDS,
    NAMES,
    RESIDENTS,
    Services,
    after_answer,
    after_health,
    after_no_answer,
    look_later,
    service_of,
)
from cloud import service_names
from tests.builders import NOW

SECOND = timedelta(seconds=1)
CONTRACT = Path(__file__).parents[2] / "resources" / "contract" / "openapi.yaml"


def failed(known: Services, name: str = RESIDENTS, at: float = 0, times: int = 1) -> Services:
    for _ in range(times):
        known = after_no_answer(known, name, NOW + at * SECOND, code="link.busy", jitter=1.0)
    return known


def test_a_path_belongs_to_the_same_service_here_and_in_the_cloud() -> None:
    paths = yaml.safe_load(CONTRACT.read_text("utf-8"))["paths"]
    for path in paths:
        filled = path.replace("{", "").replace("}", "")
        assert service_of(filled) == (service_names.service_of(filled) or ""), path
    assert NAMES == service_names.SERVICES


def test_one_failure_puts_nothing_out_and_two_in_a_row_one_service_alone() -> None:
    once = failed(Services())
    assert (once.out, once.usable(RESIDENTS, NOW)) == ((), True)
    twice = failed(once)
    assert (twice.out, twice.usable(RESIDENTS, NOW), twice.usable(COMMANDS, NOW)) == (
        (RESIDENTS,),
        False,
        True,
    )
    assert failed(after_answer(once, RESIDENTS, NOW, ms=50)).out == ()


def test_calls_of_no_service_count_for_none() -> None:
    assert failed(Services(), "", times=5) == after_answer(Services(), "", NOW, ms=9) == Services()


def test_it_is_tried_again_later_and_later_and_one_answer_brings_it_back() -> None:
    known, at, waits = failed(Services(), times=2), 0.0, []
    for _ in range(8):
        due = known.next_look_at
        assert due is not None
        assert not known.usable(RESIDENTS, due - SECOND / 2)
        assert known.usable(RESIDENTS, due)
        waits.append((due - NOW).total_seconds() - at)
        at = (due - NOW).total_seconds()
        known = failed(known, at=at)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert after_answer(known, RESIDENTS, NOW + at * SECOND, ms=50).out == ()


def test_the_clouds_health_puts_out_what_nobody_has_tried_and_says_when_to_try_again() -> None:
    told = {"residents": "down", "feeds": "slow", "commands": "ok", "moon": "down"}
    known = after_health(Services(), told, NOW, jitter=1.0)
    assert (known.out, known.slow) == ((RESIDENTS,), (FEEDS,))
    well = after_health(known, {"residents": "ok"}, NOW + SECOND, jitter=1.0)
    assert (well.out, well.usable(RESIDENTS, NOW + SECOND)) == ((), True)
    again = failed(well, at=1)
    assert again.out == (RESIDENTS,), "well by its own word only: one failure is enough"
    assert again.next_look_at == NOW + 3 * SECOND


def test_where_nobody_can_say_how_it_is_the_waits_grow_too() -> None:
    known = look_later(failed(Services(), times=2), NOW + SECOND, jitter=1.0)
    assert (known.out, known.next_look_at) == ((RESIDENTS,), NOW + 3 * SECOND)


def test_three_slow_answers_in_a_row_are_slow() -> None:
    known = Services()
    for ms in (3500, 3500, 3500):
        assert known.slow == ()
        known = after_answer(known, FEEDS, NOW, ms=ms)
    assert known.slow == (FEEDS,)


def test_a_failure_is_remembered_for_half_a_minute() -> None:
    once = failed(Services())
    assert once.failed_lately(RESIDENTS, NOW + 29 * SECOND)
    assert not once.failed_lately(RESIDENTS, NOW + 31 * SECOND)
    assert not once.failed_lately(COMMANDS, NOW)

"""Tasks: one of each name, failures told, all cancelled on close."""

import asyncio

import pytest

from ui.tasks import Tasks

pytestmark = pytest.mark.asyncio


def tasks() -> tuple[Tasks, list[tuple[str, BaseException]]]:
    failures: list[tuple[str, BaseException]] = []
    return Tasks(asyncio.get_running_loop(), lambda name, error: failures.append((name, error))), failures


async def test_a_second_press_does_nothing_while_the_first_is_at_work() -> None:
    made, _ = tasks()
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        await asyncio.sleep(0.01)

    assert made.start("issue", work)
    assert not made.start("issue", work)
    await asyncio.sleep(0.03)
    assert runs == [1]
    assert made.start("issue", work)
    await made.close()


async def test_a_newer_search_cancels_the_older() -> None:
    made, _ = tasks()
    done: list[str] = []

    async def find(typed: str) -> None:
        await asyncio.sleep(0.01)
        done.append(typed)

    made.replace("find", lambda: find("わ"))
    made.replace("find", lambda: find("わた"))
    await asyncio.sleep(0.03)
    assert done == ["わた"]


async def test_a_failure_is_told_with_the_name_of_the_task() -> None:
    made, failures = tasks()

    async def broken() -> None:
        raise ValueError("x")

    made.start("open", broken)
    await asyncio.sleep(0.01)
    assert [(name, type(error)) for name, error in failures] == [("open", ValueError)]
    assert not made.running("open")


async def test_nothing_runs_and_nothing_starts_after_close() -> None:
    made, failures = tasks()

    async def long() -> None:
        await asyncio.sleep(10)

    made.start("a", long)
    await made.close()
    assert not made.any_running
    assert not made.start("a", long)
    assert failures == []

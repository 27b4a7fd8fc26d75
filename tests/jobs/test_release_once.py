"""A release is for one issue, also where two are asked for at the same moment."""

import asyncio

import pytest

from client.domain.certificate import Decided
from client.domain.errors import RefusedError
from tests.jobs.test_release_issue import Counter

pytestmark = pytest.mark.asyncio


async def test_two_issues_at_once_have_one_release_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Counter()
    await counter.ask()
    prepared = await counter.prepare()
    judged, both_judged = 0, asyncio.Event()

    async def count_pages(_: Decided) -> int:
        nonlocal judged
        judged += 1
        if judged == 2:
            both_judged.set()
        await both_judged.wait()
        return 1

    monkeypatch.setattr(counter.press, "count_pages", count_pages)
    both = [counter.issue.issue(counter.clerk, prepared) for _ in range(2)]
    done = await asyncio.gather(*both, return_exceptions=True)
    refused = [one.code for one in done if isinstance(one, RefusedError)]
    assert (refused, len(counter.ledger.copies)) == (["refused.shien_sochi"], 1)

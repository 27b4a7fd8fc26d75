"""A clerk's call waits as long as the line needs to open a connection, and never longer than a clerk can."""

import asyncio

import pytest

from client.domain.errors import LinkDownError
from client.jobs.reach import Reach
from client.rules.services import CERTIFICATES
from tests.fakes import MemoryLink

pytestmark = pytest.mark.asyncio


async def answer_after(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "the cloud's word"


async def test_over_a_near_line_a_call_waits_as_long_as_ever() -> None:
    link = MemoryLink(last_ms=20)
    with pytest.raises(LinkDownError, match=r"link\.timeout"):
        await Reach(link, wait=0.05).ask(CERTIFICATES, lambda: answer_after(2))
    assert link.failures == ["link.timeout"]


async def test_over_a_far_line_a_call_waits_until_a_connection_can_be_opened() -> None:
    link = MemoryLink(last_ms=100)
    assert await Reach(link, wait=0.05).ask(CERTIFICATES, lambda: answer_after(0.25)) == "the cloud's word"
    assert link.failures == []

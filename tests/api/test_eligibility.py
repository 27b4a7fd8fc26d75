"""Asking again costs little and proves as much: the seal crosses once, and an answer to another question is none."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
import msgspec
import pytest

from client.api.certificates import CertificateDesk
from client.api.http import Http
from client.domain.errors import LinkDownError, RefusedError
from tests.api.test_contract_calls import examples
from tests.builders import a_request

pytestmark = pytest.mark.asyncio
IMAGE = b"\x89PNG of the seal"
HELD = sha256(IMAGE).hexdigest()
Asked = dict[str, Any]


class Cloud:
    """A cloud that answers as it is told to, and remembers what it was asked."""

    def __init__(self, answer: Callable[[Asked], Asked]) -> None:
        self.asked: list[Asked] = []
        self._answer = answer

    def desk(self) -> CertificateDesk:
        transport = httpx.MockTransport(self._say)
        http = Http("https://cloud.example", None, now=lambda: datetime.now(UTC), transport=transport)
        return CertificateDesk(http, lambda: "token", now=lambda: datetime.now(UTC))

    def _say(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(msgspec.json.decode(request.content))
        content = msgspec.json.encode(self._answer(self.asked[-1]))
        return httpx.Response(
            200, headers={"content-type": "application/json"}, stream=httpx.ByteStream(content)
        )


def allowed(seal: object, **more: object) -> Asked:
    told: Asked = examples()["eligibility"]
    return {**told, "forms": {**told["forms"], "seal": seal}, **more}


def today(asked: Asked) -> Asked:
    """What a cloud of today says: the seal by its hash where the terminal has it, and which question this answers."""
    seal = {"sha256": HELD} if asked.get("seal") == HELD else {"image": base64.b64encode(IMAGE).decode()}
    return allowed({"side_mm": 24, **seal}, question=asked["question"])


async def test_the_seal_crosses_once_and_is_on_every_paper() -> None:
    cloud = Cloud(today)
    desk = cloud.desk()
    seals = [(await desk.eligibility(a_request())).words.seal for _ in range(3)]
    assert [seal and (seal.image, seal.side_mm) for seal in seals] == [(IMAGE, 24)] * 3
    assert [asked.get("seal") for asked in cloud.asked] == [None, HELD, HELD]


async def test_a_new_seal_takes_the_place_of_the_one_before() -> None:
    seals = iter([b"the first", b"the second", b"the second"])
    cloud = Cloud(lambda asked: allowed({"side_mm": 24, "image": base64.b64encode(next(seals)).decode()}))
    desk = cloud.desk()
    told = [(await desk.eligibility(a_request())).words.seal for _ in range(3)]
    assert [seal and seal.image for seal in told] == [b"the first", b"the second", b"the second"]
    assert cloud.asked[2]["seal"] == sha256(b"the second").hexdigest()


@pytest.mark.parametrize(
    "seal",
    [
        pytest.param({"side_mm": 24, "sha256": "0" * 64}, id="one that is not here"),
        pytest.param({"side_mm": 24, "sha256": HELD}, id="one that was never sent"),
        pytest.param({"side_mm": 24}, id="none that anybody could know"),
    ],
)
async def test_a_seal_that_is_named_and_not_here_is_no_answer(seal: object) -> None:
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        await Cloud(lambda asked: allowed(seal)).desk().eligibility(a_request())


async def test_a_town_without_a_seal_has_none_after_one_was_here_too() -> None:
    answers = iter([{"side_mm": 24, "image": base64.b64encode(IMAGE).decode()}, None])
    desk = Cloud(lambda asked: allowed(next(answers))).desk()
    assert (await desk.eligibility(a_request())).words.seal
    assert (await desk.eligibility(a_request())).words.seal is None


async def test_an_answer_that_was_given_before_is_no_answer() -> None:
    first: list[Asked] = []

    def replayed(asked: Asked) -> Asked:
        first.append(today(asked))
        return first[0]

    desk = Cloud(replayed).desk()
    await desk.eligibility(a_request())
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        await desk.eligibility(a_request())


async def test_a_refusal_that_was_given_before_is_no_answer() -> None:
    refusals = [{"code": "refused.blocked"}]
    no = {"allowed": False, "refusals": refusals, "warnings": [], "as_of": examples()["eligibility"]["as_of"]}
    with pytest.raises(LinkDownError, match=r"link\.fault"):
        await Cloud(lambda asked: {**no, "question": "another"}).desk().eligibility(a_request())
    with pytest.raises(RefusedError, match=r"refused\.blocked"):
        await Cloud(lambda asked: {**no, "question": asked["question"]}).desk().eligibility(a_request())


async def test_no_two_questions_are_called_the_same() -> None:
    cloud = Cloud(today)
    desk = cloud.desk()
    for _ in range(5):
        await desk.eligibility(a_request())
    assert len({asked["question"] for asked in cloud.asked}) == 5


async def test_a_cloud_of_before_answers_as_it_did() -> None:
    old = Cloud(lambda asked: allowed({"side_mm": 24, "image": base64.b64encode(IMAGE).decode()}))
    desk = old.desk()
    for _ in range(2):
        seal = (await desk.eligibility(a_request())).words.seal
        assert seal
        assert seal.image == IMAGE

"""Somebody's secrets shown beside the clerk: a PIN that a card or key turned down counts here, as at a sign-in."""

import pytest

from client.domain.clerk import CloudSignIn
from client.domain.errors import SignInNeededError
from tests.jobs.test_release_issue import Counter

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("code", ["card.wrong_pin", "key.wrong_pin"])
async def test_a_wrong_pin_is_counted_here_though_the_cloud_was_never_asked(code: str) -> None:
    counter = Counter()

    async def turned_down(_staff_id: str, _password: str, _code: str) -> CloudSignIn:
        raise SignInNeededError(code)

    counter.cloud.sign_in = turned_down  # type: ignore[method-assign,assignment]  # by card or key, before any call
    with pytest.raises(SignInNeededError, match=code.replace(".", r"\.")):
        await counter.ask()
    assert counter.keys.failed == {"s002": 1}

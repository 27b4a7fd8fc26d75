"""Sign-in on line with a FIDO2 key: a CTAP 2 authenticator of software, python-fido2's client, the reference cloud."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from client.api.auth import Sessions
from client.domain.clerk import CloudSignIn
from client.domain.errors import SignInNeededError
from offline.factors.security_key import SecurityKey
from tests.api.small_cloud import PASSWORD, SmallCloud, small_cloud
from tests.builders import NOW
from tests.cloud.soft_key import SoftKey
from tests.offline.soft_authenticator import SoftAuthenticator
from tests.offline.vault_builders import enrolled, said
from tests.store_builders import cloud_sign_in

pytestmark = pytest.mark.asyncio


class Desk:
    def __init__(self, cloud: SmallCloud) -> None:
        self.cloud = cloud
        self.key = SoftAuthenticator(SoftKey())
        self.plugged = [self.key]
        reader = SecurityKey("localhost", lambda: self.plugged, wait=0.2)
        self.sessions = Sessions(cloud.http, now=cloud.clock, factor=reader)
        secret = self.key.credential.secret()
        cloud.tenant.personnel.set_factor("s001", "fido2", secret, done_by="o001")

    async def enter(self, pin: str = "2580") -> CloudSignIn:
        if self.cloud.enrolled is None:
            await self.cloud.enrol()
        return await self.sessions.sign_in("s001", PASSWORD, pin)

    async def said(self, pin: str = "2580") -> str:
        try:
            await self.enter(pin)
        except SignInNeededError as error:
            return error.code
        return "in"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with small_cloud(tmp_path / "cloud") as cloud:
        yield Desk(cloud)


async def test_a_key_its_pin_and_a_touch_open_a_session(desk: Desk) -> None:
    assert (await desk.enter()).sign_in.access_token
    assert await desk.said() == "in"


async def test_a_wrong_pin_is_said_and_the_last_try_is_the_clerks_own_decision(desk: Desk) -> None:
    assert await desk.said("0000") == "key.wrong_pin"
    desk.key.tries = 1
    assert await desk.said("0000") == "key.last_try"
    assert desk.key.tries == 1
    assert await desk.said() == "in"
    desk.key.tries = 1
    assert await desk.said("0000") == "key.last_try"
    assert await desk.said("0000") == "key.locked"


async def test_no_key_two_keys_one_untouched_and_one_pulled_are_told_apart(desk: Desk) -> None:
    desk.plugged = []
    assert await desk.said() == "key.absent"
    desk.plugged = [desk.key, desk.key]
    assert await desk.said() == "key.absent"
    desk.plugged = [desk.key]
    desk.key.touched = False
    assert await desk.said() == "key.untouched"
    desk.key.touched, desk.key.pulled = True, True
    assert await desk.said() == "key.failed"
    desk.key.pulled = False
    assert await desk.said() == "in"


async def test_somebody_elses_key_and_one_of_another_host_let_nobody_in(desk: Desk) -> None:
    desk.plugged = [SoftAuthenticator(SoftKey())]
    assert await desk.said() == "sign_in.wrong_secret"
    desk.plugged = [SoftAuthenticator(SoftKey(host="elsewhere.example"))]
    assert await desk.said() == "key.stranger"


async def test_a_challenge_for_another_host_is_not_answered() -> None:
    key = SoftAuthenticator(SoftKey(host="bank.example"))
    reader = SecurityKey("localhost", lambda: [key])
    challenge = {"challenge": "AAAA", "rpId": "bank.example", "userVerification": "required"}
    with pytest.raises(SignInNeededError, match=r"key\.failed"):
        await reader.answer(challenge, "2580")
    assert (key.credential.counter, key.tries) == (0, 8)


async def test_who_has_a_key_and_no_code_is_not_let_in_off_line(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(replace(cloud_sign_in(deposit), totp_seed=b""), "pass", now=NOW)
    assert await said(vault, NOW, "pass", "123456") == "sign_in.unknown_here"


async def test_the_wrap_of_a_code_that_was_taken_away_goes(tmp_path: Path) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), "pass", now=NOW)
    assert b"s001" in (tmp_path / "wraps.json").read_bytes()
    await vault.admit(replace(cloud_sign_in(deposit), totp_seed=b""), "pass", now=NOW)
    assert b"s001" not in (tmp_path / "wraps.json").read_bytes()

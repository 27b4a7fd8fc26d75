"""A token lives a quarter of an hour at one terminal, is renewed there, and whoever takes it gets nothing."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from cloud import storage
from cloud.problems import ProblemError
from cloud.tenant import open_tenant
from tests.cloud.cloud_builders import PASSWORD, Site, Terminal, staff, tiny_town

pytestmark = pytest.mark.asyncio
ANYONE = {"typed": "わたなべ", "limit": 5, "removed": False}


async def search(terminal: Terminal, token: str | None = None) -> httpx.Response:
    terminal.token = terminal.token if token is None else token
    return await terminal.call("POST", "/v1/residents/search", ANYONE)


async def renewal(terminal: Terminal, token: str | None = None) -> httpx.Response:
    terminal.token = terminal.token if token is None else token
    return await terminal.call("POST", "/v1/sessions/current/renewal")


def told(answer: httpx.Response) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.json().get("reason")


def expired(reason: str | None) -> tuple[int, str, str | None]:
    return 401, "sign_in.expired", reason


def lines(site: Site, table: sa.Table) -> list[Any]:
    with site.tenant.register.reading() as connection:
        return list(connection.execute(sa.select(table)).all())


async def signed_in(site: Site) -> str:
    site.clock.forward(seconds=30)  # a code is good once
    answer = await site.terminal.sign_in()
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return site.terminal.token


async def test_a_token_works_a_quarter_of_an_hour_and_says_so(site: Site) -> None:
    answer = (await site.terminal.sign_in()).json()
    assert (answer["expires_at"], answer["session_until"]) == ("2026-11-20T05:15:00Z", "2026-11-20T13:00:00Z")
    site.clock.forward(minutes=14, seconds=59)
    assert (await search(site.terminal)).status_code == httpx.codes.OK
    site.clock.forward(seconds=1)
    assert told(await search(site.terminal)) == expired("idle")
    assert told(await renewal(site.terminal)) == expired("idle")


async def test_a_session_goes_on_by_renewal_until_its_own_end(site: Site) -> None:
    await site.terminal.sign_in()
    for _ in range(47):
        site.clock.forward(minutes=10)
        fresh = await renewal(site.terminal)
        assert fresh.json()["session_until"] == "2026-11-20T13:00:00Z"
        site.terminal.token = fresh.json()["access_token"]
        assert (await search(site.terminal)).status_code == httpx.codes.OK
    site.clock.forward(minutes=9)
    fresh = await renewal(site.terminal)
    assert fresh.json()["expires_at"] == "2026-11-20T13:00:00Z"
    site.clock.forward(minutes=1)
    assert told(await search(site.terminal, fresh.json()["access_token"])) == expired("over")


async def test_the_token_before_ends_some_seconds_after_its_successor_is_used(site: Site) -> None:
    old = await signed_in(site)
    new = (await renewal(site.terminal)).json()["access_token"]
    assert (await search(site.terminal, new)).status_code == httpx.codes.OK
    assert (await search(site.terminal, old)).status_code == httpx.codes.OK  # calls on their way
    site.clock.forward(seconds=31)
    assert told(await search(site.terminal, old)) == expired("idle")
    assert (await search(site.terminal, new)).status_code == httpx.codes.OK


async def test_a_lost_answer_throws_nobody_out(site: Site) -> None:
    old = await signed_in(site)
    lost = (await renewal(site.terminal)).json()["access_token"]
    site.clock.forward(minutes=5)  # the line was gone
    again = (await renewal(site.terminal, old)).json()["access_token"]
    assert (await search(site.terminal, again)).status_code == httpx.codes.OK
    assert told(await search(site.terminal, lost)) == expired(None)  # one token in use, no second beside it
    assert (await search(site.terminal, again)).status_code == httpx.codes.OK


async def test_a_renewal_played_again_when_its_answer_is_in_use_brings_nothing(site: Site) -> None:
    old = await signed_in(site)
    new = (await renewal(site.terminal)).json()["access_token"]
    await search(site.terminal, new)
    assert told(await renewal(site.terminal, old)) == expired("renewed")
    assert (
        await search(site.terminal, new)
    ).status_code == httpx.codes.OK  # a late call is no reason to end it


async def test_two_renewals_at_once_are_both_good_until_one_is_used(site: Site) -> None:
    token = await signed_in(site)
    renew = site.tenant.sessions.renew
    number = site.terminal.number
    first, second = await asyncio.gather(*(asyncio.to_thread(renew, number, token) for _ in range(2)))
    assert first.value != second.value
    assert (await search(site.terminal, second.value)).status_code == httpx.codes.OK
    assert told(await search(site.terminal, first.value)) == expired(None)
    alive = [line for line in lines(site, storage.access_token) if line.used_at]
    assert len(alive) == 2


async def test_a_token_at_another_terminal_is_refused_and_ends_its_session(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    token = await signed_in(site)
    thief = await site.another_terminal()
    assert told(await search(thief, token)) == expired("ended")
    assert told(await search(site.terminal)) == expired("ended")
    assert told(await renewal(site.terminal)) == expired("ended")
    (session,) = lines(site, storage.session)
    assert (session.end_reason, session.shown_by) == ("other_terminal", thief.number)
    assert f"{site.terminal.number} was shown by {thief.number}" in caplog.text
    assert token not in caplog.text


async def test_a_stolen_token_is_not_renewed_and_does_not_sign_anybody_out_elsewhere(site: Site) -> None:
    token = await signed_in(site)
    thief = await site.another_terminal()
    assert told(await renewal(thief, token)) == expired("ended")
    another = await signed_in(site)
    thief.token = token
    assert (await thief.call("DELETE", "/v1/sessions/current")).status_code == httpx.codes.UNAUTHORIZED
    assert (await search(site.terminal, another)).status_code == httpx.codes.OK


async def test_signing_out_ends_every_token_of_the_session(site: Site) -> None:
    old = await signed_in(site)
    new = (await renewal(site.terminal)).json()["access_token"]
    site.terminal.token = new
    ended = await site.terminal.call("DELETE", "/v1/sessions/current")
    assert ended.status_code == httpx.codes.NO_CONTENT
    for token in (old, new):
        assert told(await search(site.terminal, token)) == expired("ended")
        assert told(await renewal(site.terminal, token)) == expired("ended")
    (session,) = lines(site, storage.session)
    assert (session.end_reason, session.staff_id, session.factor) == ("signed_out", "s001", "totp")


@pytest.mark.parametrize("token", ["", "nobody-ever-had-this-token", "\u00ff" * 30])
async def test_what_is_no_token_opens_nothing(site: Site, token: str) -> None:
    await signed_in(site)
    with pytest.raises(ProblemError, match=r"sign_in\.expired"):
        site.tenant.sessions.clerk(site.terminal.number, token)


async def test_a_token_of_one_town_is_nothing_in_another(site: Site, tmp_path: Path) -> None:
    token = await signed_in(site)
    database = f"sqlite:///{site.tenant.folder / 'cloud.db'}"
    other = open_tenant(
        tmp_path / "other", "990002", town=tiny_town, staff=staff(), url=database, now=site.clock
    )
    for ask in (other.sessions.clerk, other.sessions.renew):
        with pytest.raises(ProblemError, match=r"sign_in\.expired"):
            ask(site.terminal.number, token)
    other.close()
    assert (await search(site.terminal)).status_code == httpx.codes.OK  # and the neighbour ends nothing here


async def test_the_database_holds_no_token(site: Site) -> None:
    tokens = [await signed_in(site)]
    tokens.append((await renewal(site.terminal)).json()["access_token"])
    await search(site.terminal, tokens[1])
    site.tenant.engine.dispose()
    stored = b"".join(path.read_bytes() for path in site.tenant.folder.glob("cloud.db*"))
    assert not [one for one in (*tokens, PASSWORD) if one.encode() in stored]


async def test_old_tokens_are_forgotten_and_sessions_kept(site: Site) -> None:
    await signed_in(site)
    site.clock.forward(days=2)
    await signed_in(site)
    assert len(lines(site, storage.access_token)) == 1
    assert len(lines(site, storage.session)) == 2

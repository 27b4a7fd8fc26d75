"""Words in the proxy's name mean nothing where there is no proxy, and where there is one they need its secret."""

from urllib.parse import quote

import httpx
import pytest

from cloud.app import create_app
from cloud.proxy import Proxy
from tests.cloud.cloud_builders import Site, Terminal

SECRET = "s" * 32


def words(site: Site, terminal: Terminal, secret: str = SECRET) -> dict[str, str]:
    """What nginx sends along: its secret, and the certificate it saw."""
    found = site.tenant.terminals.terminal(terminal.number)
    assert found is not None
    return {"madoguchi_proxy": secret, "madoguchi_certificate": quote(found.certificate)}


async def through(
    site: Site, method: str, path: str, body: object | None = None, **headers: str
) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(site.tenant, proxy=Proxy(SECRET)))
    async with httpx.AsyncClient(transport=transport, base_url="https://cloud.test") as client:
        site.terminal.client = client
        return await site.terminal.call(method, path, body, **headers)


@pytest.mark.asyncio
async def test_without_a_proxy_its_words_are_not_heard(site: Site) -> None:
    other = await site.another_terminal()
    for more in ({}, words(site, site.terminal), words(site, other), {"madoguchi_certificate": "nonsense"}):
        assert (await site.terminal.call("GET", "/v1/orders", **more)).status_code == httpx.codes.OK


@pytest.mark.asyncio
async def test_behind_a_proxy_certificate_and_proof_are_of_one_terminal(site: Site) -> None:
    other, own = await site.another_terminal(), words(site, site.terminal)
    assert (await through(site, "GET", "/v1/snapshot", **own)).status_code == httpx.codes.OK
    for more in (
        {},
        {"madoguchi_proxy": SECRET},
        words(site, other),
        words(site, site.terminal, "S" * 32),
        own | {"madoguchi_certificate": "nonsense"},
        own | {"madoguchi_certificate": "%FF%FE"},
        {"madoguchi_certificate": own["madoguchi_certificate"]},
    ):
        answer = await through(site, "GET", "/v1/snapshot", **more)
        assert (answer.status_code, answer.json()["code"]) == (403, "terminal.wrong_certificate"), more


@pytest.mark.asyncio
async def test_a_certificate_before_and_after_a_renewal_is_good_for_the_same_day(site: Site) -> None:
    before, key = words(site, site.terminal), site.terminal.key
    new = Terminal(site.client, site.clock)
    answer = await site.terminal.call("POST", "/v1/terminals/self/certificate", {"csr": new.csr()})
    assert answer.status_code == httpx.codes.CREATED
    after = words(site, site.terminal)
    assert before != after
    for signed_with in (key, new.key):
        site.terminal.key = signed_with
        for shown in (before, after):
            assert (await through(site, "GET", "/v1/snapshot", **shown)).status_code == httpx.codes.OK
    site.clock.forward(hours=24)
    assert (await through(site, "GET", "/v1/snapshot", **after)).status_code == httpx.codes.OK
    assert (await through(site, "GET", "/v1/snapshot", **before)).status_code == httpx.codes.FORBIDDEN


def test_a_secret_that_can_be_guessed_is_no_setting() -> None:
    for weak in ("", "x" * 31, "秘" * 32):
        with pytest.raises(ValueError, match="secret"):
            Proxy(weak)
    assert SECRET not in repr(Proxy(SECRET))

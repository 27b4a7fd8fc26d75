"""The documented nginx before a served cloud: certificates open the outer door, proofs the inner one."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from cloud.totp import code_at, step_at
from tests.cloud.nginx_builders import SECRET, Guest, Wall, a_wall

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
REFUSED = (403, "terminal.wrong_certificate")
WITHOUT = (403, "terminal.no_certificate")


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    with a_wall(tmp_path_factory.mktemp("wall")) as built:
        yield built


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(wall: Wall) -> AsyncIterator[Guest]:
    yield await wall.enrolled(0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theirs(wall: Wall) -> AsyncIterator[Guest]:
    yield await wall.enrolled(1)


def verdict(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def spoofed(guest: Guest) -> dict[str, str]:
    return {"madoguchi_certificate": quote(guest.certificate)}


async def test_with_its_certificate_a_terminal_signs_in_looks_up_and_sends(ours: Guest, wall: Wall) -> None:
    person = wall.ready["staff"][0]
    code = code_at(base64.b32decode(person["totp_seed"]), step_at(ours.terminal.now()))
    asked = {"staff_id": person["staff_id"], "password": person["password"], "code": code}
    signed_in = await ours.call("POST", "/v1/sessions", asked, presents=ours)
    assert signed_in.status_code == httpx.codes.CREATED, signed_in.text
    ours.terminal.token = signed_in.json()["access_token"]
    found = await ours.call("POST", "/v1/residents/search", {"typed": "わ", "limit": 5}, presents=ours)
    assert found.status_code == httpx.codes.OK
    (atena_no, *_) = [hit["atena_no"] for hit in found.json()["hits"]]
    spelt = f"/v1/residents/%3{atena_no[0]}{atena_no[1:]}/household"  # the proof covers the address as it was written
    assert (await ours.call("GET", spelt, presents=ours)).status_code == httpx.codes.OK
    batch = {"commands": [ours.terminal.issued(1)]}
    answer = await ours.call("POST", "/v1/commands", batch, presents=ours)
    assert [one["outcome"] for one in answer.json()["answers"]] == ["accepted"]
    assert (await ours.call("GET", "/v1/snapshot", presents=ours)).status_code == httpx.codes.OK


@pytest.mark.parametrize("path", ["/v1/commands/%E6%B8%A1%2f%20%7e", "/v1/commands/a%2F..%2fb?x=%20&y=%41"])
async def test_an_address_with_encoded_letters_keeps_its_proof(ours: Guest, path: str) -> None:
    assert (await ours.call("GET", path, presents=ours)).status_code == httpx.codes.NOT_FOUND


async def test_without_a_certificate_nginx_lets_nobody_to_the_records(ours: Guest) -> None:
    for method, path in (
        ("POST", "/v1/sessions"),
        ("GET", "/v1/snapshot"),
        ("GET", "/office/v1/intakes"),
        ("GET", "/"),
    ):
        assert verdict(await ours.call(method, path, presents=None)) == WITHOUT
    for path in ("/v1/snapshot/../snapshot", "/v1/commands/%2e%2e/snapshot", "//v1/snapshot"):
        assert (await ours.call("GET", path, presents=None)).status_code in {403, 404}


async def test_what_has_no_good_certificate_is_still_heard_where_it_must_be(ours: Guest) -> None:
    answer = await ours.call("POST", "/v1/commands", {"commands": []}, presents=None)
    assert answer.status_code == httpx.codes.OK
    async with ours.wall.client() as client:
        assert (await client.get("/v1/clock")).status_code == httpx.codes.OK
        assert (await client.get("/v1/ca/crl")).headers["content-type"] == "application/pkix-crl"


async def test_a_signed_call_under_somebody_elses_certificate_is_refused(ours: Guest, theirs: Guest) -> None:
    for method, path in (("GET", "/v1/snapshot"), ("GET", "/v1/orders"), ("POST", "/v1/commands")):
        assert verdict(await ours.call(method, path, {"commands": []}, presents=theirs)) == REFUSED


async def test_what_a_caller_writes_in_the_proxys_name_is_not_heard(
    ours: Guest, theirs: Guest, wall: Wall
) -> None:
    good, cloud = spoofed(ours), str(wall.ready["url"])
    assert verdict(await ours.call("GET", "/v1/snapshot", presents=theirs, **good)) == REFUSED
    assert verdict(await ours.call("GET", "/v1/snapshot", presents=None, **good)) == WITHOUT
    for more in ({}, good, good | {"madoguchi_proxy": "0" * len(SECRET)}, {"madoguchi_proxy": SECRET}):
        assert verdict(await ours.call("GET", "/v1/snapshot", presents=ours, to=cloud, **more)) == REFUSED
    for path in ("/v1/orders", "/v1/commands/x"):  # round the proxy, without its word
        assert verdict(await ours.call("GET", path, presents=None, to=cloud)) == REFUSED


async def test_a_certificate_of_another_authority_is_refused_in_tls(ours: Guest, tmp_path: Path) -> None:
    from cloud.authority import open_authority

    (tmp_path / "keys").mkdir()
    other = open_authority(tmp_path / "keys", "Madoguchi 990001", ours.terminal.now())
    from cryptography import x509

    csr = x509.load_pem_x509_csr(ours.terminal.csr().encode())
    forged = other.certify_terminal(csr, ours.terminal.number, ours.terminal.now())
    key = ours.file.read_text("ascii").partition("-----END CERTIFICATE-----\n")[2]
    file = tmp_path / "forged.pem"
    file.write_text(forged + key, "ascii")
    false = Guest(ours.wall, ours.terminal, file, forged)
    assert verdict(await ours.call("GET", "/v1/snapshot", presents=false)) == REFUSED


async def test_a_body_beyond_the_limit_does_not_reach_the_cloud(ours: Guest) -> None:
    async with ours.wall.client() as client:
        client.event_hooks = {}
        answer = await client.post("/v1/enrolments", content=b" " * (8 * 2**20 + 1))
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


async def test_old_tls_is_not_spoken(wall: Wall) -> None:
    import ssl
    import warnings

    old = ssl.create_default_context(cafile=wall.ready["ca_file"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with httpx.AsyncClient(base_url=wall.url, verify=old) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/v1/clock")


async def test_a_revoked_terminal_is_refused_by_both_and_can_still_be_told_to_wipe(wall: Wall) -> None:
    gone = await wall.enrolled(2)
    kept = gone.terminal.issued(1)
    assert (await gone.call("GET", "/v1/snapshot", presents=gone)).status_code == httpx.codes.OK
    await wall.office(f"/terminals/{gone.terminal.number}/revocation")
    before = await gone.call("GET", "/v1/snapshot", presents=gone)
    assert verdict(before) == (403, "terminal.revoked"), "the cloud knows at once"
    wall.read_list_again()
    for _ in range(200):  # nginx takes a moment to change its workers
        answer = await gone.call("GET", "/v1/orders", presents=gone)
        if answer.status_code != httpx.codes.OK:
            break
        await asyncio.sleep(0.05)
    assert verdict(answer) == REFUSED, "nginx knows from the list"
    assert verdict(await gone.call("GET", "/v1/snapshot", presents=None)) == WITHOUT
    (order,) = (await gone.call("GET", "/v1/orders", presents=None)).json()["orders"]
    assert '"kind": "wipe"' in order["words"]
    handed = await gone.call("POST", "/v1/commands", {"commands": [kept]}, presents=None)
    assert handed.json()["answers"][0]["quarantined"] is True


async def test_the_proxys_log_holds_no_address_of_a_call(ours: Guest, wall: Wall) -> None:
    await ours.call("GET", "/v1/residents/1000000014/household", presents=ours)
    log = (wall.folder / "access.log").read_text("utf-8")
    assert " 401 " in log or " 404 " in log or " 200 " in log
    assert "1000000014" not in log
    assert "/v1/" not in log

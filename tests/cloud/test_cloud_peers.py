"""The town's word among neighbours: every machine of the town gets one, and a hall server is told nothing of residents."""

import json
from base64 import b64decode
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from cloud import peers
from cloud.clock import read_stamp
from tests.cloud.cloud_builders import CODE, TARO, Site, Terminal, feed_keys
from tests.cloud.contract_reader import check, contract, operations
from tests.cloud.test_cloud_every_call import calls, made
from tests.vectors import octets, vector


async def lease(terminal: Terminal) -> dict[str, Any]:
    answer = await terminal.call("GET", "/v1/terminals/self/peer")
    assert answer.status_code == httpx.codes.OK, answer.text
    return dict(answer.json())


async def a_hall(site: Site) -> Terminal:
    hall = Terminal(site.client, site.clock)
    answer = await hall.enrol(site.tenant.terminals.new_token("hall"))
    assert answer.status_code == httpx.codes.CREATED, answer.text
    return hall


def words_of(site: Site, signed: dict[str, Any]) -> dict[str, Any]:
    key = Ed25519PublicKey.from_public_bytes(feed_keys(site.tenant)[signed["key_id"]])
    key.verify(b64decode(signed["signature"]), b"madoguchi-peer-v1\n" + signed["words"].encode())
    words: dict[str, Any] = json.loads(signed["words"])
    check({"$ref": "#/components/schemas/PeerLease"}, words)
    return words


@pytest.mark.asyncio
async def test_a_lease_names_town_machine_role_and_certificate_for_a_week(site: Site) -> None:
    words = words_of(site, await lease(site.terminal))
    known = site.tenant.terminals.terminal(site.terminal.number)
    assert known is not None
    der = x509.load_pem_x509_certificate(known.certificate.encode()).public_bytes(Encoding.DER)
    assert (words["municipality"], words["terminal_no"], words["role"]) == (CODE, "T0001", "terminal")
    assert words["certificate"] == sha256(der).hexdigest()
    assert read_stamp(words["until"]) - site.clock() == timedelta(days=7)
    site.clock.forward(days=1)
    assert words_of(site, await lease(site.terminal))["until"] > words["until"]


@pytest.mark.asyncio
async def test_a_machine_that_was_taken_out_gets_no_further_lease(site: Site) -> None:
    site.tenant.terminals.revoke(site.terminal.number)
    answer = await site.terminal.call("GET", "/v1/terminals/self/peer")
    assert (answer.status_code, answer.json()["code"]) == (403, "terminal.revoked")


@pytest.mark.asyncio
async def test_a_certificate_is_good_for_both_ends_and_names_no_host(site: Site) -> None:
    known = site.tenant.terminals.terminal(site.terminal.number)
    assert known is not None
    extensions = x509.load_pem_x509_certificate(known.certificate.encode()).extensions
    uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(uses) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
    with pytest.raises(x509.ExtensionNotFound):
        extensions.get_extension_for_class(x509.SubjectAlternativeName)


@pytest.mark.asyncio
async def test_a_hall_server_gets_keys_that_prove_and_none_that_opens(site: Site) -> None:
    hall = Terminal(site.client, site.clock)
    told = (await hall.enrol(site.tenant.terminals.new_token("hall"))).json()
    assert (told["terminal_no"], told["role"]) == ("H0002", "hall")
    assert "digest_key" not in told
    assert told["feed_keys"]
    assert words_of(site, await lease(hall))["role"] == "hall"


@pytest.mark.asyncio
@pytest.mark.long
async def test_every_call_that_does_not_say_so_is_shut_to_a_hall_server(site: Site) -> None:
    hall = await a_hall(site)
    open_to_it = {one["operationId"] for one in operations().values() if one.get("x-hall")}
    shut = set()
    for name, method, path, body in calls("terminal", "person"):
        answer = await made(hall, method, path, body)
        told = answer.json().get("code", "") if answer.is_error else ""
        assert TARO.encode() not in answer.content, name
        if name in open_to_it:
            assert told != "terminal.hall", name
        else:
            assert (answer.status_code, told) == (403, "terminal.hall"), name
            shut.add(name)
    assert {"findResidents", "signIn", "snapshot", "feedDigest", "feedRows", "commandAnswer"} <= shut


@pytest.mark.asyncio
async def test_a_token_of_a_hall_server_makes_no_terminal(site: Site) -> None:
    terminal, hall = Terminal(site.client, site.clock), Terminal(site.client, site.clock)
    given = site.tenant.terminals.new_token("hall")
    bare = await terminal.enrol(given.removeprefix("hall-"))
    assert (bare.status_code, bare.json()["code"]) == (403, "refused.enrolment")
    assert (await hall.enrol(given)).json()["role"] == "hall"


def test_the_vector_bears_the_signature_and_the_certificate_it_names() -> None:
    said = vector("peer")
    check(contract()["components"]["schemas"]["SignedPeerLease"], said["lease"])
    words = said["lease"]["words"]
    check(contract()["components"]["schemas"]["PeerLease"], json.loads(words))
    key = Ed25519PublicKey.from_public_bytes(octets(said["feed_key"]["public"]))
    key.verify(octets(said["lease"]["signature"]), peers.SIGNED + words.encode())
    assert json.loads(words)["certificate"] == sha256(octets(said["certificate"])).hexdigest()

"""The terminal against the written contract: it calls nothing else, and reads every example of what it is answered."""

import ast
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

import client.api
from client.api.attachments import AttachmentBox
from client.api.auth import Sessions
from client.api.certificates import CertificateDesk
from client.api.commands import CommandBox
from client.api.enrolment import EnrolmentDesk, RenewalDesk
from client.api.http import Http
from client.api.peers import PeerDesk
from client.api.residents import CloudRegister
from client.api.upkeep import UpkeepDesk
from client.domain.attachment import Attachment, MediaType
from client.domain.certificate import CertificateKind
from client.domain.errors import SignInNeededError
from client.domain.factor import FactorAnswer
from client.domain.query import Query
from client.domain.resident import AtenaNo
from tests.builders import a_household, a_request
from tests.cloud.contract_reader import METHODS, operation_of, operations, resolved

SOURCES = sorted(Path(str(client.api.__file__)).parent.glob("*.py"))
AMONG_NEIGHBOURS = {"/v1/holds"}  # asked of machines of the same town, never of the cloud
AT = datetime(2026, 11, 20, 5, 32, tzinfo=UTC)
NEVER_READ = {  # answers without a body, or in an envelope, which the vectors hold; see test_vectors.py
    *("keepDeposit", "orderDone", "tellState", "signOut", "carry", "revocationList", "withdrawAttachment"),
    *("feedParcels", "feedDigest", "feedBuckets", "feedRows", "snapshotParcel", "snapshotChunk"),
    "feedTouches",  # see tests/promises/test_p07_doubtful_papers.py
    "setLine",
}


def called() -> set[tuple[str, str, str]]:
    """Return every address that stands in the doors: file, method (empty where it stands elsewhere), path."""
    found = set()
    for source in SOURCES:
        tree = ast.parse(source.read_text("utf-8"))
        pieces = {
            id(one) for text in ast.walk(tree) if isinstance(text, ast.JoinedStr) for one in text.values
        }
        for node in (one for one in ast.walk(tree) if id(one) not in pieces):
            words = [_text(one) for one in (node.args if isinstance(node, ast.Call) else [node])]
            paths = [one for one in words if one and re.match(r"/(training/)?v1/", one)]
            method = next((one for one in words if one and one.lower() in METHODS), "")
            found |= {(source.name, method, path.partition("?")[0]) for path in paths}
    return found


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(_text(part)) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None


def test_no_door_calls_what_is_not_in_the_contract() -> None:
    made = called()
    assert len({path for _, _, path in made}) > 15
    strange = [
        one
        for one in made
        if one[2] not in AMONG_NEIGHBOURS
        and not any(
            operation_of(method, one[2]) for method in ([one[1]] if one[1] else map(str.upper, METHODS))
        )
    ]
    assert strange == []


def test_what_only_neighbours_are_asked_is_in_the_contracts_words_and_no_call_of_the_cloud() -> None:
    words = (Path(__file__).parents[2] / "docs" / "CONTRACT.md").read_text("utf-8")
    for path in AMONG_NEIGHBOURS:
        assert f"`{path}`" in words
        assert not any(operation_of(method.upper(), path) for method in METHODS)


def examples() -> dict[str, Any]:
    """Return the example of each operation's good answer, where it has one."""
    found = {}
    for operation in operations().values():
        for status, answer in operation["responses"].items():
            content = resolved(answer).get("content", {}).get("application/json", {})
            if status.startswith("2") and "example" in content:
                found[operation["operationId"]] = content["example"]
    return found


def answered(operation: str) -> Http:
    """A cloud that gives the example of an operation to every call."""
    content = json.dumps(examples()[operation]).encode()
    kind = {"content-type": "application/json"}
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, headers=kind, stream=httpx.ByteStream(content))
    )
    return Http("https://cloud.example", None, now=lambda: AT, transport=transport)


def register(http: Http) -> CloudRegister:
    return CloudRegister(http, lambda: "token")


async def send(http: Http) -> object:
    return await CommandBox(http, "T0001").send(())


async def renew(http: Http) -> object:
    signed_in = await Sessions(answered("signIn"), now=lambda: AT).sign_in("s001", "secret", "081804")
    return await Sessions(http, now=lambda: AT).renew(signed_in.sign_in)


class Key:
    """A second factor that is asked, and pulled out before it answers."""

    kind = "fido2"

    async def answer(self, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        raise SignInNeededError("card.gone")


async def challenge(http: Http) -> None:
    with pytest.raises(SignInNeededError, match=r"card\.gone"):
        await Sessions(http, now=lambda: AT, factor=Key())._proof("s001", "081804")


SCAN = Attachment(
    "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d31",
    "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21",
    MediaType.JPEG,
    300_000,
    "ab" * 32,
)
READERS: dict[str, Callable[[Http], Awaitable[object]]] = {
    "clock": lambda http: http.probe(),
    "enrol": lambda http: EnrolmentDesk(http).enrol("token", "csr", "本庁1"),
    "renewCertificate": lambda http: RenewalDesk(http).renew("csr"),
    "signIn": lambda http: Sessions(http, now=lambda: AT).sign_in("s001", "secret", "081804"),
    "renewSession": renew,
    "challengeFactor": challenge,
    "findResidents": lambda http: register(http).find(Query(typed="わたなべ"), limit=50),
    "household": lambda http: register(http).household_of(AtenaNo("1000000014")),
    "restrictions": lambda http: register(http).restrictions_of(a_household()),
    "forms": lambda http: register(http).form_words(CertificateKind.JUMINHYO_COPY, whole=True, on=AT.date()),
    "eligibility": lambda http: CertificateDesk(http, lambda: "token", now=lambda: AT).eligibility(
        a_request()
    ),
    "sendCommands": send,
    "tallyCommands": lambda http: CommandBox(http, "T0001").tally("0", None, whole=False),
    "peerLease": lambda http: PeerDesk(http).lease(),
    "commandAnswer": lambda http: CommandBox(http, "T0001").ask("a-key"),
    "beginAttachment": lambda http: AttachmentBox(http).announce(SCAN, 2),
    "putPart": lambda http: AttachmentBox(http).put(SCAN, 1, b"part"),
    "orders": lambda http: UpkeepDesk(http, None).orders(),  # type: ignore[arg-type]  # no order, so no key is asked for
}


@pytest.mark.asyncio
@pytest.mark.parametrize("operation", READERS)
async def test_the_terminal_reads_the_example_of_an_answer(operation: str) -> None:
    """LinkDownError ``link.fault`` is what an answer gets that is not of the contract as the terminal reads it."""
    await READERS[operation](answered(operation))


def test_every_call_of_the_terminal_is_read_here_or_in_the_vectors() -> None:
    known = {
        operation["operationId"]
        for _, method, path in called()
        for verb in ([method] if method else [one.upper() for one in METHODS])
        if (operation := operation_of(verb, path)) is not None
    }
    # Of an address whose method stands elsewhere every method counts: those the terminal does not use are named.
    not_called = {"snapshotChunkHead", "health", "attachment"}
    assert known - not_called <= set(READERS) | NEVER_READ

"""Schemathesis against the whole contract: what it sends is signed at the door, as a terminal signs what leaves it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import schemathesis
import zstandard
from schemathesis import CheckContext, DeserializationContext, HookContext, Response
from schemathesis.engine import events, from_schema
from schemathesis.generation.meta import TestPhase
from schemathesis.hooks import unregister
from starlette.types import Message, Receive, Scope, Send

from cloud.problems import ProblemError
from tests.cloud.cloud_builders import Site
from tests.cloud.contract_reader import as_json, contract, operations
from tests.cloud.contract_words import Sent, Words, operation_of

OF_THE_TERMINAL, OF_THE_PERSON, OF_THE_OFFICE = "to-be-signed", "a-person", "the-office"
CREDENTIALS = {
    "terminal": {"api_key": OF_THE_TERMINAL},
    "person": {"bearer": OF_THE_PERSON},
    "office": {"bearer": OF_THE_OFFICE},
}
PHASES = ("examples", "coverage", "fuzzing", "stateful")
_LONGEST_LOCK = timedelta(hours=2)  # no lock lasts longer

# What a schema cannot say, and how a body of the right form may be answered for it.
_BEYOND_A_SCHEMA = {
    "enrol": ("csr is PKCS #10", "422"),
    "renewCertificate": ("csr is PKCS #10", "422"),
    "signIn": ("the kinds of second factor a cloud has are its own", "422"),
    "challengeFactor": ("the kinds of second factor a cloud has are its own", "422"),
    "beginAttachment": ("as many parts as the size takes; room", "422", "413"),
    "putPart": ("1 to 262,144 bytes, with the hash that goes with them", "422", "413"),
    "tallyCommands": ("until lies behind since", "422"),
    "decide": ("rows are of tables.toml, and follow what stands", "422"),
    "planFault": ("operation names one of the contract's; service_down needs a service", "422"),
    "feedBatch": ("the log does not reach back for ever", "410"),
}
_ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "503"]
_REJECTED = ["400", "401", "403", "404", "405", "409", "413", "422"]
_OWN_RULES: list[dict[str, Any]] = [
    *(
        {
            "include-operation-id": name,
            "checks": {"positive_data_acceptance": {"expected-statuses": [*_ACCEPTED, *statuses]}},
        }
        for name, (_, *statuses) in _BEYOND_A_SCHEMA.items()
    ),
    # A bad item spoils no other: the batch is answered, and the item in it is refused or put aside, which
    # ``bad_items_have_no_effect`` looks at.
    {"include-operation-id": "sendCommands", "checks": {"negative_data_rejection": {"enabled": False}}},
    # Whether somebody holds a lease is asked of a record, which is there whoever gave what back.
    {"include-operation-id": "lease", "checks": {"use_after_free": {"enabled": False}}},
]


@dataclass
class Hand:
    """A terminal's hand between Schemathesis and the cloud: writes proof and token where one is to be."""

    site: Site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, signed over the very bytes that came."""
        if scope["type"] != "http":
            await self.site.app(scope, receive, send)
            return
        body = await _whole(receive)
        headers = dict(scope["headers"])
        shown = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ")
        if headers.get(b"madoguchi-proof") == OF_THE_TERMINAL.encode():
            await self._be_known()
            token = await self._token() if shown == OF_THE_PERSON else shown
            headers |= self._proof(scope, body)
            if shown == OF_THE_PERSON:
                headers[b"authorization"] = f"Bearer {token}".encode()
        if shown == OF_THE_OFFICE:
            headers[b"authorization"] = f"Bearer {self.site.tenant.keys.office_token}".encode()
        await self.site.app({**scope, "headers": list(headers.items())}, _again(body, receive), send)

    def _proof(self, scope: Scope, body: bytes) -> dict[bytes, bytes]:
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        signed = self.site.terminal.headers(scope["method"], scope["raw_path"].decode() + query, body)
        return {name.encode(): told.encode() for name, told in signed.items() if name != "authorization"}

    async def _be_known(self) -> None:
        """Enrol anew where the office has taken this terminal out."""
        known = self.site.tenant.terminals.terminal(self.site.terminal.number)
        if known is None or known.revoked:
            self.site.terminal = await self.site.another_terminal()

    async def _token(self) -> str:
        """Return a token that works; who was signed out, or locked out, comes back when they may."""
        terminal = self.site.terminal
        try:
            self.site.tenant.sessions.clerk(terminal.number, terminal.token)
        except ProblemError:
            self.site.clock.moment += _LONGEST_LOCK
            answer = await terminal.sign_in("s002")
            assert answer.is_success, answer.text
        return terminal.token


@dataclass
class Report:
    """What an attack came to."""

    calls: int = 0
    checks: int = 0
    reached: set[str] = field(default_factory=set)  # operations that gave a good answer
    troubles: list[str] = field(default_factory=list)

    def hear(self, event: events.EngineEvent) -> None:
        """Note what an event of the engine tells."""
        if isinstance(event, events.NonFatalError):
            self.troubles.append(f"{event.label}: {event.info.format()[-600:]}")
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            self._scenario(event)

    def _scenario(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        self.calls += len(recorder.interactions)
        for case_id, interaction in recorder.interactions.items():
            if interaction.response is not None and interaction.response.status_code < 400:
                self.reached.add(operation_of(recorder.cases[case_id].value))
        for checks in recorder.checks.values():
            self.checks += len(checks)
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    words = (event.phase.value, check.name, str(failure.operation), failure.message)
                    self.troubles.append("\n".join((*words, check.failure_info.code_sample)))


def attack(site: Site, tags: Iterable[str], settings: Mapping[str, Any]) -> Report:
    """Send the calls of some tags everything Schemathesis has, and return what came of it."""
    config = schemathesis.Config.from_dict(
        {
            "continue-on-failure": True,
            "workers": 1,
            "cache": {"enabled": False},
            "auth": {"openapi": CREDENTIALS},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": _ACCEPTED},
                "negative_data_rejection": {"expected-statuses": _REJECTED},
            },
            "operations": _OWN_RULES,
            **settings,
        }
    )
    schema = schemathesis.openapi.from_dict(_readable_contract(set(tags)), config=config)
    schema.app = Hand(site)
    site.tenant.news.longest_s = 0  # thousands of calls, and most of them would wait
    report = Report()
    with _words_of(site):
        for event in from_schema(schema).execute():
            report.hear(event)
    return report


@contextmanager
def _words_of(site: Site) -> Iterator[None]:
    """While it lasts walks along links carry real words, and whole numbers are written as the contract wants them."""
    words = Words(site)

    @schemathesis.hook("before_call")
    def before(_context: HookContext, case: Sent, _kwargs: dict[str, Any]) -> None:
        if case.meta is None or not case.meta.generation.mode.is_positive:
            return
        case.body = _whole_numbers(case.body)
        if case.meta.phase.name is TestPhase.STATEFUL:
            words.put_into(case)

    @schemathesis.hook("after_call")
    def after(_context: HookContext, case: Sent, response: Response) -> None:
        words.hear(case, response)

    try:
        yield
    finally:
        unregister(before)
        unregister(after)


def _whole_numbers(value: Any) -> Any:
    """Write 10.0 as 10: to a schema they are one."""
    if isinstance(value, dict):
        return {name: _whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _readable_contract(tags: set[str]) -> dict[str, Any]:
    """Return the calls of some tags, envelopes declared by what is inside them: Schemathesis is given them opened."""
    opened = deepcopy(contract())
    for method, path in operations():
        operation = opened["paths"][path][method.lower()]
        if not tags & set(operation["tags"]):
            del opened["paths"][path][method.lower()]
        for answer in operation["responses"].values():
            packed = answer.get("content", {}).get("application/msgpack")
            if packed and "x-body" in packed:
                inside = packed.pop("x-body")
                packed["schema"] = {"type": "object", "required": ["body"], "properties": {"body": inside}}
    return opened


@schemathesis.deserializer("application/msgpack")
def _envelope(_context: DeserializationContext, response: Response) -> Any:
    envelope = msgspec.msgpack.decode(response.content)
    if isinstance(envelope, list):
        return as_json(envelope)  # parcels: what is in them is sealed
    return as_json(envelope | {"body": msgspec.msgpack.decode(zstandard.decompress(envelope["body"]))})


@schemathesis.check
def bad_items_have_no_effect(_context: CheckContext, response: Response, case: Sent) -> None:
    """Every item of a batch is answered; what is not of the contract is refused or put aside."""
    is_batch = operation_of(case) == "sendCommands" and response.status_code == 200
    if not is_batch or case.meta is None or case.meta.generation.mode.is_positive:
        return
    answers = response.json()["answers"]
    sent = case.body.get("commands") if isinstance(case.body, dict) else None
    assert not isinstance(sent, list) or len(answers) == len(sent)
    assert [one for one in answers if one["outcome"] != "refused" and not one.get("quarantined")] == []


async def _whole(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body out that was read, and then whatever comes after it."""
    left = [body]

    async def given() -> Message:
        if not left:
            return await receive()
        return {"type": "http.request", "body": left.pop(), "more_body": False}

    return given

"""Words of a terminal at work for the walks along the contract's links: signed, sealed, of residents there are.

Schemathesis makes bodies that are of the contract's form. What only a key can make (a signing request, an envelope, a
hash of what is sent) it cannot; a walk that went on without them would never get past the first door.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeAlias

from schemathesis import Case, Response

from cloud.orders import NewOrder
from cloud.totp import code_at, step_at
from tests.cloud.attachment_builders import Bundle, a_bundle, content_digest
from tests.cloud.cloud_builders import CHO, HANAKO, KIMI, PASSWORD, SEED, TARO, Row, Site, Terminal

OFFICER = "o001"
Sent: TypeAlias = "Case[Any]"


class Words:
    """Puts the words of a terminal at work into a case, where its call needs such."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._coming: Terminal | None = None
        self._bundles: dict[str, Bundle] = {}
        self._last: Row = {}
        self._count = 0
        self._makers: dict[str, Callable[[Sent], None]] = {
            "enrol": self._enrol,
            "renewCertificate": self._renew,
            "signIn": self._sign_in,
            "findResidents": self._search,
            "sendCommands": self._commands,
            "beginAttachment": self._begin,
            "putPart": self._part,
            "orderDone": self._order,
            "decide": self._decide,
            "feedBatch": self._batch,
            "giveLeaseBack": self._lease,
        }

    def put_into(self, case: Sent) -> None:
        """Change a case to what a terminal at work would send."""
        if case.path_parameters.get("atena_no", TARO) not in {TARO, HANAKO, KIMI, CHO}:
            case.path_parameters["atena_no"] = TARO
        maker = self._makers.get(operation_of(case))
        if maker is not None:
            maker(case)

    def hear(self, case: Sent, response: Response) -> None:
        """Take over what an answer gives: who was enrolled is the terminal from now on."""
        coming, self._coming = self._coming, None
        if coming is None or response.status_code != 201:
            return
        if operation_of(case) == "enrol":
            coming.number = response.json()["terminal_no"]
            coming.use_key(response.json()["command_keys"][-1])
        self._site.terminal = coming

    def _enrol(self, case: Sent) -> None:
        self._coming = Terminal(self._site.client, self._site.clock)
        token = self._site.tenant.terminals.new_token()
        case.body = {"token": token, "csr": self._coming.csr(), "name": "本庁2"}

    def _renew(self, case: Sent) -> None:
        now = self._site.terminal
        self._coming = Terminal(self._site.client, self._site.clock, number=now.number, token=now.token)
        self._coming.command_key, self._coming.command_key_id = now.command_key, now.command_key_id
        case.body = {"csr": self._coming.csr()}

    def _sign_in(self, case: Sent) -> None:
        self._site.clock.forward(seconds=30)  # a code is good once
        code = code_at(SEED, step_at(self._site.clock()))
        case.body = {"staff_id": "s001", "password": PASSWORD, "code": code}

    def _search(self, case: Sent) -> None:
        case.body = {"typed": "ワタナベ"}

    def _commands(self, case: Sent) -> None:
        """Send a request, and a number that is issued twice: the second goes into quarantine."""
        self._count += 1
        terminal = self._site.terminal
        request = terminal.tenkyo({"subject": CHO})
        batch: Any = [request, terminal.issued(self._count), terminal.issued(self._count)]
        case.body = {"commands": batch}
        self._last = request

    def _begin(self, case: Sent) -> None:
        bundle = a_bundle(self._site.terminal, str(self._last.get("key", "")), cuts=1)
        self._bundles[bundle.key] = bundle
        told: Any = bundle.announced()
        case.body = told

    def _part(self, case: Sent) -> None:
        bundle = self._bundles.get(case.path_parameters["key"])
        part = b"no part of anything" if bundle is None else bundle.parts[0]
        case.body = part
        case.headers["Content-Digest"] = content_digest(sha256(part).digest())

    def _order(self, case: Sent) -> None:
        given = self._site.tenant.orders.give(NewOrder(self._site.terminal.number, "policy", OFFICER))
        case.path_parameters["order_id"] = given

    def _decide(self, case: Sent) -> None:
        case.body = {"decision": "register", "decided_by": OFFICER}

    def _batch(self, case: Sent) -> None:
        case.query["after"] = 1

    def _lease(self, case: Sent) -> None:
        case.headers.setdefault("Madoguchi-Lease", "none")


async def a_morning(site: Site) -> None:
    """Let a morning's work lie in the cloud: a request, an attachment, a number issued twice, an order."""
    terminal = site.terminal
    request = terminal.tenkyo({"subject": HANAKO})
    await terminal.send(request, terminal.issued(9_001), terminal.issued(9_001))
    await a_bundle(terminal, str(request["key"]), cuts=1).bring()
    site.tenant.orders.give(NewOrder(terminal.number, "policy", OFFICER))


def operation_of(case: Sent) -> str:
    """Return the operationId of a case."""
    return str(case.operation.definition.raw["operationId"])

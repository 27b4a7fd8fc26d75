"""The reference cloud in this process, with one household in it, and a terminal that has a key."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from client.api.auth import Sessions
from client.api.enrolment import EnrolmentDesk
from client.api.http import Http
from client.api.sync import HttpFeeds
from client.domain.change import NewChange, QueuedChange
from client.domain.clerk import SignIn
from client.domain.enrolment import Enrolled, TownKey
from client.rules import totp
from client.rules.authorship import signed_words
from cloud.app import create_app
from cloud.clock import utc_now
from cloud.faults import Faults
from cloud.staff import NewStaff
from cloud.tenant import Tenant, open_tenant
from offline.store.identity import TerminalIdentity, signing_request
from offline.store.pack import packed
from offline.store.seal import sealed_command
from tests.builders import HANAKO, TARO, a_household
from tests.cloud.cloud_builders import QUICK
from tests.fakes import MemoryLedger

CODE = "999997"
PASSWORD = "right-password"
SEED = bytes(range(20))
Row = dict[str, object]


def _person(atena_no: str, order_no: int, name: str, furigana: str, relationship: str) -> Row:
    return {
        "atena_no": atena_no,
        "history_no": 3 if atena_no == TARO else 5,
        "household_no": a_household().household_no,
        "order_no": order_no,
        "status": "resident",
        "kind": "japanese",
        "full_name": name,
        "furigana": furigana,
        "birth_text": "昭和58年4月12日",
        "birth_sort": "1983-04-12",
        "sex": "男",
        "relationship": relationship,
        "householder_name": "渡邉󠄐　太郎",
        "address_town": "みどり県あおぞら市葛城町一丁目",
        "address_banchi": "2番3号",
        "resident_since_text": "平成30年4月1日",
        "resident_since_sort": "2018-04-01",
    }


def town() -> Iterable[tuple[str, Row]]:
    yield "town", {"code": CODE, "name": "あおぞら市", "prefecture": "みどり県"}
    yield (
        "certifier",
        {"certifier_id": "c1", "title": "市長", "name": "青空　晴子", "in_force_from": "2020-01-01"},
    )
    yield (
        "official_seal",
        {
            "seal_id": "e1",
            "certifier_id": "c1",
            "image": b"\x89PNG",
            "side_mm": 24,
            "in_force_from": "2020-01-01",
        },
    )
    yield (
        "fee_rule",
        {"rule_id": "f1", "certificate": "juminhyo_copy", "yen": 300, "in_force_from": "2020-01-01"},
    )
    for scope in ("household", "members"):
        text = f"{scope}の住民票の原本と相違ないことを証明する。"
        yield (
            "attestation",
            {
                "attestation_id": scope,
                "certificate": "juminhyo_copy",
                "scope": scope,
                "text": text,
                "in_force_from": "2020-01-01",
            },
        )
    yield "resident", _person(TARO, 1, "渡邉󠄐　太郎", "ワタナベ　タロウ", "世帯主")
    yield "resident", _person(HANAKO, 2, "渡邉󠄐　花子", "ワタナベ　ハナコ", "妻")


def protect(atena_no: str) -> tuple[str, Row]:
    """A support measure for a person, as a row."""
    return "shien_sochi", {"measure_id": "m1", "atena_no": atena_no, "provisional": True}


@dataclass
class WrongClock:
    """This PC's clock, off by something."""

    off: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


@dataclass
class SmallCloud:
    """The cloud, its faults, and the way to it."""

    tenant: Tenant
    faults: Faults
    clock: WrongClock = field(default_factory=WrongClock)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    enrolled: Enrolled | None = None
    token: str | None = None
    http: Http = field(init=False)
    transport: httpx.ASGITransport = field(init=False)

    def __post_init__(self) -> None:
        app = create_app(self.tenant, training=True, faults=self.faults)
        self.transport = httpx.ASGITransport(app=app)
        self.http = Http("https://cloud.example", None, now=self.clock, transport=self.transport)

    @property
    def identity(self) -> TerminalIdentity:
        assert self.enrolled
        return TerminalIdentity(self.enrolled.terminal_no, self.key)

    def feeds(self, keys: Iterable[TownKey] | None = None) -> HttpFeeds:
        """Return the way to the feeds, by the enrolment's keys or others."""
        told = self.enrolled
        assert told
        return HttpFeeds(
            self.http, told.feed_keys if keys is None else keys, digest_key=lambda: told.digest_key
        )

    async def enrol(self) -> None:
        desk = EnrolmentDesk(self.http)
        token = self.tenant.terminals.new_token()
        self.enrolled = await desk.enrol(token, signing_request(self.key), "本庁1")
        await desk.leave(b"sealed keys", self.identity)

    async def sign_in(self) -> SignIn:
        told = await Sessions(self.http, now=self.clock).sign_in("s001", PASSWORD, self.code())
        self.token = told.sign_in.access_token
        return told.sign_in

    def code(self) -> str:
        return totp.code(SEED, totp.step_of(datetime.now(UTC)))

    async def sealed(self, change: NewChange) -> QueuedChange:
        """A change as the ledger would have queued it for this terminal."""
        assert self.enrolled
        queued = await MemoryLedger().queue(change)
        number, to = self.enrolled.terminal_no, self.enrolled.command_keys[-1]
        envelope = sealed_command(packed(dict(change.payload)), to, change.key, change.kind.value, number)
        signature = self.identity.sign(signed_words(change, number, envelope))
        return replace(queued, sealed=envelope, signature=signature)

    def register_version(self) -> int:
        with self.tenant.register.reading() as connection:
            return self.tenant.register.head(connection, "register").version


@contextmanager
def small_cloud(
    folder: Path, *more: tuple[str, Row], now: Callable[[], datetime] = utc_now
) -> Iterator["SmallCloud"]:
    """Found a cloud in a folder, with a clock of its own; ``more`` are further rows."""
    rights = ("view", "issue", "accept", "honseki", "cash", "fly")  # one right this terminal does not know
    staff = [
        NewStaff("s001", "山﨑　美咲", "市民課", rights, PASSWORD, SEED),
        NewStaff("s009", "田中　未来", "市民課", ("issue",), PASSWORD, SEED),
    ]
    tenant = open_tenant(folder, CODE, town=lambda: [*town(), *more], staff=staff, rules=QUICK, now=now)
    try:
        yield SmallCloud(tenant, Faults())
    finally:
        tenant.close()

"""A tiny register, a clock that can be set, and a terminal that proves itself as the contract says."""

import json
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import zstandard
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI

from cloud.app import create_app
from cloud.sign_in_rules import DEFAULT_RULES, SignInRules
from cloud.staff import RIGHTS, NewStaff
from cloud.tenant import Tenant, open_tenant
from cloud.totp import code_at, step_at
from tests.cloud.contract_reader import judge
from tests.cloud.held import holdings

CODE = "990001"
START = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
PASSWORD = "korehatamesu"
SEED = b"0123456789abcdefghij"
TARO, HANAKO, JIRO, KIMI, CHO = "1000000014", "1000000022", "1000000030", "1000000049", "1000000057"
HOME, OTHER_HOME, FOREIGN_HOME = "2000000010", "2000000028", "2000000036"
HIDDEN_STREET = "9番9号"
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

QUICK = replace(DEFAULT_RULES, hash_time=1, hash_memory_kib=1024)  # what passwords cost has tests of its own

Row = dict[str, object]


def new_key() -> str:
    """Make a key as a terminal makes it: a UUID version 7."""
    return str(UUID(int=uuid4().int & ~(0xF << 76) | 7 << 76))


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **term: float) -> None:
        self.moment += timedelta(**term)


def a_resident(atena_no: str, household_no: str, name: str, furigana: str, **more: object) -> Row:
    return {
        "atena_no": atena_no,
        "history_no": 1,
        "household_no": household_no,
        "order_no": 1,
        "status": "resident",
        "kind": "japanese",
        "full_name": name,
        "furigana": furigana,
        "furigana_confirmed": True,
        "birth_text": "昭和58年4月12日",
        "birth_sort": "1983-04-12",
        "sex": "男",
        "relationship": "世帯主",
        "householder_name": name,
        "honseki": "みどり県あおぞら市葛城町一丁目2番地",
        "hittosha": name,
        "address_town": "みどり県あおぞら市葛󠄂城町一丁目",
        "address_banchi": "2番3号",
        "resident_since_text": "平成20年4月1日",
        "resident_since_sort": "2008-04-01",
    } | more


def tiny_town() -> Iterator[tuple[str, Row]]:
    """Yield a married couple with an old version, a protected woman, a man moved away, a foreigner."""
    yield "town", {"code": CODE, "name": "あおぞら市", "prefecture": "みどり県", "kana": "アオゾラシ"}
    yield (
        "certifier",
        {"certifier_id": "c1", "title": "市長", "name": "𠮷田　一郎", "in_force_from": "2020-01-01"},
    )
    yield (
        "official_seal",
        {"seal_id": "s1", "certifier_id": "c1", "image": b"\x89PNG not a real one", "side_mm": 24},
    )
    yield "fee_rule", {"rule_id": "f1", "certificate": "juminhyo_copy", "unit": "通", "yen": 300}
    for scope, words in (("household", "世帯全員の"), ("members", "")):
        yield (
            "attestation",
            {
                "attestation_id": f"a-{scope}",
                "certificate": "juminhyo_copy",
                "scope": scope,
                "text": f"この写しは、{words}住民票の原本と相違ないことを証明する。",
            },
        )
    yield "resident", a_resident(TARO, HOME, "渡邉󠄐　太郎", "ワタナベ　タロウ", address_banchi="1番1号")
    yield "resident", a_resident(TARO, HOME, "渡邉󠄐　太郎", "ワタナベ　タロウ", history_no=2)
    yield (
        "resident",
        a_resident(
            HANAKO,
            HOME,
            "渡邉󠄐　花子",
            "ワタナベ　ハナコ",
            order_no=2,
            relationship="妻",
            sex="女",
            householder_name="渡邉󠄐　太郎",
            former_surname="大野",
            former_surname_furigana="オオノ",
            birth_text="昭和60年12月26日",
            birth_sort="1985-12-26",
        ),
    )
    yield (
        "resident",
        a_resident(
            KIMI, OTHER_HOME, "髙島　君代", "タカシマ　キミヨ", sex="女", address_banchi=HIDDEN_STREET
        ),
    )
    yield from holdings(TARO, HANAKO, KIMI, HIDDEN_STREET)
    yield "shien_sochi", {"measure_id": "m1", "atena_no": KIMI, "provisional": False, "ends": "2026-01-31"}
    yield (
        "resident",
        a_resident(
            JIRO, "2000000044", "小野　次郎", "オノ　ジロウ", status="tenshutsu", removed_reason="国内転出"
        ),
    )
    yield (
        "resident",
        a_resident(
            CHO,
            FOREIGN_HOME,
            "張　玉蓮",
            "",
            kind="foreign",
            latin_name="ZHANG YULIN",
            birth_text="1990年4月12日",
            birth_sort="1990-04-12",
            residence_until="2026-10-01",
        ),
    )


def staff() -> list[NewStaff]:
    return [
        NewStaff("s001", "山﨑　美咲", "市民課", ("view", "issue", "accept"), PASSWORD, SEED),
        NewStaff("s002", "髙島　健一", "市民課", RIGHTS, PASSWORD, SEED),
        NewStaff("s009", "新人　一", "市民課", (), PASSWORD, SEED),
    ]


def a_tenant(folder: Path, clock: SetClock, url: str | None = None, rules: SignInRules = QUICK) -> Tenant:
    return open_tenant(folder, CODE, town=tiny_town, staff=staff(), rules=rules, url=url, now=clock)


@dataclass
class Terminal:
    """A terminal at work: signs what it sends."""

    client: httpx.AsyncClient
    now: SetClock
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    number: str = ""
    token: str = ""
    command_key: bytes = b""
    command_key_id: str = ""

    def csr(self) -> str:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "new terminal")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.key, SHA256())
        return request.public_bytes(Encoding.PEM).decode()

    async def enrol(self, token: str) -> httpx.Response:
        asked = {"token": token, "csr": self.csr(), "name": "本庁1"}
        answer = await self.client.post("/v1/enrolments", json=asked)
        if answer.status_code == httpx.codes.CREATED:
            self.number = answer.json()["terminal_no"]
            self.use_key(answer.json()["command_keys"][-1])
        return answer

    def use_key(self, told: dict[str, str]) -> None:
        self.command_key, self.command_key_id = b64decode(told["key"]), told["id"]

    async def sign_in(
        self, staff_id: str = "s001", password: str = PASSWORD, code: str = ""
    ) -> httpx.Response:
        asked = {
            "staff_id": staff_id,
            "password": password,
            "code": code or code_at(SEED, step_at(self.now())),
        }
        answer = await self.call("POST", "/v1/sessions", asked)
        if answer.status_code == httpx.codes.CREATED:
            self.token = answer.json()["access_token"]
        return answer

    def headers(self, method: str, path: str, body: bytes, *, date: str = "") -> dict[str, str]:
        date = date or self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        where = self.client.base_url.path.rstrip("/") + path  # a town's code before it is signed too
        message = f"madoguchi-v1\n{method}\n{where}\n{date}\n{sha256(body).hexdigest()}".encode()
        proof = urlsafe_b64encode(self.key.sign(message, ec.ECDSA(SHA256()))).decode()
        told = {"madoguchi-terminal": self.number, "madoguchi-date": date, "madoguchi-proof": proof}
        return told | ({"authorization": f"Bearer {self.token}"} if self.token else {})

    async def call(
        self, method: str, path: str, body: object | None = None, **headers: str
    ) -> httpx.Response:
        content = b"" if body is None else json.dumps(body).encode()
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = self.headers(method, path, content) | more
        return await self.client.request(method, path, content=content, headers=signed)

    def command(self, kind: str, payload: Mapping[str, object], **more: object) -> Row:
        key = str(more.pop("key", new_key()))
        terminal = str(more.pop("terminal", self.number))
        info = "\0".join(("madoguchi command v1", key, kind, terminal, self.command_key_id)).encode()
        public = X25519PublicKey.from_public_bytes(self.command_key)
        sealed = bytes.fromhex(self.command_key_id) + _SUITE.encrypt(
            msgspec.msgpack.encode(payload), public, info
        )
        return self.signed(
            {
                "key": key,
                "kind": kind,
                "residents": [],
                "base": {},
                "made_at": "2026-11-20T04:59:00Z",
                "clock_offset_ms": 0,
                "made_by": "s001",
                "terminal": terminal,
                "sealed": b64encode(sealed).decode(),
            }
            | more
        )

    def signed(self, command: Row) -> Row:
        """Sign what a command says, as the contract has it."""
        base: Any = command["base"]
        words = [
            *(command[name] for name in ("key", "kind", "residents")),
            [[one, base[one]] for one in sorted(base)],
            *(command[name] for name in ("made_at", "clock_offset_ms", "made_by", "terminal")),
            command.get("todoke_date"),
            command.get("supersedes"),
            sha256(b64decode(str(command["sealed"]))).digest(),
        ]
        message = b"madoguchi-command-v1\n" + msgspec.msgpack.encode(words)
        signature = self.key.sign(message, ec.ECDSA(SHA256()))
        return command | {"signature": b64encode(signature).decode()}

    def tenkyo_payload(self, **more: object) -> dict[str, Any]:
        to = {
            "town": "みどり県あおぞら市泉町",
            "banchi": "5番地",
            "katagaki": "泉荘101",
            "postcode": "9990002",
        }
        return {
            "subject": TARO,
            "members": [more.get("subject", TARO)],
            "ido_date": "2026-11-18",
            "todoke_date": "2026-11-20",
            "to": to,
            "filer": "本人",
            "whole_household": False,
        } | more

    def tenkyo(self, payload: Mapping[str, Any] | None = None, **more: object) -> Row:
        """Make a 転居届 on the present versions of the tiny town."""
        full = self.tenkyo_payload(**(payload or {}))
        movers = list(dict.fromkeys((full["subject"], *full["members"])))
        base = {one: 2 if one == TARO else 1 for one in movers}
        return self.command("todoke.tenkyo", full, **({"residents": movers, "base": base} | more))

    def issued(self, serial: int, *, commit_no: int = 0, **more: object) -> Row:
        payload = {
            "serial": f"{self.number}-{serial:06d}",
            "kind": "juminhyo_copy",
            "day": "2026-11-20",
            "subject": TARO,
            "members": [TARO],
            "pages": 1,
            "fee_yen": 300,
            "printer": "P001",
            "offline": True,
            "commit_no": commit_no,
        }
        return self.command("fact.issued", payload, **more)

    def journal(self, first: int, count: int, prev: bytes, *, actor: str = "s001") -> tuple[Row, bytes]:
        """Report a run of the journal, chained as the contract has it; returns the fact and its head."""
        entries, head = [], prev
        for seq in range(first, first + count):
            entry = {
                "at": f"2026-11-20T05:00:00.{seq:06d}Z",
                "kind": "look_up",
                "actor": actor,
                "subjects": [TARO],
                "facts": {"how": "reading", "hits": seq},
            }
            entries.append(entry)
            packed = msgspec.msgpack.Encoder(order="deterministic").encode({"seq": seq, **entry})
            head = blake2b(head + packed, digest_size=32).digest()
        payload = {"first": first, "prev": prev, "head": head, "entries": entries}
        return self.command("fact.journal", payload), head

    async def send(self, *commands: Row) -> list[dict[str, Any]]:
        answer = await self.call("POST", "/v1/commands", {"commands": list(commands)})
        assert answer.status_code == httpx.codes.OK, answer.text
        return list(answer.json()["answers"])


@dataclass
class Site:
    """A cloud in this process, and a terminal enrolled at it."""

    tenant: Tenant
    app: FastAPI
    clock: SetClock
    client: httpx.AsyncClient
    terminal: Terminal
    url: str | None = None  # of the database; None is the cloud's own file

    async def another_terminal(self) -> Terminal:
        terminal = Terminal(self.client, self.clock)
        answer = await terminal.enrol(self.tenant.terminals.new_token())
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return terminal

    async def office(self, method: str, path: str, body: object | None = None) -> httpx.Response:
        token = {"authorization": f"Bearer {self.tenant.keys.office_token}"}
        return await self.client.request(method, f"/office/v1{path}", json=body, headers=token)

    def opened(self, answer: httpx.Response) -> dict[str, Any]:
        """Check an envelope's signature with the feed key, and return its body."""
        assert answer.status_code == httpx.codes.OK, answer.text
        return self.opened_body(answer.content)

    def opened_body(self, content: bytes) -> dict[str, Any]:
        """Return what is in an envelope of this town's."""
        return open_envelope(content, feed_keys(self.tenant))


def feed_keys(tenant: Tenant) -> dict[str, bytes]:
    return {key.key_id: key.public for key in tenant.keys.feed}


def open_envelope(content: bytes, feed_keys: Mapping[str, bytes]) -> dict[str, Any]:
    envelope = msgspec.msgpack.decode(content)
    signed = b"madoguchi-feed-v1\n" + envelope["body"]
    Ed25519PublicKey.from_public_bytes(feed_keys[envelope["key_id"]]).verify(envelope["signature"], signed)
    unpacked: dict[str, Any] = msgspec.msgpack.decode(zstandard.decompress(envelope["body"]))
    return unpacked


def opened_chunk(sealed: bytes, key: bytes) -> tuple[str, list[dict[str, Any]]]:
    """Open a chunk with its key, as the contract says, and return its table and rows."""
    packed = AESGCM(key).decrypt(bytes(12), sealed, b"madoguchi-chunk-v1")
    chunk = msgspec.msgpack.decode(zstandard.decompress(packed))
    return chunk["table"], [
        {column: value for column, value in zip(chunk["columns"], row, strict=True) if value is not None}
        for row in zip(*chunk["data"], strict=True)
    ]


async def a_site(
    folder: Path, url: str | None = None, rules: SignInRules = QUICK, clock: SetClock | None = None
) -> Site:
    clock = clock or SetClock()
    site = served(a_tenant(folder, clock, url, rules), clock, url)
    site.terminal = await site.another_terminal()
    return site


def served(tenant: Tenant, clock: SetClock, url: str | None) -> Site:
    app = create_app(tenant, training=True)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="https://cloud.test",
        event_hooks={"response": [judge]},  # every answer in every test is held against the contract
    )
    return Site(tenant, app, clock, client, Terminal(client, clock), url)

"""Terminals, keys and registers for tests of the stores; real files, a keyring in memory."""

import itertools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import keyring.backend
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from client.domain.as_of import Source
from client.domain.attachment import Attachment
from client.domain.certificate import Decided
from client.domain.change import ChangeKind, NewChange, change_key
from client.domain.clerk import CloudSignIn, HowSignedIn, Lease, SignIn
from client.domain.feed import Chunk, ChunkRows, Feed, FeedBatch, Manifest, RowChange
from client.domain.resident import AtenaNo
from client.domain.terminal import TerminalFacts
from client.jobs.ports import IssueDraft, StoreKeys
from client.rules.digest import BUCKETS, bucket_of, mids_of, plus, root_of, row_digest
from offline.store.anchor import Anchor
from offline.store.identity import TerminalIdentity
from offline.store.keyring_door import KeyringDoor
from offline.store.keys import Vault
from offline.store.rows import Table, contract
from offline.store.stores import FileStores
from offline.store.wraps import Argon2Cost
from tests import builders
from tests.builders import NOW, a_town_key

CHEAP = Argon2Cost(time=1, memory_kib=256, lanes=1)
IDENTITY = TerminalIdentity("0007", ec.derive_private_key(7, ec.SECP256R1()))
COMMAND_PRIVATE = X25519PrivateKey.from_private_bytes(bytes(range(32)))
SEED = b"12345678901234567890"


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that lives as long as the test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring leaves it untyped
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]


def facts(terminal_no: str = "0007") -> TerminalFacts:
    return TerminalFacts(
        terminal_no=terminal_no,
        terminal_name="本庁1",
        municipality_code="992011",
        municipality_name="あおぞら市",
        prefecture="みどり県",
        cloud_url="https://localhost:8443",
        certificate="-----BEGIN CERTIFICATE-----",
        ca="-----BEGIN CERTIFICATE-----",
        feed_keys=(a_town_key(bytes(32)),),
        command_keys=(a_town_key(COMMAND_PRIVATE.public_key().public_bytes_raw()),),
    )


def store_keys(start: int = 1) -> StoreKeys:
    return StoreKeys(*(bytes([start + place] * 32) for place in range(4)))


def cheap_vault(folder: Path, backend: keyring.backend.KeyringBackend | None = None) -> Vault:
    return Vault(folder, "training", backend=backend or MemoryKeyring(), cost=CHEAP, floor_kib=256)


_STEPS = itertools.count()


def a_step() -> int:
    """Return the step of a code the cloud took: long ago, and none twice."""
    return next(_STEPS)


def cloud_sign_in(
    deposit: bytes, *, step: int | None = None, lease: timedelta = timedelta(days=7)
) -> CloudSignIn:
    clerk = builders.a_clerk()
    sign_in = SignIn(clerk, Lease(NOW + lease), HowSignedIn.ONLINE, NOW, "token")
    return CloudSignIn(sign_in, SEED, a_step() if step is None else step, deposit)


def stores_in(folder: Path, ring: MemoryKeyring | None = None) -> FileStores:
    """Return stores; with a keyring also the anchor that lies outside the disk."""
    anchor = None if ring is None else Anchor(KeyringDoor(ring, "training/992011/0007"))
    return FileStores(folder, facts(), lambda: NOW, IDENTITY.sign, anchor=anchor)


def an_issue(fee_yen: int = 300, pages: int = 1) -> IssueDraft:
    household = builders.a_household()
    words = builders.some_words(fee_yen)
    request = builders.a_request()
    decided = Decided(
        kind=request.kind,
        household=household,
        members=household.members,
        options=request.options,
        whole_household=True,
        attestation=words.attestation,
        certifier=words.certifier,
        seal=words.seal,
        issued_on=builders.TODAY,
        as_of=builders.as_of(Source.REPLICA),
    )
    return IssueDraft(
        request=request,
        decided=decided,
        pages=pages,
        fee_yen=fee_yen,
        printer="プリンタ1",
        day=builders.TODAY,
    )


def a_change(
    *residents: AtenaNo,
    supersedes: str | None = None,
    payload: Mapping[str, object] | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> NewChange:
    who = residents or (builders.TARO,)
    return NewChange(
        key=attachments[0].command_key if attachments else change_key(NOW, os.urandom(10)),
        kind=ChangeKind.TENKYO,
        residents=who,
        base=dict.fromkeys(who, 3),
        payload=payload or builders.a_tenkyo_payload(),
        made_at=NOW,
        made_by="s001",
        todoke_date=date(2026, 11, 20),
        supersedes=supersedes,
        attachments=attachments,
    )


Key = tuple[str | int, ...]
Row = dict[str, object]


def a_person(number: int, **columns: object) -> Row:
    """Return a row of table ``resident``; a column given as None is absent."""
    row: Row = {
        "atena_no": f"{1000000000 + number}",
        "history_no": 1,
        "household_no": f"{2000000000 + number // 3}",
        "order_no": number % 3 + 1,
        "status": "resident",
        "kind": "japanese",
        "full_name": "住民　太郎",
        "furigana": "ジュウミン　タロウ",
        "furigana_confirmed": True,
        "birth_text": "昭和58年4月12日",
        "birth_sort": "1983-04-12",
        "sex": "男",
        "relationship": "世帯主",
        "householder_name": "住民　太郎",
        "address_town": "みどり県あおぞら市葛城町一丁目",
        "address_banchi": f"{number}番3号",
        "resident_since_text": "平成30年4月1日",
        "resident_since_sort": "2018-04-01",
        **columns,
    }
    return {column: value for column, value in row.items() if value is not None}


TOWN_ROWS: dict[str, list[Row]] = {
    "town": [{"code": "992011", "name": "あおぞら市", "prefecture": "みどり県"}],
    "certifier": [
        {"certifier_id": "c1", "title": "市長", "name": "青空　晴子", "in_force_from": "2020-04-01"},
        {
            "certifier_id": "c2",
            "title": "市長職務代理者　副市長",
            "name": "海野　渚",
            "in_force_from": "2026-12-01",
            "in_force_until": "2026-12-10",
        },
    ],
    "official_seal": [
        {
            "seal_id": "k1",
            "certifier_id": "c1",
            "image": b"\x89PNG-one",
            "side_mm": 24,
            "in_force_from": "2020-04-01",
        }
    ],
    "fee_rule": [
        {
            "rule_id": "f1",
            "certificate": "juminhyo_copy",
            "unit": "通",
            "yen": 200,
            "in_force_until": "2026-03-31",
        },
        {
            "rule_id": "f2",
            "certificate": "juminhyo_copy",
            "unit": "通",
            "yen": 300,
            "in_force_from": "2026-04-01",
        },
    ],
    "attestation": [
        {
            "attestation_id": "a1",
            "certificate": "juminhyo_copy",
            "scope": "household",
            "text": "世帯全員の写し",
        },
        {
            "attestation_id": "a2",
            "certificate": "juminhyo_copy",
            "scope": "members",
            "text": "世帯一部の写し",
        },
    ],
}


@dataclass
class SmallRegister:
    """A register in memory that speaks the feeds: the other side of every sync test."""

    key: bytes = b"\3" * 32
    rows: dict[str, dict[Key, Row]] = field(default_factory=lambda: {name: {} for name in contract()})
    versions: dict[Feed, int] = field(default_factory=lambda: {Feed.REGISTER: 1, Feed.BLOCKS: 1})
    tables: dict[str, Table] = field(default_factory=lambda: dict(contract()))
    batches: dict[tuple[Feed, int], tuple[RowChange, ...]] = field(default_factory=dict)
    at: datetime = NOW

    def put(self, table: str, *rows: Row) -> FeedBatch:
        """Write rows as one version and return the batch that tells of it."""
        return self._commit(table, [(self._key(table, row), row) for row in rows])

    def drop(self, table: str, *keys: Key) -> FeedBatch:
        """Take rows out as one version."""
        return self._commit(table, [(key, None) for key in keys])

    def sums(self, feed: Feed) -> list[int]:
        totals = [0] * BUCKETS
        for name, rows in self.rows.items():
            if self.tables[name].feed is feed:
                for key, row in rows.items():
                    bucket = bucket_of(name, key)
                    totals[bucket] = plus(totals[bucket], row_digest(self.key, name, row))
        return totals

    def root(self, feed: Feed) -> bytes:
        return root_of(mids_of(self.sums(feed)))

    def snapshot(self, size: int = 500) -> tuple[Manifest, dict[str, ChunkRows]]:
        """Return a manifest and its chunks, columnar."""
        chunks = {}
        for name, rows in self.rows.items():
            ordered = list(rows.values())
            for start in range(0, len(ordered), size):
                part = ordered[start : start + size]
                columns = tuple(sorted({column for row in part for column in row}))
                data = tuple([row.get(column) for row in part] for column in columns)
                kind = self.tables[name]
                chunks[f"{name}-{start}"] = ChunkRows(name, columns, data, kind.feed, kind.key)
        manifest = Manifest(
            snapshot_id=f"snapshot-{self.versions[Feed.REGISTER]}",
            register_version=self.versions[Feed.REGISTER],
            blocks_version=self.versions[Feed.BLOCKS],
            at=self.at,
            register_root=self.root(Feed.REGISTER),
            blocks_root=self.root(Feed.BLOCKS),
            chunks=tuple(
                Chunk(sha256, "core", rows.table, len(rows.data[0]), 0, bytes(32))
                for sha256, rows in chunks.items()
            ),
        )
        return manifest, chunks

    def rows_of(self, feed: Feed, buckets: Iterable[int]) -> tuple[RowChange, ...]:
        wanted = set(buckets)
        return tuple(
            RowChange(name, key, row)
            for name, rows in self.rows.items()
            if self.tables[name].feed is feed
            for key, row in rows.items()
            if bucket_of(name, key) in wanted
        )

    def _commit(self, table: str, changes: list[tuple[Key, Row | None]]) -> FeedBatch:
        feed = self.tables[table].feed
        for key, row in changes:
            if row is None:
                self.rows[table].pop(key, None)
            else:
                self.rows[table][key] = row
        after = self.versions[feed]
        self.versions[feed] = after + 1
        return FeedBatch(
            feed=feed,
            after=after,
            to=after + 1,
            head=after + 1,
            at=self.at,
            changes=tuple(RowChange(table, key, row) for key, row in changes),
            root=self.root(feed),
        )

    def _key(self, table: str, row: Row) -> Key:
        return tuple(
            value for column in self.tables[table].key if isinstance(value := row[column], str | int)
        )


def a_register(people: Iterable[Row] = ()) -> SmallRegister:
    register = SmallRegister()
    for table, rows in TOWN_ROWS.items():
        register.rows[table] = {register._key(table, row): row for row in rows}
    for row in people:
        register.rows["resident"][register._key("resident", row)] = row
    return register


async def fill(stores: FileStores, register: SmallRegister) -> None:
    manifest, chunks = register.snapshot()
    await stores.replica.begin_fill(manifest)
    for sha256, rows in chunks.items():
        await stores.replica.add_chunk(sha256, rows)
    await stores.replica.finish_fill(manifest)


def later(batch: FeedBatch, **changes: object) -> FeedBatch:
    return replace(batch, **changes)  # type: ignore[arg-type]  # fields of the batch, by name


def utc(hour: int) -> datetime:
    return datetime(2026, 11, 20, hour, tzinfo=UTC)

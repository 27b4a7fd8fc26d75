"""Tables and transactions: the contract's rows, and what the cloud keeps beside them.

Every table carries the municipality code as the first part of its key; every query filters by it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.schema import SchemaItem

from cloud.contract import TableContract, tables

SCHEMA = 2  # raised with every change of a table; an unknown one is not opened

metadata = sa.MetaData()
TextKey = sa.Text().with_variant(TEXT(collation="C"), "postgresql")  # sorted by code point in both
_TYPES: dict[str, Any] = {
    "text": TextKey,
    "date": TextKey,
    "time": TextKey,
    "int": sa.BigInteger(),
    "bool": sa.Boolean(),
    "blob": sa.LargeBinary(),
}


def _column(name: str, kind: str, *, key: bool = False, default: Any = None) -> sa.Column[Any]:
    needed = key or default is not None
    return sa.Column(name, _TYPES[kind], primary_key=key, nullable=not needed, default=default)


def _table(name: str, keys: dict[str, str], columns: dict[str, str], *more: SchemaItem) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        _column("municipality", "text", key=True),
        *(_column(column, kind, key=True) for column, kind in keys.items()),
        *(_column(column, kind) for column, kind in columns.items()),
        *more,
    )


def _of_contract(contract: TableContract) -> sa.Table:
    keys = {column: contract.columns[column] for column in contract.key}
    others = {column: kind for column, kind in contract.columns.items() if column not in keys}
    upkeep = {"bucket": "int", "row_digest": "blob", "changed_in": "int"}
    return _table(
        contract.name, keys, others | upkeep, sa.Index(f"{contract.name}_bucket", "municipality", "bucket")
    )


rows = {name: _of_contract(contract) for name, contract in tables().items()}
sa.Index("block_atena", "municipality", rows["block"].c.atena_no)
sa.Index("shien_sochi_atena", "municipality", rows["shien_sochi"].c.atena_no)

tenant = _table("tenant", {}, {"schema": "int", "last_terminal": "int", "founded_at": "time"})

feed_head = _table(
    "feed_head", {"feed": "text"}, {"version": "int", "at": "time", "root": "blob", "log_from": "int"}
)
feed_version = _table("feed_version", {"feed": "text", "version": "int"}, {"at": "time", "root": "blob"})
digest_mid = _table("digest_mid", {"feed": "text", "mid": "int"}, {"sums": "blob", "digest": "blob"})
change_log = _table(
    "change_log",
    {"feed": "text", "version": "int", "seq": "int"},
    {"table_name": "text", "row_key": "text", "body": "blob"},
)

resident_index = _table(  # the present version of each resident, and what it is found by
    "resident_index",
    {"atena_no": "text"},
    {
        "history_no": "int",
        "household_no": "text",
        "order_no": "int",
        "status": "text",
        "kana_sort": "text",
        "birth_sort": "date",
    },
    sa.Index("resident_index_household", "municipality", "household_no"),
    sa.Index("resident_index_kana", "municipality", "kana_sort", "atena_no"),
    sa.Index("resident_index_birth", "municipality", "birth_sort"),
)
resident_name = _table(
    "resident_name",
    {"atena_no": "text", "seq": "int"},
    {"kind": "text", "folded": "text"},
    sa.Index("resident_name_folded", "municipality", "kind", "folded"),
)

terminal = _table(
    "terminal",
    {"terminal_no": "text"},
    {
        "name": "text",
        "public_key": "blob",
        "certificate": "text",
        "deposit": "blob",
        "enrolled_at": "time",
        "revoked_since": "time",
    },
)
enrolment_token = _table(
    "enrolment_token",
    {"token_hash": "text"},
    {"made_at": "time", "expires_at": "time", "used_by": "text", "used_key": "blob"},
)

staff = _table(
    "staff",
    {"staff_id": "text"},
    {
        "name": "text",
        "section": "text",
        "password_hash": "text",
        "totp_seed": "blob",
        "totp_last_step": "int",
        "failures": "int",
        "lockouts": "int",
        "locked_until": "time",
    },
)
staff_right = _table(
    "staff_right", {"staff_id": "text", "right_name": "text"}, {"from_day": "date", "until_day": "date"}
)
session = _table(
    "session",
    {"token_hash": "text"},
    {"staff_id": "text", "terminal_no": "text", "made_at": "time", "expires_at": "time"},
)

command = _table(  # every key ever seen, with the answer it got, for good
    "command",
    {"key": "text"},
    {
        "terminal": "text",
        "kind": "text",
        "made_by": "text",
        "made_at": "time",
        "clock_offset_ms": "int",
        "received_at": "time",
        "outcome": "text",
        "answer": "text",
        "words": "blob",  # what the terminal signed, and its signature: who said so, for good
        "signature": "blob",
    },
)
intake_case = _table(  # what the back office reads to decide; the feed carries only the intake's state
    "intake_case",
    {"command_key": "text"},
    {
        "kind": "text",
        "atena_no": "text",
        "state": "text",
        "terminal": "text",
        "made_by": "text",
        "made_at": "time",
        "received_at": "time",
        "todoke_date": "date",
        "base": "text",
        "payload": "text",
        "decided_by": "text",
        "decided_at": "time",
    },
    sa.Index("intake_case_resident", "municipality", "atena_no"),
)
issue_book = _table(
    "issue_book",
    {"command_key": "text"},
    {
        "terminal": "text",
        "serial": "int",
        "serial_key": "text",
        "certificate": "text",
        "day": "date",
        "subject": "text",
        "state": "text",  # issued | handed_over | spoiled
        "pages": "int",
        "fee_yen": "int",
        "printer": "text",
        "offline": "bool",
        "made_by": "text",
        "made_at": "time",
        "received_at": "time",
        "payload": "text",
    },
    sa.UniqueConstraint("municipality", "terminal", "serial_key"),
    sa.UniqueConstraint("municipality", "terminal", "serial"),
)
sheet_event = _table(
    "sheet_event",
    {"command_key": "text"},
    {
        "terminal": "text",
        "serial_key": "text",
        "event": "text",
        "reason": "text",
        "made_by": "text",
        "made_at": "time",
    },
    sa.Index("sheet_event_serial", "municipality", "terminal", "serial_key"),
)
fee_book = _table(
    "fee_book",
    {"command_key": "text"},
    {"terminal": "text", "serial_key": "text", "yen": "int", "made_by": "text", "made_at": "time"},
)
journal_segment = _table(
    "journal_segment", {"command_key": "text"}, {"terminal": "text", "made_at": "time", "payload": "text"}
)
quarantine = _table(
    "quarantine",
    {"item_id": "text"},
    {
        "command_key": "text",
        "terminal": "text",
        "kind": "text",
        "reason": "text",
        "received_at": "time",
        "words": "blob",
        "sealed": "blob",
        "signature": "blob",
    },
)


def open_engine(url: str) -> sa.Engine:
    """Return an engine for a SQLite file or a PostgreSQL database, by URL."""
    if not url.startswith("sqlite"):
        return sa.create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1), pool_pre_ping=True, hide_parameters=True
        )
    engine = sa.create_engine(url, connect_args={"check_same_thread": False}, hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, so that DDL and reads are in transactions too
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=60000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Run a block in one writing transaction."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Run a block that sees one state of the database from its first read to its end."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection

"""Tables: the contract's rows, and what the cloud keeps beside them.

Every table carries the municipality code as the first part of its key; every query filters by it.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.schema import SchemaItem

from cloud.contract import TableContract, tables

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
for _name in ("light_vehicle", "fixed_asset", "delivery_address", "bank_account", "phone"):
    sa.Index(f"{_name}_atena", "municipality", rows[_name].c.atena_no)

tenant = _table("tenant", {}, {"last_terminal": "int", "founded_at": "time"})

feed_head = _table(
    "feed_head", {"feed": "text"}, {"version": "int", "at": "time", "root": "blob", "log_from": "int"}
)
feed_version = _table("feed_version", {"feed": "text", "version": "int"}, {"at": "time", "root": "blob"})
digest_mid = _table("digest_mid", {"feed": "text", "mid": "int"}, {"sums": "blob", "digest": "blob"})
change_log = _table(
    "change_log",
    {"feed": "text", "version": "int", "seq": "int"},
    # before: the row until then; null where there was none, or an older program wrote the line
    {"table_name": "text", "row_key": "text", "body": "blob", "before": "blob"},
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
        "town": "text",
        "born_first": "int",  # the first and the last day the birth may have been on, as YYYYMMDD
        "born_last": "int",
        "born_unknown": "bool",
    },
    sa.Index("resident_index_household", "municipality", "household_no"),
    sa.Index("resident_index_kana", "municipality", "kana_sort", "atena_no"),
    sa.Index("resident_index_town", "municipality", "town"),
    sa.Index("resident_index_born", "municipality", "born_first", "born_last"),
)
resident_name = _table(  # keys of names, places and cards; the kinds are those of search_index
    "resident_name",
    {"atena_no": "text", "seq": "int"},
    {"kind": "text", "folded": "text", "household_no": "text"},  # of a former place, whose home it was
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

former_certificate = _table(  # what a terminal had before it renewed: its old words stay its own
    "former_certificate",
    {"serial": "text"},
    {"terminal_no": "text", "public_key": "blob", "certificate": "text", "replaced_at": "time"},
    sa.Index("former_certificate_terminal", "municipality", "terminal_no"),
)
terminal_order = _table(  # given again until it is done
    "terminal_order",
    {"order_id": "text"},
    {
        "terminal_no": "text",
        "kind": "text",  # lock | unlock | wipe | reenrol | policy
        "body": "text",
        "made_by": "text",
        "made_at": "time",
        "fetched_at": "time",
        "done_at": "time",
        "answer": "text",
    },
    sa.Index("terminal_order_terminal", "municipality", "terminal_no"),
)
terminal_state = _table(  # what a terminal last told of itself
    "terminal_state",
    {"terminal_no": "text"},
    {
        "told_at": "time",
        "program": "text",
        "register_version": "int",
        "blocks_version": "int",
        "waiting": "int",
        "oldest_waiting": "time",
        "clock_offset_ms": "int",
    },
)

staff = _table(  # secrets only: who somebody is and what they may do are rows of the register
    "staff",
    {"staff_id": "text"},
    {"password_hash": "text", "password_set_on": "date", "suspended_since": "time"},
)
former_staff = _table(  # of version 0.1.0, until their town is opened
    "former_staff",
    {"staff_id": "text"},
    {
        "name": "text",
        "section": "text",
        "password_hash": "text",
        "totp_seed": "blob",
        "totp_last_step": "int",
    },
)
former_staff_right = _table(
    "former_staff_right",
    {"staff_id": "text", "right_name": "text"},
    {"from_day": "date", "until_day": "date"},
)
staff_factor = _table(  # what a person's second factor is checked with; the state is the factor's own
    "staff_factor",
    {"staff_id": "text", "kind": "text"},
    {"secret": "blob", "state": "text", "enrolled_on": "date"},
)
password_past = _table(  # the last few, that none of them comes again
    "password_past", {"staff_id": "text", "seq": "int"}, {"password_hash": "text"}
)
sign_in_count = _table(  # wrong secrets, of a person, at a terminal or at the office's page
    "sign_in_count",
    {"whose": "text", "name": "text"},
    {"failures": "int", "lockouts": "int", "last_at": "time", "locked_until": "time"},
)
factor_challenge = _table(  # one open at a time for a person at a terminal
    "factor_challenge",
    {"terminal_no": "text", "person_hash": "text", "kind": "text"},
    {"kept": "text", "expires_at": "time"},
)
session = _table(  # kept when ended: who was signed in where, from when until when, and why it ended
    "session",
    {"session_id": "text"},
    {
        "staff_id": "text",
        "terminal_no": "text",
        "factor": "text",
        "made_at": "time",
        "ends_at": "time",
        "ended_at": "time",
        "end_reason": "text",
        "shown_by": "text",  # the other terminal that showed its token
    },
    sa.Index("session_staff", "municipality", "staff_id"),
)
access_token = _table(
    "access_token",
    {"token_hash": "text"},
    {
        "session_id": "text",
        "replaces": "text",
        "made_at": "time",
        "expires_at": "time",
        "used_at": "time",  # none until its holder has shown to have it
    },
    sa.Index("access_token_session", "municipality", "session_id"),
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
    sa.Index("command_terminal", "municipality", "terminal", "key"),
)
command_tally = _table(  # how many of them a terminal has in a slice of time, and their sum
    "command_tally", {"terminal": "text", "slice": "int"}, {"held": "int", "total": "blob"}
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
        "provisional": "text",  # JSON: which number each newcomer got
    },
    sa.Index("intake_case_resident", "municipality", "atena_no"),
)
newcomer = _table(  # who has no number yet, and the number they got
    "newcomer", {"provisional": "text"}, {"command_key": "text", "atena_no": "text"}
)
edit_lease = _table(  # who is editing whose record, until when
    "edit_lease",
    {"atena_no": "text"},
    {
        "token_hash": "text",
        "held_by": "text",
        "name": "text",
        "section": "text",
        "terminal": "text",
        "until": "time",
    },
)
attachment = _table(
    "attachment",
    {"key": "text"},
    {
        "terminal": "text",
        "command_key": "text",
        "media_type": "text",
        "size": "int",
        "sha256": "text",
        "parts": "int",
        "begun_at": "time",
        "whole_at": "time",  # when all of it was there and its hash held
    },
    sa.Index("attachment_command", "municipality", "command_key"),
    sa.Index("attachment_terminal", "municipality", "terminal"),
)
attachment_part = _table(
    "attachment_part",
    {"key": "text", "place": "int"},
    {"size": "int", "sha256": "text", "content": "blob"},
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
        "state": "text",  # issued | handed_over | spoiled | void
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
    "journal_segment",
    {"command_key": "text"},
    {
        "terminal": "text",
        "made_at": "time",
        "payload": "text",
        "first": "int",
        "last": "int",
        "prev": "blob",
        "links": "blob",  # the hash of each entry, one after the other, as the cloud works them out
        "head": "blob",  # the hash the terminal says the last one has
    },
    sa.Index("journal_segment_terminal", "municipality", "terminal", "first"),
)
day_close = _table(  # 日計: a day closed again after a sync stands beside the first
    "day_close",
    {"command_key": "text"},
    {"terminal": "text", "day": "date", "made_by": "text", "made_at": "time", "payload": "text"},
    sa.Index("day_close_day", "municipality", "day"),
)
block_release = _table(  # blocks set aside once, by two officers
    "block_release",
    {"command_key": "text"},
    {"terminal": "text", "officer": "text", "second": "text", "made_at": "time", "payload": "text"},
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
        "state": "text",  # kept | released | dismissed
        "decided_by": "text",
        "decided_at": "time",
        "decided_for": "text",  # why
    },
)
office_act = _table(  # what was done in the back office: only ever added to, and never a value of a record
    "office_act",
    {"act_no": "int"},
    {"at": "time", "who": "text", "what": "text", "subject": "text", "form": "text"},
    sa.UniqueConstraint("municipality", "form"),  # a form sent twice acts once
)
office_session = _table(
    "office_session",
    {"token_hash": "text"},
    {"staff_id": "text", "made_at": "time", "seen_at": "time"},
)

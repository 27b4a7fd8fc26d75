"""The back office decides intakes: registered (本登録) or returned (差戻し), one register version each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

import sqlalchemy as sa

from cloud import storage
from cloud.clock import Now, day_in_tokyo, stamp
from cloud.contract import Row
from cloud.households import members_of, present_row
from cloud.intakes import OPEN_STATES, intake_key
from cloud.problems import ProblemError, malformed, not_found
from cloud.register import Change, Register, put
from cloud.tenkyo import Tenkyo, read_tenkyo
from cloud.town.numbers import next_number
from cloud.wareki import write_wareki

_STATES = {"register": "registered", "return": "returned"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer of the back office decided; relationships only where part of a household moves."""

    decision: str  # register | return
    decided_by: str
    reason: str = ""
    relationships: Mapping[str, str] = field(default_factory=dict)


class Office:
    """The desk where intakes are decided."""

    def __init__(self, register: Register, now: Now) -> None:
        self._register = register
        self._now = now

    def intakes(self, state: str | None = None) -> list[dict[str, object]]:
        """Return intakes with their content, oldest first."""
        table = storage.intake_case
        query = sa.select(table).where(table.c.municipality == self._register.municipality)
        if state is not None:
            query = query.where(table.c.state == state)
        with self._register.reading() as connection:
            found = connection.execute(query.order_by(table.c.received_at, table.c.command_key)).all()
        return [_shown(dict(row._mapping)) for row in found]

    def decide(self, key: str, decision: Decision) -> dict[str, object]:
        """Decide an intake once; 404 unknown, 409 where it was decided or the register moved on."""
        table = storage.intake_case
        here = sa.and_(table.c.municipality == self._register.municipality, table.c.command_key == key)
        now = self._now()
        with self._register.writing() as connection:
            case = connection.execute(sa.select(table).where(here).with_for_update()).one_or_none()
            if case is None:
                raise not_found()
            if case.state not in OPEN_STATES:
                raise ProblemError(HTTPStatus.CONFLICT, "office.decided", state=case.state)
            state = _STATES[decision.decision]
            row = intake_key(key, case.kind, case.atena_no) | {"state": state, "changed_at": stamp(now)}
            if decision.reason:
                row["reason"] = decision.reason
            changes = [put("intake", row)]
            if state == "registered":
                tenkyo, base = read_tenkyo(json.loads(case.payload)), json.loads(case.base)
                changes += self._moved(connection, tenkyo, base, decision, now)
            version = self._register.commit(connection, "register", changes)
            values = {"state": state, "decided_by": decision.decided_by, "decided_at": stamp(now)}
            connection.execute(sa.update(table).where(here).values(values))
        return {"key": key, "state": state, "register_version": version}

    def _moved(
        self,
        connection: sa.Connection,
        tenkyo: Tenkyo,
        base: Mapping[str, int],
        decision: Decision,
        now: datetime,
    ) -> list[Change]:
        """Return the new version of everyone who moves."""
        rows = [row for one in tenkyo.movers if (row := present_row(self._register, connection, one))]
        if any(base.get(str(row["atena_no"])) != row["history_no"] for row in rows):
            current = {str(row["atena_no"]): row["history_no"] for row in rows}
            raise ProblemError(HTTPStatus.CONFLICT, "conflict.version", current=current)
        stay = [
            row
            for row in members_of(self._register, connection, str(rows[0]["household_no"]))
            if row["atena_no"] not in tenkyo.movers
        ]
        home = self._new_household(connection, rows, stay, tenkyo, decision) if stay else {}
        return [
            put("resident", _after_move(row, tenkyo, now) | home.get(str(row["atena_no"]), {}))
            for row in rows
        ]

    def _new_household(
        self,
        connection: sa.Connection,
        movers: list[dict[str, object]],
        stay: list[dict[str, object]],
        tenkyo: Tenkyo,
        decision: Decision,
    ) -> dict[str, dict[str, object]]:
        """Return what changes for those who leave a household: number, place in it, 続柄 as the officer says.

        Where the householder leaves the others, their new householder must be notified first (世帯主変更).
        """
        if any(row.get("relationship") == "世帯主" for row in movers):
            raise malformed("the householder leaves: 世帯主変更 comes first")
        missing = [
            one for one in tenkyo.members if one != tenkyo.subject and one not in decision.relationships
        ]
        if missing:
            raise malformed("relationships: one for each mover beside the new householder")
        index = storage.resident_index
        last = sa.select(sa.func.max(index.c.household_no)).where(
            index.c.municipality == self._register.municipality
        )
        number = next_number(connection.execute(last).scalar_one())
        head = next(row for row in movers if row["atena_no"] == tenkyo.subject)
        ordered = [head, *(row for row in movers if row is not head)]
        return {
            str(row["atena_no"]): {
                "household_no": number,
                "order_no": place,
                "relationship": "世帯主" if row is head else decision.relationships[str(row["atena_no"])],
                "householder_name": head.get("full_name") or head.get("latin_name", ""),
            }
            for place, row in enumerate(ordered, start=1)
        }


def _after_move(row: Row, tenkyo: Tenkyo, now: datetime) -> dict[str, object]:
    """Return a resident's next version after 転居: new address, the old one as 異動前住所."""
    old_place = f"{row.get('address_town', '')}{row.get('address_banchi', '')}"
    if row.get("address_katagaki"):
        old_place += f"　{row['address_katagaki']}"
    history_no = row["history_no"]
    if not isinstance(history_no, int):
        raise TypeError("history_no")
    gone = ("address_code", "postcode", "address_katagaki")
    kept = {column: value for column, value in row.items() if column not in gone}
    new = {
        "history_no": history_no + 1,
        "address_town": tenkyo.town,
        "address_banchi": tenkyo.banchi,
        "before_move": old_place,
        "address_since_text": write_wareki(tenkyo.ido_date),
        "address_since_sort": tenkyo.ido_date.isoformat(),
        "todoke_date": tenkyo.todoke_date.isoformat(),
        "ido_todoke_date": tenkyo.todoke_date.isoformat(),
        "ido_reason": "転居",
        "ido_date": tenkyo.ido_date.isoformat(),
        "processed_date": day_in_tokyo(now).isoformat(),
    }
    optional = {"address_katagaki": tenkyo.katagaki, "postcode": tenkyo.postcode}
    return kept | new | {column: value for column, value in optional.items() if value}


def _shown(case: dict[str, object]) -> dict[str, object]:
    """Return a case as the office sees it."""
    del case["municipality"]
    case["key"] = case.pop("command_key")
    for name in ("base", "payload"):
        case[name] = json.loads(str(case[name]))
    return {name: value for name, value in case.items() if value is not None}

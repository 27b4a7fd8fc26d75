"""Registering who moves inside the town, who leaves it and who died: the next version of each record."""

import sqlalchemy as sa

from cloud import storage
from cloud.households import members_of
from cloud.office.case import Case, Outcome, Record
from cloud.office.numbers import next_household_no
from cloud.payloads.todoke import Death, Tenkyo, Tenshutsu
from cloud.problems import malformed
from cloud.register import Change, put
from cloud.wareki import write_wareki


def tenkyo(case: Case) -> Outcome:
    """Return the new version of everyone who moves inside the town."""
    request = case.request
    if not isinstance(request, Tenkyo):
        raise TypeError("a case of another kind")
    rows = case.unmoved_rows()
    stay = _those_who_stay(case, rows)
    home = _new_household(case, request, rows) if stay else {}
    return Outcome(
        [
            put("resident", _after_tenkyo(case, request, row) | home.get(str(row["atena_no"]), {}))
            for row in rows
        ]
    )


def tenshutsu(case: Case) -> Outcome:
    """Return who leaves: closed from 転出予定日 on (住基法 第24条), their seals with them.

    Where it was filed too late to be a notification the office records it of its own motion [STD j640].
    """
    request = case.request
    if not isinstance(request, Tenshutsu):
        raise TypeError("a case of another kind")
    rows = case.unmoved_rows()
    if _those_who_stay(case, rows) and any(row.get("relationship") == "世帯主" for row in rows):
        raise malformed("the householder leaves: 世帯主変更 comes first")
    reason = "職権消除" if request.is_late else "国外転出" if request.abroad else "国内転出"
    day = request.planned.isoformat()
    left: Record = {
        "ido_reason": reason,
        "ido_date": day,
        "tenshutsu_to": request.to,
        "tenshutsu_planned": day,
    }
    if request.planned <= case.today:
        left |= {"status": "tenshutsu", "removed_reason": reason, "removed_date": day}
    changes = [put("resident", case.next_version(row) | left) for row in rows]
    return Outcome(changes + seals_ended(case, day, "転出"))


def death(case: Case) -> Outcome:
    """Return who died: the record closed, the seal with it."""
    request = case.request
    if not isinstance(request, Death):
        raise TypeError("a case of another kind")
    day = request.died_on.isoformat()
    closed: Record = {
        "status": "death",
        "ido_reason": "死亡",
        "ido_date": day,
        "removed_reason": "死亡",
        "removed_date": day,
    }
    changes = [put("resident", case.next_version(row) | closed) for row in case.unmoved_rows()]
    return Outcome(changes + seals_ended(case, day, "死亡"))


def seals_ended(case: Case, day: str, reason: str, registration_no: str | None = None) -> list[Change]:
    """Return the seal registrations of everybody concerned as ended on a day; one of them, or all."""
    table = storage.rows["seal_registration"]
    where: list[sa.ColumnElement[bool]] = [
        table.c.atena_no.in_(case.numbers),
        table.c.abolished.is_(None),
    ]
    if registration_no is not None:
        where.append(table.c.registration_no == registration_no)
    found = case.register.rows(case.connection, "seal_registration", *where)
    return [put("seal_registration", row | {"abolished": day, "abolished_reason": reason}) for row in found]


def _those_who_stay(case: Case, rows: list[Record]) -> list[Record]:
    leaving = {row["atena_no"] for row in rows}
    home = members_of(case.register, case.connection, str(rows[0]["household_no"])) if rows else []
    return [row for row in home if row["atena_no"] not in leaving]


def _new_household(case: Case, request: Tenkyo, movers: list[Record]) -> dict[str, Record]:
    """Return what changes for those who leave a household: number, place in it, 続柄 as the officer says.

    Where the householder leaves the others, their new householder must be notified first (世帯主変更).
    """
    if any(row.get("relationship") == "世帯主" for row in movers):
        raise malformed("the householder leaves: 世帯主変更 comes first")
    head_no, says = case.number(request.subject), case.decision.relationships
    if any(row["atena_no"] not in says for row in movers if row["atena_no"] != head_no):
        raise malformed("relationships: one for each mover beside the new householder")
    number = next_household_no(case)
    head = next(row for row in movers if row["atena_no"] == head_no)
    ordered = [head, *(row for row in movers if row is not head)]
    return {
        str(row["atena_no"]): {
            "household_no": number,
            "order_no": place,
            "relationship": "世帯主" if row is head else says[str(row["atena_no"])],
            "householder_name": head.get("full_name") or head.get("latin_name", ""),
        }
        for place, row in enumerate(ordered, start=1)
    }


def _after_tenkyo(case: Case, request: Tenkyo, row: Record) -> Record:
    """Return a resident's next version: new address, the old one as 異動前住所."""
    old_place = f"{row.get('address_town', '')}{row.get('address_banchi', '')}"
    if row.get("address_katagaki"):
        old_place += f"　{row['address_katagaki']}"
    new = {
        "address_town": request.to.town,
        "address_banchi": request.to.banchi,
        "before_move": old_place,
        "address_since_text": write_wareki(request.ido_date),
        "address_since_sort": request.ido_date.isoformat(),
        "todoke_date": request.todoke_date.isoformat(),
        "ido_reason": "転居",
        "ido_date": request.ido_date.isoformat(),
    }
    optional = {"address_katagaki": request.to.katagaki, "postcode": request.to.postcode}
    kept = case.next_version(row, gone=("address_code", "postcode", "address_katagaki"))
    return kept | new | {column: value for column, value in optional.items() if value}

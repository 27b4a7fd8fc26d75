"""Staff as the register last said: one person, and the grants of that person and section."""

import sqlite3

from client.domain.errors import StoreError
from client.domain.in_force import RightGrant, StaffEntry, StaffMember
from client.domain.row import value_from_row
from offline.store import doubt
from offline.store.rows import table_named


def entry_of(connection: sqlite3.Connection, staff_id: str) -> StaffEntry:
    """Return what the register says of a staff id. StoreError ``store.damaged_replica`` where a row may be missing."""
    if doubt.is_any(connection):
        raise StoreError("store.damaged_replica")
    members = table_named("staff_member").where(connection, "WHERE staff_id = ?", staff_id)
    if not members:
        return StaffEntry(None, ())
    member = value_from_row(StaffMember, members[0])
    grants = table_named("right_grant").where(
        connection,
        "WHERE staff_id = ? OR (staff_id IS NULL AND section = ?) ORDER BY grant_id",
        staff_id,
        member.section,
    )
    (town,) = table_named("town").where(connection, "LIMIT 1") or ({},)
    by_item, by_block = (town.get(f"rights_by_{what}") is True for what in ("item", "block"))
    return StaffEntry(member, tuple(value_from_row(RightGrant, grant) for grant in grants), by_item, by_block)

"""Commands are counted by terminal and slice of time, so that a terminal can hold its own book against ours."""

from hashlib import blake2b
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from cloud.migrations.shapes import index, table

revision = "0005"
down_revision = "0004"

_SLICE = 1 << 106
_WRAP = 1 << 256


def upgrade() -> None:
    """Make the table, and count what is remembered."""
    index("command_terminal", "command", "municipality terminal key")
    table("command_tally", "terminal slice:int", "held:int total:blob")
    count(op.get_bind())


def count(connection: sa.Connection) -> None:
    """Count what is remembered, as the cloud counts what it hears."""
    command = sa.table("command", *map(sa.column, ("municipality", "terminal", "key", "outcome")))
    sums: dict[tuple[str, str, int], tuple[int, int]] = {}
    for municipality, terminal, key, outcome in connection.execute(sa.select(*command.c)):
        if _is_counted(key):
            place = municipality, terminal, UUID(key).int // _SLICE
            held, total = sums.get(place, (0, 0))
            more = int.from_bytes(blake2b((key + outcome).encode(), digest_size=32).digest())
            sums[place] = held + 1, (total + more) % _WRAP
    names = ("municipality", "terminal", "slice", "held", "total")
    lines = [
        dict(zip(names, (*place, held, total.to_bytes(32)), strict=True))
        for place, (held, total) in sums.items()
    ]
    if lines:
        connection.execute(sa.insert(sa.table("command_tally", *map(sa.column, names))), lines)


def _is_counted(key: str) -> bool:
    try:
        return str(UUID(key)) == key
    except ValueError:
        return False

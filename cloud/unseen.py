"""Whom nobody may look at (抑止 of 照会): named in a list to whoever asks by name or number, and told of by nothing else.

A look is one at a whole household, so that one member's block forbids it for all who live there. One that begins later
counts too: a list has no day of its own.
"""

import sqlalchemy as sa

from cloud import storage

_NO_LOOK = ("view", "error")


def unseen_people(connection: sa.Connection, municipality: str) -> frozenset[str]:
    """Return the 宛名番号 of everybody whom a block of looks concerns."""
    block, index = storage.rows["block"], storage.resident_index
    process, level = _NO_LOOK
    stops = sa.select(block.c.atena_no, block.c.household_no).where(
        block.c.municipality == municipality, block.c.process == process, block.c.level == level
    )
    rows = connection.execute(stops).all()
    if not rows:
        return frozenset()
    numbers = [row.atena_no for row in rows if row.atena_no]
    of_living = sa.select(index.c.household_no).where(
        index.c.municipality == municipality, index.c.atena_no.in_(numbers), index.c.status == "resident"
    )
    homes = [row.household_no for row in rows if row.household_no]
    housemates = sa.and_(index.c.household_no.in_(of_living), index.c.status == "resident")
    found = sa.select(index.c.atena_no).where(
        index.c.municipality == municipality,
        sa.or_(index.c.atena_no.in_(numbers), index.c.household_no.in_(homes), housemates),
    )
    return frozenset(connection.execute(found).scalars())

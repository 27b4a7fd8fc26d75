"""Figures of one town that stand in its database: counts and versions, nothing about anybody."""

from collections.abc import Iterator

import sqlalchemy as sa

from cloud import storage
from cloud.contract import FEEDS
from cloud.tenant import Tenant

Figure = tuple[str, str, str, float]  # name, what it is, of what, how much


def figures_of(tenant: Tenant) -> Iterator[Figure]:
    """Yield the present figures of a town."""
    with tenant.register.reading() as connection:
        for feed in FEEDS:
            version = tenant.register.head(connection, feed).version
            yield "madoguchi_feed_version", "Newest version of a feed", feed, version
        for table, column, name, words in (
            (storage.intake_case, "state", "madoguchi_intakes", "Intakes by state"),
            (storage.quarantine, "reason", "madoguchi_quarantined", "Envelopes put aside, by reason"),
        ):
            counted = sa.select(table.c[column], sa.func.count()).group_by(table.c[column])
            for label, count in connection.execute(
                counted.where(table.c.municipality == tenant.municipality)
            ):
                yield name, words, str(label), count
        machines = storage.terminal
        revoked = machines.c.revoked_since.is_not(None)
        query = sa.select(revoked, sa.func.count()).group_by(revoked)
        for is_revoked, count in connection.execute(
            query.where(machines.c.municipality == tenant.municipality)
        ):
            label = "revoked" if is_revoked else "enrolled"
            yield "madoguchi_terminals", "Terminals ever enrolled", label, count

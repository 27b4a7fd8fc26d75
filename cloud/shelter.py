"""Which homes are hidden: those with somebody under 支援措置, by whatever dates of the measure, provisional or not."""

from typing import Any

import sqlalchemy as sa

from cloud import storage


def sheltered(municipality: str, household_no: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return what tells that somebody in a household is under 支援措置.

    The record of one who has left still stands in the household it was closed in, and counts.
    """
    shien, other = storage.rows["shien_sochi"], storage.resident_index.alias()
    protected = sa.exists().where(shien.c.municipality == municipality, shien.c.atena_no == other.c.atena_no)
    return sa.exists().where(
        other.c.municipality == municipality, other.c.household_no == household_no, protected
    )


def hidden_homes(municipality: str) -> sa.Select[Any]:
    """Return the numbers of all households of which ``sheltered`` holds."""
    shien, other = storage.rows["shien_sochi"], storage.resident_index.alias()
    protected = sa.select(shien.c.atena_no).where(shien.c.municipality == municipality)
    return sa.select(other.c.household_no).where(
        other.c.municipality == municipality, other.c.atena_no.in_(protected)
    )

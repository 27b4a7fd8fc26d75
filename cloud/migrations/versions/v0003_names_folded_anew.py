"""Variants of kanji are one by the contract's table: every name's key is written anew (docs/decisions/0017)."""

import sqlalchemy as sa
from alembic import op

from cloud import storage
from cloud.residents import fold_anew

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Fold the names of all towns anew."""
    towns = sa.select(storage.resident_index.c.municipality).distinct()
    for (municipality,) in op.get_bind().execute(towns).all():
        fold_anew(op.get_bind(), municipality)

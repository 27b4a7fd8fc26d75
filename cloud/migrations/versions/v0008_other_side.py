"""A measure may say, sealed, whom it protects from."""

from cloud.migrations.shapes import add

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make room for it."""
    add("shien_sochi", "other_side:blob")

"""The row of a person says since when their secrets stand, so that terminals off line do not heed those before."""

from cloud.migrations.shapes import add

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make room for it."""
    add("staff_member", "secrets_since")

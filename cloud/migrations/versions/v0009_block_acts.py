"""A town says whether it grants acts on blocks (設定, 解除, 一時解除) one by one; one that says nothing goes on."""

from cloud.migrations.shapes import add

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make room for it."""
    add("town", "rights_by_block:bool")

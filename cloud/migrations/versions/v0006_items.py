"""A town says whether it grants items (在留資格等, 印鑑, 税, 国保) one by one; one that says nothing goes on as before."""

from cloud.migrations.shapes import add

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make room for it."""
    add("town", "rights_by_item:bool")

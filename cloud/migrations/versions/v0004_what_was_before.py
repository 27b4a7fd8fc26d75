"""The log of changes tells what a row was before, so that a terminal can be told the difference alone."""

from cloud.migrations.shapes import add

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make room for it; of lines written before it stays unknown, and their rows go out whole."""
    add("change_log", "before:blob")

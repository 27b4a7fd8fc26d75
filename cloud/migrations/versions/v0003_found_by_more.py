"""Residents are found by birth dates in part, addresses, cards and what they were called and where they lived before."""

from cloud.migrations.shapes import add, drop, drop_index, empty, index

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Take the search index away; whoever brings a database up makes a missing one from the register's rows."""
    empty("resident_index")
    empty("resident_name")
    drop_index("resident_index_birth", "resident_index")
    drop("resident_index", "birth_sort")
    add("resident_index", "town born_first:int born_last:int born_unknown:bool")
    add("resident_name", "household_no")
    index("resident_index_town", "resident_index", "municipality town")
    index("resident_index_born", "resident_index", "municipality born_first born_last")

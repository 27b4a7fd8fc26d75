"""The database's shape, version by version (Alembic): a new one is made whole, an older one is brought up."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from cloud import database, storage
from cloud.search_index import index_town

FIRST = "0001"  # databases of version 0.1.0 have it and do not say so
_LOCK = 0x6D61646F  # one program at a time brings a PostgreSQL database up
_SAYS_SO = "alembic_version"


class SchemaError(Exception):
    """The database was made by a newer version of this program."""


def bring_up(engine: sa.Engine) -> None:
    """Bring a database to the newest shape in one transaction; SchemaError, and no change, where it is newer still."""
    with database.writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        here = set(sa.inspect(connection).get_table_names())
        config = _config(connection)
        if not here:
            storage.metadata.create_all(connection)
            command.stamp(config, "head")
            return
        if _SAYS_SO not in here:
            command.stamp(config, FIRST)
        _refuse_newer(connection, config)
        command.upgrade(config, "head")
        _make_missing_search_indexes(connection)


def _make_missing_search_indexes(connection: sa.Connection) -> None:
    """Make the search index of every town without one: a step that changes what is kept there only empties it."""
    tenant, indexed, resident = storage.tenant, storage.resident_index, storage.rows["resident"]
    has_residents = sa.exists().where(resident.c.municipality == tenant.c.municipality)
    has_index = sa.exists().where(indexed.c.municipality == tenant.c.municipality)
    for municipality in (
        connection.execute(sa.select(tenant.c.municipality).where(has_residents, ~has_index)).scalars().all()
    ):
        index_town(connection, municipality)


def shape_of(engine: sa.Engine) -> str | None:
    """Return the revision a database is at."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """Return the revision this program brings a database to."""
    return _scripts().get_current_head()


def _refuse_newer(connection: sa.Connection, config: Config) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found not in known:
        raise SchemaError(
            f"the database has shape {found}, this program knows those up to {newest()}: a newer version made it. "
            "It was left as it is; use that version"
        )


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config

"""The database's shape: what is made at once and what was brought up step by step are the same, on both engines."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from cloud import database, migrations, storage
from cloud.factors.desk import Proof
from cloud.migrations import FIRST, SchemaError, bring_up, newest, shape_of
from cloud.passwords import Passwords
from cloud.residents import search
from cloud.search_words import Asked
from cloud.tenant import Tenant, open_tenant
from cloud.tenants import Tenants
from cloud.totp import code_at, step_at
from tests.cloud import postgres
from tests.cloud.cloud_builders import (
    CODE,
    HANAKO,
    HOME,
    PASSWORD,
    SEED,
    SetClock,
    a_resident,
    staff,
    tiny_town,
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    if request.param == "sqlite":
        made = database.open_engine(f"sqlite:///{tmp_path / 'cloud.db'}")
        yield made
        made.dispose()
        return
    server: postgres.Server = request.getfixturevalue("server")
    with server.database(template="template0") as url:
        made = database.open_engine(url)
        yield made
        made.dispose()


def at_first(engine: sa.Engine, *, told: bool) -> None:
    """Make a database as version 0.1.0 did; it did not tell its shape."""
    with database.writing(engine) as connection:
        command.upgrade(migrations._config(connection), FIRST)
        if not told:
            connection.execute(sa.text("DROP TABLE alembic_version"))


def insert_into(table: str, line: dict[str, object]) -> sa.Insert:
    """Write a line into a table as version 0.1.0 had it."""
    return sa.insert(sa.table(table, *(sa.column(name) for name in line))).values(line)


def head_of(tenant: Tenant) -> int:
    with tenant.register.reading() as connection:
        return tenant.register.head(connection, "register").version


def at_second(engine: sa.Engine, rows: list[dict[str, object]]) -> None:
    """Make a database as the version before the search by places did, with a town of these residents."""
    with database.writing(engine) as connection:
        command.upgrade(migrations._config(connection), "0002")
        connection.execute(
            insert_into("tenant", {"municipality": CODE, "founded_at": "2026-11-20T05:00:00Z"})
        )
        upkeep = {"municipality": CODE, "bucket": 0, "row_digest": b"", "changed_in": 1}
        for row in rows:
            connection.execute(insert_into("resident", upkeep | row))
            here = {
                name: row[name] for name in ("atena_no", "history_no", "household_no", "order_no", "status")
            }
            if row["history_no"] == 2:
                line = here | {
                    "kana_sort": "ハタナヘハナコ",
                    "birth_sort": "1985-12-26",
                    "municipality": CODE,
                }
                connection.execute(insert_into("resident_index", line))
        name = {"municipality": CODE, "atena_no": HANAKO, "seq": 0, "kind": "written", "folded": "渡辺花子"}
        connection.execute(insert_into("resident_name", name))


def test_residents_of_an_older_database_are_found_by_all_that_is_on_record(engine: sa.Engine) -> None:
    person = a_resident(HANAKO, HOME, "渡邉　花子", "ワタナベ　ハナコ", birth_text="昭和60年12月26日")
    before = person | {"full_name": "大野　花子", "furigana": "オオノ　ハナコ", "address_town": "緑町"}
    at_second(engine, [before, person | {"history_no": 2}])
    for _ in range(2):  # the second time nothing is left to do
        bring_up(engine)
        assert differences(engine) == []
        with database.reading(engine) as connection:
            for asked in (
                Asked("わたなべ"),
                Asked("渡邊"),
                Asked("S60.12 葛城町1-2-3"),
                Asked(name="おおの", past=True),
                Asked(place="緑町", past=True),
            ):
                assert [hit["atena_no"] for hit in search(connection, CODE, asked, limit=9)] == [HANAKO], (
                    asked
                )
            assert search(connection, CODE, Asked(place="緑町"), limit=9) == []


def differences(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), storage.metadata))


@pytest.mark.parametrize("told", [True, False])
def test_an_old_database_is_brought_to_the_shape_a_new_one_has(engine: sa.Engine, told: bool) -> None:
    at_first(engine, told=told)
    assert differences(engine)
    bring_up(engine)
    assert shape_of(engine) == newest()
    assert differences(engine) == []


def test_staff_of_an_old_database_sign_in_as_before_with_the_rights_they_had(
    engine: sa.Engine, tmp_path: Path
) -> None:
    at_first(engine, told=False)
    clock, mine = SetClock(), {"municipality": CODE, "staff_id": "s001"}
    with database.writing(engine) as connection:
        person = {"name": "山﨑　美咲", "section": "市民課", "failures": 3, "lockouts": 0}
        secrets = {"password_hash": Passwords().hashed(PASSWORD), "totp_seed": SEED, "totp_last_step": 7}
        connection.execute(insert_into("staff", mine | person | secrets))
        for right, until in (
            ("view", None),
            ("issue", "2026-11-19"),
            ("accept", "2027-03-31"),
            ("officer", None),
        ):
            connection.execute(
                insert_into("staff_right", mine | {"right_name": right, "until_day": until}),
            )
    bring_up(engine)
    tenant = open_tenant(tmp_path, CODE, town=tiny_town, engine=engine, now=clock)
    proof = Proof("totp", code_at(SEED, step_at(clock())))
    clerk = tenant.sign_in.open("T0001", "s001", PASSWORD, proof).clerk
    assert (clerk.name, clerk.section, clerk.rights) == (
        "山﨑　美咲",
        "市民課",
        frozenset(("view", "accept", "officer", "office")),
    )
    version = head_of(tenant)
    again = open_tenant(tmp_path, CODE, town=tiny_town, engine=engine, now=clock)
    assert head_of(again) == version, "they are taken in once"
    with database.reading(engine) as connection:
        assert connection.execute(sa.select(storage.former_staff)).all() == []


def test_a_new_database_says_that_it_is_of_the_newest_shape(engine: sa.Engine) -> None:
    bring_up(engine)
    bring_up(engine)
    assert shape_of(engine) == newest()
    assert differences(engine) == []


def test_the_database_of_a_newer_program_is_refused_and_left_as_it_is(engine: sa.Engine) -> None:
    bring_up(engine)
    with database.writing(engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(sa.text("CREATE TABLE of_tomorrow (a INTEGER)"))
    with pytest.raises(SchemaError, match="9999"):
        bring_up(engine)
    assert shape_of(engine) == "9999"
    assert "of_tomorrow" in sa.inspect(engine).get_table_names()


def test_a_step_that_fails_leaves_the_database_as_it_was(engine: sa.Engine) -> None:
    at_first(engine, told=True)
    with database.writing(engine) as connection:  # a table of somebody else's stands in the way
        connection.execute(sa.text("CREATE TABLE phone (a INTEGER)"))
    before = sa.inspect(engine).get_table_names()
    with pytest.raises((sa.exc.OperationalError, sa.exc.ProgrammingError)):
        bring_up(engine)
    assert shape_of(engine) == FIRST
    assert sa.inspect(engine).get_table_names() == before


def test_the_directory_of_one_town_becomes_one_of_many_with_the_same_keys(tmp_path: Path) -> None:
    """Version 0.1.0 kept the keys of its only town where those of the server are now."""
    before = open_tenant(tmp_path, CODE, town=tiny_town, staff=staff(), now=SetClock())
    token = before.terminals.new_token()
    before.close()
    for _ in range(2):
        towns = Tenants(tmp_path, now=SetClock())
        towns.open_all()
        (tenant,) = towns
        assert tenant.keys.digest == before.keys.digest
        assert [key.key_id for key in tenant.keys.feed] == [key.key_id for key in before.keys.feed]
        assert tenant.authority.pem == before.authority.pem == towns.authority.pem
        assert tenant.terminals.is_unused(token)
        assert not list((tmp_path / "keys").glob("feed-*"))
        towns.close()

"""Live reads of what hangs on a resident, and of payers who are none: taxes, insurance, services, contacts."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from cloud import storage
from cloud.contract import Row
from cloud.letters import is_reading, kana_key, name_key, words_of
from cloud.problems import not_found
from cloud.register import Register
from cloud.shelter import sheltered

MOST_PAYERS = 200
_NUMBERED = {"outsider": ("atena_no",), "corporation": ("atena_no", "corporate_no")}
_NAMED = {"outsider": ("full_name", "furigana"), "corporation": ("name", "kana")}
# What tells where somebody lives or is reached; of a bank the branch, of land and houses where they stand.
_PLACES: Mapping[str, frozenset[str]] = {
    "juminzei": frozenset({"address_jan1"}),
    "fixed_asset": frozenset({"place", "number"}),
    "delivery_address": frozenset({"addressee", "postcode", "address"}),
    "bank_account": frozenset({"branch_code", "branch_name"}),
    "phone": frozenset({"number"}),
    "outsider": frozenset({"postcode", "address"}),
}

Tables = dict[str, list[dict[str, object]]]


def tax_rows(register: Register, connection: sa.Connection, atena_no: str) -> Tables:
    """Return a person's taxes: levied, owned, owed and paid."""
    return _rows_of(
        register, connection, atena_no, ("juminzei", "light_vehicle", "fixed_asset", "tax_account")
    )


def nhi_rows(register: Register, connection: sa.Connection, atena_no: str) -> Tables:
    """Return a person's spells in 国民健康保険, and what is owed and paid for it."""
    return _rows_of(register, connection, atena_no, ("nhi_member", "tax_account"), tax="nhi")


def seal_rows(register: Register, connection: sa.Connection, atena_no: str) -> Tables:
    """Return the seals a person has or had registered."""
    return _rows_of(register, connection, atena_no, ("seal_registration",))


def service_rows(register: Register, connection: sa.Connection, atena_no: str) -> Tables:
    """Return what a person belongs to, and since when."""
    return _rows_of(register, connection, atena_no, ("entitlement",))


def contact_rows(register: Register, connection: sa.Connection, atena_no: str) -> Tables:
    """Return how a person is reached and pays."""
    return _rows_of(register, connection, atena_no, ("delivery_address", "bank_account", "phone"))


def payers(register: Register, connection: sa.Connection, typed: str, limit: int) -> Tables:
    """Return outsiders and corporations that match every word: number in full, reading or name anywhere.

    They are some in a hundred of a town, so they are read and compared one by one, by the keys of the search.
    """
    words = words_of(typed)
    return {table: _matching(register, connection, table, words, limit) if words else [] for table in _NAMED}


def is_payer(register: Register, connection: sa.Connection, atena_no: str) -> bool:
    """Tell whether a number is of somebody who is known here and no resident: 住登外者, 法人."""
    return any(register.row(connection, table, (atena_no,)) for table in _NAMED)


def _rows_of(
    register: Register,
    connection: sa.Connection,
    atena_no: str,
    tables: Sequence[str],
    tax: str | None = None,
) -> Tables:
    hidden = _is_sheltered(register, connection, atena_no)
    found: Tables = {}
    for name in tables:
        source = storage.rows[name]
        where = [source.c.atena_no == atena_no]
        if name == "tax_account" and tax:
            where.append(source.c.tax == tax)
        rows = register.rows(connection, name, *where)
        found[name] = [_without_places(name, row) for row in rows] if hidden else rows
    return found


def _is_sheltered(register: Register, connection: sa.Connection, atena_no: str) -> bool:
    """Tell whether places are to be left out; problem ``refused.not_found`` for a number nobody has."""
    index = storage.resident_index
    household_no = connection.execute(
        sa.select(index.c.household_no).where(
            index.c.municipality == register.municipality, index.c.atena_no == atena_no
        )
    ).scalar_one_or_none()
    if household_no is None:
        if not is_payer(register, connection, atena_no):
            raise not_found()
        return _is_protected(register, connection, atena_no)
    where = sheltered(register.municipality, sa.literal(household_no))
    return bool(connection.execute(sa.select(where)).scalar_one())


def _is_protected(register: Register, connection: sa.Connection, atena_no: str) -> bool:
    """Tell whether somebody who is no resident is under 支援措置 here."""
    return bool(register.rows(connection, "shien_sochi", storage.rows["shien_sochi"].c.atena_no == atena_no))


def _without_places(table: str, row: Row) -> dict[str, object]:
    hidden = _PLACES.get(table, frozenset())
    return {column: value for column, value in row.items() if column not in hidden}


def _matching(
    register: Register, connection: sa.Connection, table: str, words: list[str], limit: int
) -> list[dict[str, object]]:
    rows = register.rows(connection, table, order=(_NAMED[table][1], "atena_no"))
    found = [row for row in rows if all(_matches(table, row, word) for word in words)]
    return [
        _without_places(table, row) if _is_protected(register, connection, str(row["atena_no"])) else row
        for row in found[:limit]
    ]


def _matches(table: str, row: Row, word: str) -> bool:
    if word.isdecimal():
        return any(row.get(column) == word for column in _NUMBERED[table])
    name, reading = (str(row.get(column, "")) for column in _NAMED[table])
    if is_reading(word):
        # A corporation may be written in kana, and is then found by its name too.
        key = kana_key(word)
        return bool(key) and any(key in kana_key(one) for one in (reading, name) if is_reading(one))
    key = name_key(word)
    return bool(key) and key in name_key(name)

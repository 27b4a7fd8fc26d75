"""Rows an officer gives with a decision, where no rule can write them: held against the contract before they stand."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping

from cloud.contract import TableContract, tables
from cloud.households import history_no_of, present_row
from cloud.office.case import Case
from cloud.office.numbers import next_household_no
from cloud.problems import malformed
from cloud.register import Change, put, remove

_NOT_THEIRS = frozenset(("intake", "terminal_revocation"))  # written by what happens, never by hand


def given_changes(case: Case) -> list[Change]:
    """Return the rows given: {table, row} to stand, {table, key} to go; 422 where one is not of the contract.

    Residents with an empty 世帯番号 come into one new household together.
    """
    if any(_is_of_new_household(given) for given in case.decision.changes):
        number = next_household_no(case)
        return [_change(case, _into(given, number)) for given in case.decision.changes]
    return [_change(case, given) for given in case.decision.changes]


def _is_of_new_household(given: Mapping[str, object]) -> bool:
    row = given.get("row")
    return given.get("table") == "resident" and isinstance(row, dict) and row.get("household_no") == ""


def _into(given: Mapping[str, object], number: str) -> Mapping[str, object]:
    row = given.get("row")
    if not (_is_of_new_household(given) and isinstance(row, dict)):
        return given
    return {**given, "row": row | {"household_no": number}}


def _change(case: Case, given: Mapping[str, object]) -> Change:
    contract = tables().get(str(given.get("table", "")))
    if contract is None or contract.name in _NOT_THEIRS:
        raise malformed("changes: no table an officer writes")
    row, key = given.get("row"), given.get("key")
    if isinstance(row, dict) and key is None:
        change = _put(contract, row)
        if contract.name == "resident":
            _follows(case, change)
        return change
    if isinstance(key, list) and row is None and contract.name != "resident":
        return _remove(case, contract, key)
    raise malformed("changes: a row or a key; of a resident's record nothing is taken away")


def _put(contract: TableContract, row: dict[str, object]) -> Change:
    blobs = [name for name, kind in contract.columns.items() if kind == "blob" and name in row]
    try:
        return put(contract.name, row | {name: b64decode(str(row[name]), validate=True) for name in blobs})
    except (NotBase64, ValueError, TypeError):
        raise malformed("changes: a row is not of the contract") from None


def _follows(case: Case, change: Change) -> None:
    """Let only the version that follows the present one be written: the past stays as it was."""
    row = change.row or {}
    before = present_row(case.register, case.connection, str(row["atena_no"]))
    if history_no_of(row) != 1 + (history_no_of(before) if before else 0):
        raise malformed("changes: not the version that follows the present one")


def _remove(case: Case, contract: TableContract, key: list[object]) -> Change:
    kinds = [contract.columns[name] for name in contract.key]
    is_good = len(key) == len(kinds) and all(
        type(value) is (int if kind == "int" else str) for kind, value in zip(kinds, key, strict=False)
    )
    found = [value for value in key if isinstance(value, str | int)]
    if not is_good or case.register.row(case.connection, contract.name, tuple(found)) is None:
        raise malformed("changes: no such row")
    return remove(contract.name, tuple(found))

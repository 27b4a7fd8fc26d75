"""The register as the replica answers it: rows in, domain values out."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from client.domain.as_of import Answer
from client.domain.blocks import Restrictions
from client.domain.certificate import CertificateKind, Certifier, FormWords, OfficialSeal
from client.domain.errors import RefusedError, StoreError
from client.domain.gaiji import Gaiji
from client.domain.nhi import Insured
from client.domain.query import Query
from client.domain.record import (
    block_from_row,
    gaiji_from_row,
    hit_from_row,
    resident_from_row,
    shien_sochi_from_row,
    without_places,
)
from client.domain.resident import AtenaNo, Hit, Household, HouseholdNo
from client.rules.deputy import same
from offline.store import doubt, search
from offline.store.rows import Row, table_named
from offline.store.search_line import PERSON
from offline.store.sums import as_of

# What a line of the list is made of, and no more: a whole record is read when it is opened.
_HIT = (
    *("atena_no", "household_no", "status", "full_name", "latin_name", "furigana", "tsusho_furigana"),
    *("birth_text", "birth_sort", "sex", "address_town", "address_banchi", "address_katagaki"),
)
# A look is one at the whole household, so that one member's 抑止 forbids it for all. One that begins later counts
# too: a list has no day of its own.
_NO_LOOK = "b.process = 'view' AND b.level = 'error'"
_UNSEEN = f"""
WITH b AS MATERIALIZED (SELECT atena_no, household_no FROM block b WHERE {_NO_LOOK})
SELECT atena_no FROM b WHERE atena_no IS NOT NULL
UNION SELECT p.atena_no FROM b CROSS JOIN person p ON p.household_no = b.household_no
UNION SELECT p.atena_no FROM b CROSS JOIN person o ON o.atena_no = b.atena_no
    CROSS JOIN person p ON p.household_no = o.household_no WHERE o.living AND p.living
"""
_HITS = f"""
SELECT EXISTS (SELECT 1 FROM shien_sochi s WHERE s.atena_no = r.atena_no),
    EXISTS (SELECT 1 FROM block b WHERE b.atena_no = r.atena_no)
    OR EXISTS (SELECT 1 FROM block b WHERE b.household_no = r.household_no),
    EXISTS (SELECT 1 FROM block b WHERE b.atena_no = r.atena_no AND {_NO_LOOK})
    OR EXISTS (SELECT 1 FROM block b WHERE b.household_no = r.household_no AND {_NO_LOOK})
    OR r.status = 'resident' AND EXISTS (
        SELECT 1 FROM person p CROSS JOIN block b ON b.atena_no = p.atena_no
        WHERE p.household_no = r.household_no AND p.living AND {_NO_LOOK}),
    {", ".join(f"r.{column}" for column in _HIT)}
FROM json_each(?) wanted CROSS JOIN resident r ON r.rowid = wanted.value
ORDER BY wanted.key
"""
_RECORD, _TOWN, _HOME = (PERSON.index(name) for name in ("record", "town", "household_no"))


def find(
    connection: sqlite3.Connection, finder: search.Finder, query: Query, *, limit: int
) -> Answer[tuple[Hit, ...]]:
    """Return residents that match, with block marks; of the protected and who lives with them no address (P08)."""
    in_doubt = doubt.is_any(connection)  # a measure may be missing: then no search by address tells anything
    lines = finder.lines(
        connection,
        query,
        limit=limit,
        without_places=in_doubt or query.unplaced,
        unseen={number for (number,) in connection.execute(_UNSEEN)},
    )
    hidden = {str(line[_HOME]) for line in lines if line[_TOWN] is None}  # who lives in a shelter
    if in_doubt:
        hidden |= doubt.among(connection, {str(line[_HOME]) for line in lines})
    records = connection.execute(_HITS, (json.dumps([line[_RECORD] for line in lines]),))
    return Answer(tuple(_hit(record, hidden) for record in records), as_of(connection))


def household_of(connection: sqlite3.Connection, atena_no: AtenaNo) -> Answer[Household]:
    """Return the present household of a resident, members in the stored order."""
    row = connection.execute("SELECT household_no FROM person WHERE atena_no = ?", (atena_no,)).fetchone()
    if row is None:
        if doubt.is_any(connection):  # whoever is not here may be what was lost
            raise StoreError("store.damaged_replica")
        raise RefusedError("refused.not_found")
    household_no = HouseholdNo(row[0])
    members = table_named("resident").where(
        connection,
        "r WHERE EXISTS (SELECT 1 FROM person p WHERE p.household_no = ? AND p.atena_no = r.atena_no"
        " AND p.history_no = r.history_no) ORDER BY order_no, atena_no",
        household_no,
    )
    household = Household(household_no, tuple(map(resident_from_row, members)))
    return Answer(household, as_of(connection))


def restrictions_of(connection: sqlite3.Connection, household: Household) -> Answer[Restrictions]:
    """Return every block and support measure that concerns a household or its members, past end dates too.

    Of measures also those for anybody else whose record stands in that household, living there or not. StoreError
    ``store.damaged_replica`` where one of them may be missing from a mended file.
    """
    _trust(connection, household.household_no)
    numbers = [member.atena_no for member in household.members]
    marks = ", ".join("?" * len(numbers))
    blocks = table_named("block").where(
        connection, f"WHERE household_no = ? OR atena_no IN ({marks})", household.household_no, *numbers
    )
    measures = table_named("shien_sochi").where(
        connection,
        f"WHERE atena_no IN ({marks}) OR atena_no IN (SELECT atena_no FROM person WHERE household_no = ?)",
        *numbers,
        household.household_no,
    )
    restrictions = Restrictions(
        tuple(map(block_from_row, blocks)), tuple(map(shien_sochi_from_row, measures))
    )
    return Answer(restrictions, as_of(connection))


def homes_of(connection: sqlite3.Connection, residents: Iterable[AtenaNo]) -> frozenset[HouseholdNo]:
    """Return the households of some residents, of those that are known."""
    rows = connection.execute(
        "SELECT household_no FROM person WHERE atena_no IN (SELECT value FROM json_each(?))",
        (json.dumps(list(residents)),),
    )
    return frozenset(HouseholdNo(str(number)) for (number,) in rows)


def sheltered_among(
    connection: sqlite3.Connection, who: Iterable[AtenaNo], also: Iterable[AtenaNo]
) -> frozenset[AtenaNo]:
    """Return who of some people lives with somebody under support measures, or with one of ``also``; each with oneself."""
    rows = connection.execute(
        "WITH hidden AS (SELECT atena_no FROM shien_sochi UNION SELECT value FROM json_each(:also)),"
        " home AS (SELECT household_no FROM person WHERE atena_no IN (SELECT atena_no FROM hidden))"
        " SELECT value FROM json_each(:who) WHERE value IN (SELECT atena_no FROM hidden) OR value IN"
        " (SELECT atena_no FROM person WHERE household_no IN (SELECT household_no FROM home))",
        {"who": json.dumps(list(who)), "also": json.dumps(list(also))},
    )
    return frozenset(AtenaNo(str(number)) for (number,) in rows)


def told_of(connection: sqlite3.Connection, keys: Iterable[str]) -> Restrictions:
    """Return the rows of some requests, by key: their ids are the key, a hyphen and a place."""
    asked = json.dumps(list(keys))

    def of(table: str, name: str) -> list[Row]:
        ids = (
            f"SELECT {name} FROM json_each(?) JOIN {table} ON {name} > value || '-' AND {name} < value || '.'"
        )
        return table_named(table).where(connection, f"WHERE {name} IN ({ids})", asked)

    return Restrictions(
        tuple(map(block_from_row, of("block", "block_id"))),
        tuple(map(shien_sochi_from_row, of("shien_sochi", "measure_id"))),
    )


def form_words(
    connection: sqlite3.Connection,
    kind: CertificateKind,
    *,
    whole: bool,
    on: date,
    deputy: tuple[str, str] | None = None,
) -> Answer[FormWords]:
    """Return certifier, seal, attestation and fee in force on a day; RefusedError names what is missing.

    ``deputy`` is title and name of a 職務代理者 declared here: one the register has no seal of has none, for the
    mayor's beside another name would be a false one.
    """
    town = _needed("town", table_named("town").where(connection, "LIMIT 1"))
    certifier = _deputy(connection, deputy) or _needed("certifier", _in_force(connection, "certifier", on))
    scope = "household" if whole else "members"
    attestation = _needed(
        "attestation",
        _in_force(connection, "attestation", on, "certificate = ? AND scope = ?", kind.value, scope),
    )
    fee = _needed("fee_rule", _in_force(connection, "fee_rule", on, "certificate = ?", kind.value))
    seals = _in_force(connection, "official_seal", on, "certifier_id = ?", certifier["certifier_id"])
    words = FormWords(
        certifier=Certifier(
            str(town.get("prefecture", "")),
            str(town["name"]),
            str(certifier["title"]),
            str(certifier["name"]),
            declared=deputy is not None,
        ),
        seal=_seal(seals[0]) if seals else None,
        attestation=str(attestation["text"]),
        fee_yen=_number(fee, "yen"),
    )
    return Answer(words, as_of(connection))


def certifier_on(connection: sqlite3.Connection, day: date) -> Answer[tuple[str, str] | None]:
    """Return title and name of who certifies on a day, None where the register names nobody."""
    rows = _in_force(connection, "certifier", day)
    return Answer((str(rows[0]["title"]), str(rows[0]["name"])) if rows else None, as_of(connection))


def history_of(connection: sqlite3.Connection, atena_no: AtenaNo) -> Answer[tuple[Row, ...]]:
    """Return every version of a resident's record, newest first; without the places of a shelter, and of who lives there."""
    rows = table_named("resident").where(connection, "WHERE atena_no = ? ORDER BY history_no DESC", atena_no)
    homes = {HouseholdNo(str(row["household_no"])) for row in rows}
    hidden = {*_protected(connection, homes)[1], *(one for one in homes if doubt.covers(connection, one))}
    if rows and rows[0]["household_no"] in hidden:
        hidden |= homes
    told = (without_places(row) if row["household_no"] in hidden else row for row in rows)
    return Answer(tuple(told), as_of(connection))


def insured(connection: sqlite3.Connection, who: Iterable[AtenaNo]) -> Answer[Insured]:
    """Return of some people when they were in 国保. StoreError ``store.damaged_replica`` where a row may be missing."""
    if doubt.is_any(connection):
        raise StoreError("store.damaged_replica")
    rows = connection.execute(
        "SELECT atena_no, acquired, lost FROM nhi_member WHERE atena_no IN (SELECT value FROM json_each(?))",
        (json.dumps(list(who)),),
    )
    spells: dict[AtenaNo, tuple[tuple[date, date | None], ...]] = {}
    for number, acquired, lost in rows:
        spell = (date.fromisoformat(acquired), date.fromisoformat(lost) if lost else None)
        spells[AtenaNo(number)] = (*spells.get(AtenaNo(number), ()), spell)
    stands = as_of(connection)
    return Answer(Insured(spells, stands.register_at), stands)


def intakes_of(connection: sqlite3.Connection, atena_no: AtenaNo) -> Answer[tuple[Row, ...]]:
    """Return what became of a resident's intakes, as the register last said."""
    rows = table_named("intake").where(connection, "WHERE atena_no = ? ORDER BY changed_at", atena_no)
    return Answer(tuple(rows), as_of(connection))


def intakes_told(
    connection: sqlite3.Connection, keys: Iterable[str], returned: int
) -> Answer[tuple[Row, ...]]:
    """Return what became of some intakes, and of those returned last so many."""
    rows = table_named("intake").where(
        connection,
        "WHERE command_key IN (SELECT value FROM json_each(?)) OR command_key IN"
        " (SELECT command_key FROM intake WHERE state = 'returned' ORDER BY changed_at DESC LIMIT ?)",
        json.dumps(list(keys)),
        returned,
    )
    return Answer(tuple(rows), as_of(connection))


def _trust(connection: sqlite3.Connection, household_no: HouseholdNo) -> None:
    if doubt.covers(connection, household_no):  # a measure for somebody there may be missing (P08)
        raise StoreError("store.damaged_replica")


def gaiji(connection: sqlite3.Connection, on: date) -> Answer[tuple[Gaiji, ...]]:
    """Return the letters of the town's own in force on a day, by their codes."""
    rows = sorted(_in_force(connection, "gaiji", on), key=lambda row: str(row["code"]))
    return Answer(tuple(map(gaiji_from_row, rows)), as_of(connection))


def _protected(
    connection: sqlite3.Connection, homes: Collection[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return who of some households is under support measures, by whatever dates, and in which of them.

    Somebody whose record is closed still counts: the record stands in the household it was closed in.
    """
    found = connection.execute(
        f"SELECT atena_no, household_no FROM person WHERE household_no IN ({', '.join('?' * len(homes))})"
        " AND atena_no IN (SELECT atena_no FROM shien_sochi)",
        tuple(homes),
    ).fetchall()
    return frozenset(row[0] for row in found), frozenset(row[1] for row in found)


def _hit(record: Sequence[object], hidden: Collection[str]) -> Hit:
    protected, blocked, unseen, *values = record
    row = {column: value for column, value in zip(_HIT, values, strict=True) if value is not None}
    hides = row["household_no"] in hidden
    return hit_from_row(
        row, protected=bool(protected), hidden=hides, blocked=bool(blocked), unseen=bool(unseen)
    )


def _in_force(
    connection: sqlite3.Connection, table: str, on: date, condition: str = "1", *values: object
) -> list[Row]:
    day = on.isoformat()
    return table_named(table).where(
        connection,
        f"WHERE {condition} AND coalesce(in_force_from, '') <= ? AND coalesce(in_force_until, '9999') >= ?"
        " ORDER BY in_force_from DESC",
        *values,
        day,
        day,
    )


def _needed(what: str, rows: list[Row]) -> Row:
    if not rows:
        raise RefusedError("refused.not_found", what=what)
    return rows[0]


def _deputy(connection: sqlite3.Connection, deputy: tuple[str, str] | None) -> Row | None:
    """Return a deputy as a certifier; with the id under which the register has the very same, of whatever days."""
    if deputy is None:
        return None
    rows = table_named("certifier").where(connection, "")
    known = [row for row in rows if same((str(row["title"]), str(row["name"])), deputy)]
    title, name = deputy
    return {"certifier_id": known[0]["certifier_id"] if known else "", "title": title, "name": name}


def _seal(row: Row) -> OfficialSeal | None:
    image = row.get("image")
    return OfficialSeal(image, _number(row, "side_mm")) if isinstance(image, bytes) else None


def _number(row: Row, column: str) -> int:
    value = row[column]
    if not isinstance(value, int):
        raise TypeError(f"column {column} is not a number")
    return value

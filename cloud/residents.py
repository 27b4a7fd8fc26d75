"""The search for residents: who is meant, in the order of the list, and what a list may say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from cloud import storage
from cloud.problems import malformed
from cloud.search_words import Asked, Condition, People, Reader, Term
from cloud.shelter import sheltered
from cloud.unseen import unseen_people

MOST_HITS = 200
_PROCESSES = ("issue", "view", "ido", "seal")
_UNSAID = {"furigana": None, "birth_text": "", "birth_sort": None, "sex": None, "address": None}


def shown_name(row: Mapping[str, object]) -> str:
    """Return the name a list is headed with: a foreigner's Latin name, then the kanji one."""
    full, latin = str(row.get("full_name", "")), str(row.get("latin_name", ""))
    return f"{latin}　{full}" if latin and full and latin != full else latin or full


def search(
    connection: sa.Connection, municipality: str, asked: Asked, *, limit: int
) -> list[dict[str, object]]:
    """Return hits for whom all that is asked holds.

    First those whose name begins with the first word, then those whose name holds it, then the others, each in kana
    order. The address of a person under 支援措置, and of whoever is in the same household, is not read at all. Problem 422
    where a field has more words than are read.
    """
    if (field := asked.overlong) is not None:
        raise malformed(f"the body at `$.{field}`")
    reader = Reader(connection, municipality, asked)
    terms = reader.terms()
    if not all(term.senses for term in terms) or not (terms or reader.sex):
        return []
    index = storage.resident_index
    unseen = unseen_people(connection, municipality)
    query = sa.select(index.c.atena_no).where(
        index.c.municipality == municipality, _or_unseen(reader.of_sex(), unseen, sa.true())
    )
    if not asked.removed:
        query = query.where(index.c.status == "resident")
    if unseen:  # they are found by name or number, whatever else is asked beside
        named = [_is_in(term.naming) for term in terms if term.naming]
        query = query.where(sa.or_(index.c.atena_no.not_in(unseen), *named))
    most = min(limit, MOST_HITS)
    found = _by_one_word(connection, query, terms[0], most) if len(terms) == 1 else None
    if found is None:
        found = list(connection.execute(_by_words(query, terms, unseen).limit(most)).scalars())
    return _hits(connection, municipality, found)


def _or_unseen(condition: Condition, unseen: frozenset[str], instead: Condition) -> Condition:
    """Return a condition with another in its place for those nobody may look at: what is theirs is not tried."""
    if not unseen:
        return condition
    hidden = storage.resident_index.c.atena_no.in_(unseen)
    return sa.or_(sa.and_(sa.not_(hidden), condition), sa.and_(hidden, instead))


def _is_in(people: Sequence[People]) -> Condition:
    return storage.resident_index.c.atena_no.in_(sa.union_all(*people))


def _by_one_word(connection: sa.Connection, query: People, term: Term, most: int) -> list[str]:
    """Return the list part by part, for as long as it is not full: most lists are once names that begin so are read."""
    number = storage.resident_index.c.atena_no
    parts: list[People] = []
    if term.named is not None:
        leads = query.where(term.leads) if term.sure else query.where(term.leads, _is_one_of(term))
        parts = [
            _in_kana_order(leads, walked=term.is_reading),
            _in_kana_order(query.where(number.in_(term.named))),
        ]
    if term.others:
        parts.append(_in_kana_order(query.where(number.in_(sa.union_all(*term.others)))))
    found: dict[str, None] = {}
    for part in parts:
        # Who stands in a part before comes again and keeps the place, so no part is asked for more than the list holds.
        found |= dict.fromkeys(connection.execute(part.limit(most)).scalars())
        if len(found) >= most:
            break
    return list(found)[:most]


def _by_words(query: People, terms: Sequence[Term], unseen: frozenset[str]) -> People:
    if terms and (named := terms[0].named) is not None:
        once = sa.select(named.cte("named").c.atena_no)  # asked for twice, read once
        terms = [replace(terms[0], named=once), *terms[1:]]
        is_named = storage.resident_index.c.atena_no.in_(once)
        query = query.order_by(sa.case((terms[0].leads, 0), (is_named, 1), else_=2))
    longest = max(terms, key=lambda term: term.length, default=None)
    for term in terms:
        looked_up = longest is not None and longest.length > 1 and term is not longest
        meant = _is_meant(term) if looked_up else _is_one_of(term)
        # A word that may tell a day, a place or a card is left open for them: whether it is theirs is not to be known.
        query = query.where(_or_unseen(meant, unseen, sa.true() if term.rest else meant))
    return _in_kana_order(query)


def _is_one_of(term: Term) -> Condition:
    return storage.resident_index.c.atena_no.in_(sa.union_all(*term.senses))


def _is_meant(term: Term) -> Condition:
    """Ask the same of a person at hand."""
    number = storage.resident_index.c.atena_no
    return sa.or_(*(people.where(people.selected_columns[0] == number).exists() for people in term.senses))


def _in_kana_order(query: People, *, walked: bool = False) -> People:
    """Order a list; where it is not to be walked through in that order, SQLite sorts the few it finds by their numbers."""
    index = storage.resident_index
    return query.order_by(index.c.kana_sort if walked else index.c.kana_sort + "", index.c.atena_no)


def _hits(connection: sa.Connection, municipality: str, numbers: Sequence[str]) -> list[dict[str, object]]:
    if not numbers:
        return []
    query = _columns(municipality).where(
        storage.resident_index.c.municipality == municipality, storage.resident_index.c.atena_no.in_(numbers)
    )
    by_number = {row.atena_no: _hit(row._mapping) for row in connection.execute(query)}
    return [by_number[number] for number in numbers]


def _columns(municipality: str) -> sa.Select[Any]:
    index, resident = storage.resident_index, storage.rows["resident"]
    shien, block = storage.rows["shien_sochi"], storage.rows["block"]
    protected = sa.exists().where(shien.c.municipality == municipality, shien.c.atena_no == index.c.atena_no)
    hidden = sa.or_(protected, sheltered(municipality, index.c.household_no))
    blocked = sa.exists().where(
        block.c.municipality == municipality,
        sa.or_(block.c.atena_no == index.c.atena_no, block.c.household_no == index.c.household_no),
    )
    names = ("full_name", "latin_name", "furigana", "tsusho_furigana", "birth_text", "birth_sort", "sex")
    places = ("address_town", "address_banchi", "address_katagaki")
    return sa.select(
        index.c.atena_no,
        index.c.household_no,
        index.c.status,
        *(resident.c[name] for name in names),
        *(sa.case((hidden, None), else_=resident.c[name]).label(name) for name in places),
        hidden.label("hidden"),
        protected.label("protected"),
        blocked.label("blocked"),
        *(_is_stopped(municipality, process).label(f"stopped_{process}") for process in _PROCESSES),
    ).join(
        resident,
        sa.and_(
            resident.c.municipality == index.c.municipality,
            resident.c.atena_no == index.c.atena_no,
            resident.c.history_no == index.c.history_no,
        ),
    )


def _is_stopped(municipality: str, process: str) -> sa.ColumnElement[bool]:
    """Return what tells that a 抑止 stops a process for somebody; one of 照会 does so for all they live with.

    One that begins later counts too: a list has no day of its own.
    """
    index, block = storage.resident_index, storage.rows["block"]
    stops = (block.c.municipality == municipality, block.c.process == process, block.c.level == "error")
    own = sa.exists().where(
        *stops, sa.or_(block.c.atena_no == index.c.atena_no, block.c.household_no == index.c.household_no)
    )
    if process != "view":
        return own
    other = index.alias()
    housemates = sa.exists().where(
        *stops,
        index.c.status == "resident",
        other.c.municipality == municipality,
        other.c.household_no == index.c.household_no,
        other.c.status == "resident",
        block.c.atena_no == other.c.atena_no,
    )
    return sa.or_(own, housemates)


def as_listed(hit: Mapping[str, object]) -> dict[str, object]:
    """Return a hit as a counter may have it: of whom nobody may look at, the name alone."""
    stopped = hit["stopped"]
    if not isinstance(stopped, list) or "view" not in stopped:
        return dict(hit)
    return {**hit, **_UNSAID}


def _hit(row: Mapping[Any, Any]) -> dict[str, object]:
    known = {column: value for column, value in row.items() if value is not None}
    place = f"{known.get('address_town', '')}{known.get('address_banchi', '')}"
    if known.get("address_katagaki"):
        place += f"　{known['address_katagaki']}"
    hit = {
        name: known.get(name)
        for name in ("atena_no", "household_no", "birth_text", "birth_sort", "sex", "status")
    }
    return hit | {
        "name": shown_name(known),
        "furigana": known.get("furigana") or known.get("tsusho_furigana"),
        "address": None if row["hidden"] else place,
        "blocked": bool(row["blocked"]),
        "protected": bool(row["protected"]),
        "stopped": [process for process in _PROCESSES if row[f"stopped_{process}"]],
    }

"""A row of the register, as the contract names its columns, read into values.

The row is a map without nulls: a column that is not known is absent (resources/contract/tables.toml).
"""

from datetime import date

from client.domain.blocks import Block, BlockLevel, BlockProcess, ShienSochi
from client.domain.calendar import RegisterDate
from client.domain.gaiji import Gaiji
from client.domain.resident import (
    Address,
    AtenaNo,
    ForeignStatus,
    Hit,
    HouseholdNo,
    ReadName,
    Removal,
    Resident,
    ResidentKind,
    ResidentStatus,
    shown_name,
)
from client.domain.row import Row, day_cell


def _text(row: Row, column: str) -> str | None:
    value = row.get(column)
    return value if isinstance(value, str) else None


def _need(row: Row, column: str) -> str:
    value = row[column]
    if not isinstance(value, str):
        raise TypeError(f"column {column} is not a text")
    return value


def _number(row: Row, column: str) -> int:
    value = row[column]
    if not isinstance(value, int):
        raise TypeError(f"column {column} is not a number")
    return value


def day(row: Row, column: str) -> date | None:
    """Return a date column ("2026-11-20"), or None where it is absent."""
    value = row.get(column)
    return None if value is None else day_cell(value)


def _register_date(row: Row, stem: str) -> RegisterDate | None:
    text = _text(row, f"{stem}_text")
    return None if text is None else RegisterDate(text, day(row, f"{stem}_sort"))


def _read_name(row: Row, stem: str) -> ReadName | None:
    text = _text(row, stem)
    return None if text is None else ReadName(text, _text(row, f"{stem}_furigana"))


def _foreign(row: Row) -> ForeignStatus | None:
    if row["kind"] != ResidentKind.FOREIGN.value:
        return None
    return ForeignStatus(
        nationality=_text(row, "nationality"),
        category=_text(row, "article_30_45"),
        residence_status=_text(row, "residence_status"),
        period=_text(row, "residence_period"),
        until=day(row, "residence_until"),
        card_no=_text(row, "residence_card_no"),
    )


_ITEMS = frozenset(
    (
        *("honseki", "hittosha", "nationality", "article_30_45"),
        *("residence_status", "residence_period", "residence_until", "residence_card_no"),
    )
)
_PLACES = frozenset(
    (
        *("address_code", "postcode", "address_banchi", "address_katagaki"),
        *("honseki", "tennyu_from", "before_move", "tenshutsu_to", "remarks"),
    )
)


def without_places(row: Row) -> Row:
    """Return a row without anything that says where the person lives, lived or went; the column of 町 is needed."""
    return {column: value for column, value in row.items() if column not in _PLACES} | {"address_town": ""}


def without_items(row: Row) -> Row:
    """Return a row without what needs a right of its own: 本籍・筆頭者, 在留資格等."""
    return {column: value for column, value in row.items() if column not in _ITEMS}


def gaiji_from_row(row: Row) -> Gaiji:
    """Read a row of table ``gaiji``; whatever it holds, since one letter must not keep the others away."""
    outline = row.get("outline")
    return Gaiji(
        code=_text(row, "code") or "",
        reading=_text(row, "reading") or "",
        mj_code=_text(row, "mj_code") or "",
        outline=outline if isinstance(outline, bytes) else b"",
    )


def resident_from_row(row: Row) -> Resident:
    """Read a row of table ``resident``; KeyError, TypeError or ValueError where it is not of the contract."""
    birth = _register_date(row, "birth")
    since = _register_date(row, "resident_since")
    if birth is None or since is None:
        raise KeyError("birth_text, resident_since_text")
    status = ResidentStatus(_need(row, "status"))
    removal = None
    if status is not ResidentStatus.RESIDENT:
        removal = Removal(_text(row, "removed_reason"), day(row, "removed_date"), _text(row, "tenshutsu_to"))
    return Resident(
        atena_no=AtenaNo(_need(row, "atena_no")),
        history_no=_number(row, "history_no"),
        household_no=HouseholdNo(_need(row, "household_no")),
        order_no=_number(row, "order_no"),
        status=status,
        kind=ResidentKind(_need(row, "kind")),
        name=ReadName(
            _text(row, "full_name") or "", _text(row, "furigana"), row.get("furigana_confirmed", True) is True
        ),
        latin_name=_text(row, "latin_name"),
        former_surname=_read_name(row, "former_surname"),
        tsusho=_read_name(row, "tsusho"),
        birth=birth,
        sex=_text(row, "sex"),
        relationship=_text(row, "relationship"),
        householder_name=_text(row, "householder_name"),
        honseki=_text(row, "honseki"),
        hittosha=_text(row, "hittosha"),
        address=Address(
            town=_need(row, "address_town"),
            banchi=_text(row, "address_banchi") or "",
            katagaki=_text(row, "address_katagaki") or "",
            code=_text(row, "address_code"),
            postcode=_text(row, "postcode"),
        ),
        resident_since=since,
        resident_since_reason=_text(row, "resident_since_reason"),
        address_since=_register_date(row, "address_since"),
        todoke_date=day(row, "todoke_date"),
        tennyu_from=_text(row, "tennyu_from"),
        before_move=_text(row, "before_move"),
        tenshutsu_to=_text(row, "tenshutsu_to"),
        tenshutsu_planned=day(row, "tenshutsu_planned"),
        removal=removal,
        foreign=_foreign(row),
        remarks=_text(row, "remarks"),
    )


def hit_from_row(row: Row, *, protected: bool, hidden: bool, blocked: bool, unseen: bool) -> Hit:
    """Read the columns of table ``resident`` a line of a result list is made of; ``hidden``: without the address."""
    birth = _register_date(row, "birth")
    if birth is None:
        raise KeyError("birth_text")
    full_name, latin_name = _text(row, "full_name") or "", _text(row, "latin_name")
    address = Address(
        _need(row, "address_town"), _text(row, "address_banchi") or "", _text(row, "address_katagaki") or ""
    )
    return Hit(
        atena_no=AtenaNo(_need(row, "atena_no")),
        household_no=HouseholdNo(_need(row, "household_no")),
        name=shown_name(full_name, latin_name),
        furigana=_text(row, "furigana") or _text(row, "tsusho_furigana"),
        birth=birth,
        sex=_text(row, "sex"),
        address=None if protected or hidden or unseen else address.text,
        status=ResidentStatus(_need(row, "status")),
        blocked=blocked,
        protected=protected,
        unseen=unseen,
    )


def block_from_row(row: Row) -> Block:
    """Read a row of table ``block``."""
    atena = _text(row, "atena_no")
    household = _text(row, "household_no")
    return Block(
        block_id=_need(row, "block_id"),
        atena_no=AtenaNo(atena) if atena else None,
        household_no=HouseholdNo(household) if household else None,
        process=BlockProcess(_need(row, "process")),
        level=BlockLevel(_need(row, "level")),
        reason=_text(row, "reason") or "",
        starts=day(row, "starts"),
        ends=day(row, "ends"),
    )


def shien_sochi_from_row(row: Row) -> ShienSochi:
    """Read a row of table ``shien_sochi``."""
    return ShienSochi(
        measure_id=_need(row, "measure_id"),
        atena_no=AtenaNo(_need(row, "atena_no")),
        provisional=row.get("provisional") is True,
        starts=day(row, "starts"),
        ends=day(row, "ends"),
        other_side=box if isinstance(box := row.get("other_side"), bytes) else b"",
    )

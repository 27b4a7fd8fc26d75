"""在留資格等 on the way to a terminal: only to who has the right to it; an answer that leaves it out says so [STD j1390]."""

from collections.abc import Mapping, Sequence

from cloud.staff import Clerk

FOREIGN_COLUMNS = frozenset(
    (
        *("nationality", "article_30_45", "residence_status"),
        *("residence_period", "residence_until", "residence_card_no"),
    )
)
_Rows = Sequence[Mapping[str, object]]


def as_seen(rows: _Rows, clerk: Clerk) -> dict[str, object]:
    """Return records as an answer tells them to a clerk: ``rows``, and ``withheld`` where something was left out."""
    if clerk.may("zairyu") or not any(row.get("kind") == "foreign" for row in rows):
        return {"rows": rows}
    told = [{name: value for name, value in row.items() if name not in FOREIGN_COLUMNS} for row in rows]
    return {"rows": told, "withheld": ["zairyu"]}

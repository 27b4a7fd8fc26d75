"""Members of staff as the office sees them: their days, and every right with where it comes from and when it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cloud.staff import RIGHTS

When = Literal["now", "later", "over"]


@dataclass(frozen=True, slots=True)
class Right:
    """A right somebody has, will have or had, and where it comes from."""

    grant_id: str
    right: str
    source: Literal["person", "section"]
    section: str
    from_day: str
    until_day: str
    when: When


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff as the office sees them."""

    staff_id: str
    name: str
    section: str
    lent_by: str
    from_day: str
    until_day: str
    suspended_since: str
    when: When
    rights: Sequence[Right]


def person_of(
    row: Mapping[str, object],
    grants: Sequence[Mapping[str, object]],
    suspended: Mapping[str, str],
    today: str,
) -> Person:
    """Return a person with every right that is not over, those of today first."""
    staff_id, section = str(row["staff_id"]), str(row.get("section", ""))
    is_own = "lent_by" not in row  # what a section is granted does not reach somebody lent
    theirs = [
        right_of(one, today)
        for one in grants
        if one.get("staff_id") == staff_id
        or (is_own and "staff_id" not in one and one.get("section") == section)
    ]
    return Person(
        staff_id=staff_id,
        name=str(row.get("name", "")),
        section=section,
        lent_by=str(row.get("lent_by", "")),
        from_day=str(row.get("from_day", "")),
        until_day=str(row.get("until_day", "")),
        suspended_since=suspended.get(staff_id, ""),
        when=_when(row, today),
        rights=sorted(
            (one for one in theirs if one.when != "over"),
            key=lambda one: (
                one.when != "now",
                RIGHTS.index(one.right) if one.right in RIGHTS else 99,
                one.from_day,
            ),
        ),
    )


def right_of(row: Mapping[str, object], today: str) -> Right:
    """Return a grant as a right, held against a day."""
    return Right(
        grant_id=str(row["grant_id"]),
        right=str(row.get("right", "")),
        source="person" if "staff_id" in row else "section",
        section=str(row.get("section", "")),
        from_day=str(row.get("from_day", "")),
        until_day=str(row.get("until_day", "")),
        when=_when(row, today),
    )


def _when(row: Mapping[str, object], today: str) -> When:
    if str(row.get("until_day", "9999-12-31")) < today:
        return "over"
    return "later" if str(row.get("from_day", "")) > today else "now"

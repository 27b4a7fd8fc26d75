"""Members of staff as rows of the register: the person, and one grant a right."""

from collections.abc import Iterable, Iterator
from datetime import date

from cloud.contract import Row
from cloud.staff import NewStaff


def staff_rows(people: Iterable[NewStaff], today: date) -> Iterator[tuple[str, Row]]:
    """Yield the rows of people in force from today on, or from their own first day."""
    for person in people:
        yield "staff_member", member_row(person, today)
        for right in person.rights:
            grant_id = f"{person.staff_id}-{right}"
            yield (
                "right_grant",
                grant_row(grant_id, right, person.from_day or today, staff_id=person.staff_id),
            )


def member_row(person: NewStaff, today: date) -> Row:
    """Return the row of a person; ValueError where somebody lent has no first or no last day."""
    if person.lent_by and not (person.from_day and person.until_day):
        raise ValueError("somebody lent has a first and a last day")
    row = {
        "staff_id": person.staff_id,
        "name": person.name,
        "section": person.section,
        "from_day": (person.from_day or today).isoformat(),
    }
    if person.lent_by:
        row["lent_by"] = person.lent_by
    return row | ({"until_day": person.until_day.isoformat()} if person.until_day else {})


def grant_row(
    grant_id: str,
    right: str,
    from_day: date,
    until_day: date | None = None,
    *,
    staff_id: str = "",
    section: str = "",
) -> Row:
    """Return the row of a grant, to a person or to a section; ValueError where it is to both or neither."""
    if bool(staff_id) == bool(section):
        raise ValueError("a grant is to a person or to a section")
    to = {"staff_id": staff_id} if staff_id else {"section": section}
    row = {"grant_id": grant_id, "right": right, "from_day": from_day.isoformat(), **to}
    return row | ({"until_day": until_day.isoformat()} if until_day else {})

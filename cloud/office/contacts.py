"""Registering how somebody is reached: a telephone, and where letters go from and until when."""

from datetime import timedelta

from cloud import storage
from cloud.office.case import Case, Outcome, Record
from cloud.payloads.contacts import ContactChange, Delivery, Phone
from cloud.register import Change, put, remove

_USES = {"mobile": "携帯", "home": "自宅", "work": "勤務先", "other": "その他"}
_A_DAY = timedelta(days=1)


def contact_change(case: Case) -> Outcome:
    """Return the telephone and the places for letters as they were told."""
    request = case.request
    if not isinstance(request, ContactChange):
        raise TypeError("a case of another kind")
    (number,) = case.numbers
    changes = _places_ended(case, request, number)
    if request.phone:
        changes.append(put("phone", _phone(case, request.phone, number)))
    if request.delivery:
        changes.append(put("delivery_address", _place(case, request.delivery, number)))
    return Outcome(changes)


def _phone(case: Case, told: Phone, number: str) -> Record:
    """Return the row of a telephone: the one of this use where there is just one, else another."""
    table, kind = storage.rows["phone"], _USES[told.use]
    same = case.register.rows(case.connection, "phone", table.c.atena_no == number, table.c.kind == kind)
    phone_id = same[0]["phone_id"] if len(same) == 1 else f"{case.key}-1"
    return {"phone_id": phone_id, "atena_no": number, "kind": kind, "number": told.number}


def _place(case: Case, told: Delivery, number: str) -> Record:
    place = told.place
    row: Record = {
        "delivery_id": f"{case.key}-1",
        "atena_no": number,
        "business": told.business,
        "addressee": told.addressee,
        "address": "　".join(filter(None, (place.town + place.banchi, place.katagaki))),
        "starts": told.starts.isoformat(),
    }
    return row | {
        column: value
        for column, value in (("postcode", place.postcode), ("ends", told.until and told.until.isoformat()))
        if value
    }


def _places_ended(case: Case, request: ContactChange, number: str) -> list[Change]:
    """Return the places before as ended: of the same business by the new one, all where that is asked for."""
    table, told = storage.rows["delivery_address"], request.delivery
    changes = []
    for row in case.register.rows(case.connection, "delivery_address", table.c.atena_no == number):
        days = [request.todoke_date] if request.ends_delivery else []
        if told and row.get("business", "all") == told.business:
            days.append(told.starts - _A_DAY)
        if not days:
            continue
        last = min(days).isoformat()
        if str(row.get("starts", "")) > last:  # it never came into use
            changes.append(remove("delivery_address", (str(row["delivery_id"]),)))
        elif str(row.get("ends", last)) >= last:
            changes.append(put("delivery_address", row | {"ends": last}))
    return changes

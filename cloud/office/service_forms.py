"""NHI memberships and seal registrations, whose numbers the office gives: fields, and the rows that come out."""

from cloud import storage
from cloud.households import history_no_of, present_row
from cloud.office.row_case import HEAD, Field, Given, RowCase, RowForm, Typed
from cloud.payloads.services import NhiAcquire, SealRegister
from cloud.problems import malformed
from cloud.residents import shown_name

MEMBER_ALREADY = "rows: a membership stands"
NO_IMAGE = "rows: no image of the seal"
NUMBER_TAKEN = "rows: the number is taken"
_ACQUIRED = ("転入", "社保離脱", "出生", "生保廃止", "その他")


def nhi_forms(case: RowCase) -> list[RowForm]:
    """Return a form for each new member, with the household's symbol and number where it has them."""
    request = case.request
    if not isinstance(request, NhiAcquire):
        raise TypeError("a case of another kind")
    table = storage.rows["nhi_member"]
    forms: list[RowForm] = []
    for row in case.people():
        household = case.household(str(row["household_no"]))
        numbers = [str(one["atena_no"]) for one in household]
        standing = case.rows("nhi_member", table.c.atena_no.in_(numbers), table.c.lost.is_(None))
        known = next((one for one in standing if "symbol" in one or "number" in one), {})
        head = next((str(one["atena_no"]) for one in household if one.get("relationship") == HEAD), "")
        branch = max(
            (int(str(one["branch"])) for one in standing if str(one.get("branch")).isdecimal()), default=0
        )
        fields = (
            Field("acquired", request.acquired.isoformat()),
            Field("acquired_reason", request.reason, options=_ACQUIRED),
            Field("symbol", str(known.get("symbol", ""))),
            Field("number", str(known.get("number", ""))),
            Field("branch", f"{branch + len(forms) + 1:02d}"),
            Field("householder_atena_no", head),
            Field("burden", "3", options=("2", "3")),
            Field("valid_until", "", needed=False),
        )
        forms.append(RowForm(f"row.{row['atena_no']}.", shown_name(row), history_no_of(row), fields))
    return forms


def nhi_rows(case: RowCase, typed: Typed) -> list[Given]:
    """Return the memberships; nobody is a member twice."""
    table, given = storage.rows["nhi_member"], list[Given]()
    for row, form in zip(case.people(), nhi_forms(case), strict=True):
        number, told = str(row["atena_no"]), form.read(typed)
        if case.rows("nhi_member", table.c.atena_no == number, table.c.lost.is_(None)):
            raise malformed(MEMBER_ALREADY)
        if present_row(case.register, case.connection, told["householder_atena_no"]) is None:
            raise form.wrong("householder_atena_no")
        days = {name: form.day(name, told[name]) for name in ("acquired", "valid_until") if told[name]}
        member = {"atena_no": number, **told, **days, "burden": int(told["burden"])}
        given.append({"table": "nhi_member", "row": {n: v for n, v in member.items() if v != ""}})
    return given


def seal_forms(case: RowCase) -> list[RowForm]:
    """Return the form of one registration."""
    request = case.request
    if not isinstance(request, SealRegister):
        raise TypeError("a case of another kind")
    fields = (
        Field("registration_no", ""),
        Field("registered_name", request.registered_name),
        Field("registered", case.today.isoformat()),
    )
    return [
        RowForm(f"row.{row['atena_no']}.", shown_name(row), history_no_of(row), fields)
        for row in case.people()
    ]


def seal_rows(case: RowCase, typed: Typed) -> list[Given]:
    """Return the registration with the image that was taken in; a number is given once."""
    table, image, given = storage.rows["seal_registration"], case.payload.get("image"), list[Given]()
    if not image:
        raise malformed(NO_IMAGE)
    for row, form in zip(case.people(), seal_forms(case), strict=True):
        told = form.read(typed)
        if case.rows("seal_registration", table.c.registration_no == told["registration_no"]):
            raise malformed(NUMBER_TAKEN)
        told |= {"registered": form.day("registered", told["registered"])}
        given.append(
            {"table": "seal_registration", "row": {"atena_no": row["atena_no"], **told, "image": image}}
        )
    return given

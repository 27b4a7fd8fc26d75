"""世帯変更: everybody of the households it touches in fields, and the records that come out."""

from collections.abc import Mapping, Sequence

from cloud.households import history_no_of
from cloud.office.row_case import HEAD, Field, Given, RowCase, RowForm, Typed
from cloud.payloads.todoke import SetaiHenko
from cloud.problems import malformed
from cloud.residents import shown_name

ODD_HEADS = "rows: one householder in each household"
ODD_ORDER = "rows: each place in a household once"
NOTHING = "rows: nothing changes"
NO_HOUSEHOLD = "rows: no household of those concerned"
_WHY = {"bunri": "世帯分離", "gappei": "世帯合併", "henko": "世帯変更", "nushi_henko": "世帯主変更"}


def _households(case: RowCase) -> list[dict[str, object]]:
    """Return everybody of the households a 世帯変更 touches, those notified first."""
    request, people = case.request, case.people()
    homes = [str(row["household_no"]) for row in people]
    if isinstance(request, SetaiHenko) and request.joins:
        homes.append(request.joins)
    others = [row for home in dict.fromkeys(homes) for row in case.household(home)]
    return list({str(row["atena_no"]): row for row in (*people, *others)}.values())


def setai_forms(case: RowCase) -> list[RowForm]:
    """Return a form for everybody of the households, filled in as far as the request says it."""
    request = case.request
    if not isinstance(request, SetaiHenko):
        raise TypeError("a case of another kind")
    head = request.householder or (request.subject if request.what == "bunri" else "")
    place = len(case.household(request.joins)) if request.joins else 0
    forms = []
    for row in _households(case):
        number, home, order = str(row["atena_no"]), str(row["household_no"]), str(row["order_no"])
        if number in request.persons and request.what in {"bunri", "gappei"}:
            place += 1
            home, order = (request.joins or "") if request.what == "gappei" else "", str(place)
        fields = (
            Field("household_no", home, needed=False, hint="空欄は新しい世帯。"),
            Field("order_no", order),
            Field("relationship", _relationship(request, row, head), hint="新しい世帯主との続柄。"),
        )
        forms.append(RowForm(f"row.{number}.", shown_name(row), history_no_of(row), fields))
    return forms


def _relationship(request: SetaiHenko, row: Mapping[str, object], head: str) -> str:
    """Return a 続柄 as far as it is known: to another householder than before it has to be given."""
    number, before = str(row["atena_no"]), str(row.get("relationship", ""))
    if number == head:
        return HEAD
    if number in request.relationships:
        return request.relationships[number]
    is_other = request.what == "nushi_henko" or (number in request.persons and request.what != "henko")
    return "" if is_other else before


def setai_rows(case: RowCase, typed: Typed) -> list[Given]:
    """Return the next version of everybody whose record changes; each household keeps or gets one 世帯主."""
    request = case.request
    if not isinstance(request, SetaiHenko):
        raise TypeError("a case of another kind")
    before = _households(case)
    homes = {str(row["household_no"]) for row in before} | {request.joins or "", ""}
    after = []
    for row, form in zip(before, setai_forms(case), strict=True):
        told = form.read(typed)
        if not (told["order_no"].isascii() and told["order_no"].isdecimal()):
            raise form.wrong("order_no")
        if told["household_no"] not in homes:
            raise malformed(NO_HOUSEHOLD)
        after.append(row | told | {"order_no": int(told["order_no"])})
    heads = _heads(before, after)
    told_days: Given = {
        "ido_reason": _WHY[request.what],
        "ido_date": request.ido_date.isoformat(),
        "ido_todoke_date": request.todoke_date.isoformat(),
        "processed_date": case.today.isoformat(),
    }
    changed = [
        new | told_days | {"history_no": history_no_of(old) + 1}
        for old, row in zip(before, after, strict=True)
        if (new := row | {"householder_name": heads[row["household_no"]]}) != old
    ]
    if not changed:
        raise malformed(NOTHING)
    return [{"table": "resident", "row": row} for row in changed]


def _heads(before: Sequence[Given], after: Sequence[Given]) -> dict[object, object]:
    """Return each household's 世帯主 by name; refused where one has none or several, or two stand in one place."""
    written = {  # a name that stands on records stays as it is written there
        str(row["atena_no"]): row["householder_name"]
        for row in before
        if row.get("relationship") == HEAD and "householder_name" in row
    }
    homes: dict[object, list[Given]] = {}
    for row in after:
        homes.setdefault(row["household_no"], []).append(row)
    heads: dict[object, object] = {}
    for home, members in homes.items():
        of_it = [row for row in members if row["relationship"] == HEAD]
        if len(of_it) != 1:
            raise malformed(ODD_HEADS)
        if len({row["order_no"] for row in members}) < len(members):
            raise malformed(ODD_ORDER)
        heads[home] = written.get(str(of_it[0]["atena_no"]), shown_name(of_it[0]))
    return heads

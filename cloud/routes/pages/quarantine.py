"""隔離: what was put aside, and where the journals of terminals do not hold together."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Response

from cloud.office import texts
from cloud.office.log import By
from cloud.office.notified import Group, groups_of
from cloud.office.people import names_sheltered, wrong_field
from cloud.problems import ProblemError
from cloud.routes.pages.frame import Form, FormDep, PageRoute, Visit, VisitDep

router = APIRouter(route_class=PageRoute)
STATES = ("kept", "released", "dismissed")
_NEWEST = 200


@router.get("/quarantine")
def quarantine(visit: VisitDep, state: str = "kept") -> Response:
    """Show what was put aside and why, unopened, and the trouble with journals."""
    chosen = state if state in STATES else "kept"
    items = visit.desk.quarantine.items()
    return visit.page(
        "quarantine.html",
        items=[one for one in items if one["state"] == chosen][-_NEWEST:],
        chosen=chosen,
        states=[(one, sum(item["state"] == one for item in items)) for one in STATES],
        newest=_NEWEST,
        troubles=visit.desk.journal_trouble(),
    )


@router.get("/quarantine/{item_id}")
def item(visit: VisitDep, item_id: str) -> Response:
    """Show one item unopened, and what may be done with it."""
    return _item(visit, item_id)


@router.post("/quarantine/{item_id}/opening")
def open_item(visit: VisitDep, form: FormDep, item_id: str) -> Response:
    """Show what is inside; it is written down who looked."""
    del form
    return _item(visit, item_id, inside=_inside(visit, item_id))


@router.post("/quarantine/{item_id}/release")
def release(visit: VisitDep, form: FormDep, item_id: str) -> Response:
    """Let an item take effect as its author's command."""
    desk = visit.desk.quarantine
    return _done(visit, form, item_id, "released", lambda by: desk.release(item_id, by.who, by.form))


@router.post("/quarantine/{item_id}/dismissal")
def dismiss(visit: VisitDep, form: FormDep, item_id: str) -> Response:
    """Put an item away for good, with the reason."""

    def act(by: By) -> object:
        if not form.get("reason"):
            raise wrong_field("reason")
        return visit.desk.quarantine.dismiss(item_id, by.who, form.get("reason"), by.form)

    return _done(visit, form, item_id, "dismissed", act)


def _done(visit: Visit, form: Form, item_id: str, said: str, act: Callable[[By], object]) -> Response:
    def again(error: ProblemError) -> Response:
        return _item(visit, item_id, trouble=texts.trouble(error), typed=form.fields, status=error.status)

    return visit.done(form, act, said=f"quarantine_{said}", then=f"/quarantine/{item_id}", again=again)


def _item(
    visit: Visit, item_id: str, *, inside: list[Group] | None = None, status: int = 200, **more: object
) -> Response:
    found = visit.desk.quarantine.item(item_id)
    return visit.page("quarantine_item.html", status, item=found, inside=inside, **more)


def _inside(visit: Visit, item_id: str) -> list[Group]:
    """Return an item's content in words; what never was a command as the bytes it came in."""
    told = visit.desk.quarantine.open(item_id, visit.officer.staff_id)
    if "raw" in told:
        raw = told["raw"]
        return [Group("", [("届いたまま", raw.decode("utf-8", "replace") if isinstance(raw, bytes) else "")])]
    residents = [str(one) for one in told["residents"]] if isinstance(told["residents"], list) else []
    names = visit.desk.residents.names(residents)
    named = {one: f"{name}（{one}）" for one, name in names.items()}
    head = Group(
        "",
        [
            ("受付者", str(told["made_by"])),
            ("受付日時", texts.moment(told["made_at"])),
            *([("対象", "\n".join(named.get(one, one) for one in residents))] if residents else []),
        ],
    )
    payload = told.get("payload")
    if not isinstance(payload, Mapping):
        return [head, Group("", [("中身", "封を開けません。")])]
    return [
        head,
        *groups_of(str(told["kind"]), payload, named, hide=_is_sheltered(visit, [residents, payload])),
    ]


def _is_sheltered(visit: Visit, told: object) -> bool:
    register = visit.tenant.register
    with register.reading() as connection:
        return names_sheltered(register, connection, told)

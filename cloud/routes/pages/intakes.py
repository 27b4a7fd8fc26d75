"""受付一覧 and 受付の審査."""

from collections.abc import Callable

from fastapi import APIRouter, Response

from cloud.office import texts
from cloud.office.case import Decision
from cloud.office.log import By
from cloud.office.reviewing import review
from cloud.problems import ProblemError, forbidden
from cloud.routes.pages.frame import Form, FormDep, PageRoute, Visit, VisitDep

router = APIRouter(route_class=PageRoute)
STATES = ("received", "reviewing", "registered", "returned")
_NEWEST = 200
_RELATIONSHIP = "relationship."


@router.get("/intakes")
def intakes(visit: VisitDep, state: str = "received") -> Response:
    """Show intakes of one state, or of all."""
    chosen = state if state in STATES else None
    cases = visit.desk.intakes.intakes(chosen, newest=_NEWEST)
    names = visit.desk.residents.names([str(case["atena_no"]) for case in cases])
    counts = visit.desk.intakes.counts()
    return visit.page(
        "intakes.html",
        cases=cases,
        names=names,
        chosen=chosen or "all",
        states=[(one, counts.get(one, 0)) for one in STATES],
        total=sum(counts.values()),
        newest=_NEWEST,
    )


@router.get("/intakes/{key}")
def intake(visit: VisitDep, key: str) -> Response:
    """Show an intake for review."""
    page = _review(visit, key)
    visit.saw("intake.viewed", key)
    return page


@router.post("/intakes/{key}/address")
def show_address(visit: VisitDep, form: FormDep, key: str) -> Response:
    """Show the places of sheltered people too; it is written down who asked."""
    del form
    page = _review(visit, key, show_places=True)
    visit.saw("intake.address_shown", key)
    return page


@router.post("/intakes/{key}/reviewing")
def take_up(visit: VisitDep, form: FormDep, key: str) -> Response:
    """Take an intake up: 審査中."""

    def act(by: By) -> object:
        return visit.desk.intakes.decide(key, Decision("review", by.who, form=by.form))

    return _done(visit, form, key, "reviewing", act)


@router.post("/intakes/{key}/decision")
def decide(visit: VisitDep, form: FormDep, key: str) -> Response:
    """Register an intake or return it."""
    choice = form.get("decision")
    said = {"register": "registered", "return": "returned"}.get(choice)
    if said is None:
        raise forbidden("form.foreign")
    if choice == "return" and not form.get("reason"):
        error = ProblemError(422, "refused.input", "", field="reason")
        return _review(visit, key, trouble=texts.trouble(error), typed=form.fields, status=error.status)
    related = {
        name.removeprefix(_RELATIONSHIP): value
        for name, value in form.fields.items()
        if name.startswith(_RELATIONSHIP) and value
    }

    def act(by: By) -> object:
        decision = Decision(choice, by.who, form.get("reason"), related, form=by.form)
        return visit.desk.intakes.decide(key, decision)

    return _done(visit, form, key, said, act)


def _done(visit: Visit, form: Form, key: str, said: str, act: Callable[[By], object]) -> Response:
    try:
        visit.acting(form, act)
    except ProblemError as error:
        if error.code == "refused.not_found":
            raise
        return _review(visit, key, trouble=texts.trouble(error), typed=form.fields, status=error.status)
    return visit.to(f"/intakes/{key}", said)


def _review(
    visit: Visit, key: str, *, show_places: bool = False, status: int = 200, **more: object
) -> Response:
    found = review(visit.desk.intakes, visit.tenant.register, key, show_places=show_places)
    return visit.page("intake.html", status, review=found, show_places=show_places, key=key, **more)

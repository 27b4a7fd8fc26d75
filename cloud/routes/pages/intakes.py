"""受付一覧 and 受付の審査."""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence

from fastapi import APIRouter, Response

from cloud.intakes import OPEN_STATES
from cloud.office import texts
from cloud.office.case import Decision
from cloud.office.log import By
from cloud.office.naming import newcomers_of
from cloud.office.people import wrong_field
from cloud.office.reviewing import Review, given, request_of, review, seal_image
from cloud.problems import ProblemError, forbidden, not_found
from cloud.routes.pages.frame import Form, FormDep, PageRoute, Visit, VisitDep

router = APIRouter(route_class=PageRoute)
STATES = ("received", "reviewing", "registered", "returned")
_NEWEST = 200
_RELATIONSHIP = "relationship."
_FILES = {  # what a browser is told a file is, and how its name ends; anything else is just bytes
    "image/jpeg": ("image/jpeg", "jpg"),
    "image/png": ("image/png", "png"),
    "image/tiff": ("image/tiff", "tif"),
    "application/pdf": ("application/pdf", "pdf"),
}


@router.get("/intakes")
def intakes(visit: VisitDep, state: str = "received") -> Response:
    """Show intakes of one state, or of all."""
    chosen = state if state in STATES else None
    cases = visit.desk.intakes.intakes(chosen, newest=_NEWEST)
    numbers = visit.desk.intakes.numbers(str(case["atena_no"]) for case in cases)
    names = visit.desk.residents.names(list(numbers.values()))
    names |= {one: name for case in cases for one, name in newcomers_of(request_of(case)).items()}
    counts = visit.desk.intakes.counts()
    return visit.page(
        "intakes.html",
        cases=cases,
        names=names,
        numbers=numbers,
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


@router.get("/intakes/{key}/seal.png")
def seal(visit: VisitDep, key: str) -> Response:
    """Show the seal that is to be registered."""
    image = seal_image(visit.tenant, key)
    if not image:
        raise not_found()
    return Response(b64decode(image), media_type="image/png")


@router.get("/intakes/{key}/attachments/{attachment}")
def attachment(visit: VisitDep, key: str, attachment: str) -> Response:
    """Hand out an attachment of an intake as a file; that it was opened is written down."""
    case = visit.desk.intakes.intake(key)
    visit.must_read(str(case["kind"]), key)
    found = [one for one in _here(visit, key, _notes(case)) if one["key"] == attachment]
    if not found:
        raise not_found()
    content = visit.tenant.attachments.opened(attachment, visit.officer.staff_id)
    kind, ending = _FILES.get(str(found[0]["media_type"]), ("application/octet-stream", "bin"))
    told = {"Content-Disposition": f'attachment; filename="{attachment}.{ending}"'}
    return Response(content, media_type=kind, headers=told)


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
    """Register an intake, with the rows that were typed where no rule writes them, or return it."""
    choice = form.get("decision")
    said = {"register": "registered", "return": "returned"}.get(choice)
    if said is None:
        raise forbidden("form.foreign")
    visit.must_read(
        str(visit.desk.intakes.intake(key)["kind"]), key
    )  # nobody decides on what they may not read

    def act(by: By) -> object:
        if choice == "return" and not form.get("reason"):
            raise wrong_field("reason")
        rows = given(visit.tenant, key, form.fields) if choice == "register" and _is_open(visit, key) else ()
        decision = Decision(choice, by.who, form.get("reason"), _related(form), rows, by.form)
        return visit.desk.intakes.decide(key, decision)

    return _done(visit, form, key, said, act)


def _is_open(visit: Visit, key: str) -> bool:
    return visit.desk.intakes.intake(key)["state"] in OPEN_STATES


def _related(form: Form) -> dict[str, str]:
    return {
        name.removeprefix(_RELATIONSHIP): value
        for name, value in form.fields.items()
        if name.startswith(_RELATIONSHIP) and value
    }


def _done(visit: Visit, form: Form, key: str, said: str, act: Callable[[By], object]) -> Response:
    def again(error: ProblemError) -> Response:
        return _review(visit, key, trouble=texts.trouble(error), typed=form.fields, status=error.status)

    return visit.done(form, act, said=said, then=f"/intakes/{key}", again=again)


def _review(
    visit: Visit, key: str, *, show_places: bool = False, status: int = 200, **more: object
) -> Response:
    found = review(visit.tenant, key, visit.officer.staff_id, show_places=show_places)
    withheld = not visit.officer.may_read(str(found.case["kind"]))
    return visit.page(
        "intake.html",
        status,
        review=found,
        attachments=[] if withheld else _attachments(visit, key, found),
        withheld=withheld,
        show_places=show_places,
        key=key,
        **more,
    )


def _attachments(visit: Visit, key: str, found: Review) -> list[dict[str, object]]:
    """Return what lies beside an intake, and what it names that has not come."""
    notes = _notes(found.case)
    here = _here(visit, key, notes)
    known = {one["key"] for one in here}
    return [
        *({**one, "is_whole": one["state"] != "open"} for one in here),
        *({**one, "state": "missing", "is_whole": False} for one in notes if one["key"] not in known),
    ]


def _here(visit: Visit, key: str, notes: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    attachments = visit.tenant.attachments
    return [*attachments.listed(key), *attachments.named(key, notes)]


def _notes(case: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """Return what an intake names as lying beside it."""
    payload = case["payload"]
    return payload.get("attachments", []) if isinstance(payload, Mapping) else []

"""職員: who works here and with which rights; passwords and second factors given anew, each shown once."""

from collections.abc import Callable
from datetime import date

from fastapi import APIRouter, Response

from cloud.office import texts
from cloud.office.log import By
from cloud.office.staff_desk import Entry, Secrets
from cloud.problems import ProblemError
from cloud.routes.pages.frame import Form, FormDep, PageRoute, Visit, VisitDep
from cloud.staff import RIGHTS

router = APIRouter(route_class=PageRoute)


@router.get("/staff")
def staff(visit: VisitDep) -> Response:
    """Show everybody, and what is granted to sections."""
    return _list(visit)


@router.get("/staff/new")
def blank(visit: VisitDep) -> Response:
    """Show the fields for somebody new."""
    return visit.page("staff_new.html", rights=RIGHTS, typed={"from_day": visit.today})


@router.post("/staff/new")
def add(visit: VisitDep, form: FormDep) -> Response:
    """Take somebody on, and show their secrets, this once."""
    told: list[Secrets] = []
    staff_id = form.get("staff_id")
    try:
        visit.acting(form, lambda by: told.append(visit.desk.staff.add(by, _entry(form))))
    except ProblemError as error:
        trouble = texts.trouble(error)
        return visit.page("staff_new.html", error.status, rights=RIGHTS, typed=form.fields, trouble=trouble)
    return _person(visit, staff_id, told=told[0]) if told else visit.to(f"/staff/{staff_id}", "staff_known")


@router.post("/staff/rights")
def grant_section(visit: VisitDep, form: FormDep) -> Response:
    """Grant a right to a section."""
    try:
        visit.acting(form, lambda by: _grant(visit, form, by, section=form.get("section")))
    except ProblemError as error:
        return _list(visit, trouble=texts.trouble(error), typed=form.fields, status=error.status)
    return visit.to("/staff", "right_granted")


@router.post("/staff/items")
def split_items(visit: VisitDep, form: FormDep) -> Response:
    """Grant items one by one from now on."""
    visit.acting(form, visit.desk.staff.split_items)
    return visit.to("/staff", "items_split")


@router.post("/staff/block-acts")
def split_block_acts(visit: VisitDep, form: FormDep) -> Response:
    """Grant the acts on blocks one by one from now on."""
    visit.acting(form, visit.desk.staff.split_block_acts)
    return visit.to("/staff", "block_acts_split")


@router.post("/staff/rights/{grant_id}")
def revoke(visit: VisitDep, form: FormDep, grant_id: str) -> Response:
    """Let a right end, of a person or of a section."""
    whose = form.get("staff_id")

    def act(by: By) -> None:
        visit.desk.staff.revoke(by, grant_id, _day(form, "until_day"))

    try:
        visit.acting(form, act)
    except ProblemError as error:
        told = texts.trouble(error)
        if whose:
            return _person(visit, whose, trouble=told, status=error.status)
        return _list(visit, trouble=told, status=error.status)
    return visit.to(f"/staff/{whose}" if whose else "/staff", "right_revoked")


@router.get("/staff/{staff_id}")
def person(visit: VisitDep, staff_id: str) -> Response:
    """Show one person with every right, and what can be done."""
    return _person(visit, staff_id)


@router.post("/staff/{staff_id}/rights")
def grant(visit: VisitDep, form: FormDep, staff_id: str) -> Response:
    """Grant a right to a person."""
    return _done(
        visit, form, staff_id, "right_granted", lambda by: _grant(visit, form, by, staff_id=staff_id)
    )


@router.post("/staff/{staff_id}/end")
def end(visit: VisitDep, form: FormDep, staff_id: str) -> Response:
    """Let somebody go at the end of a day."""

    def act(by: By) -> None:
        visit.desk.staff.end(by, staff_id, date.fromisoformat(form.day("until_day", needed=True)))

    return _done(visit, form, staff_id, "staff_ended", act)


@router.post("/staff/{staff_id}/suspension")
def suspend(visit: VisitDep, form: FormDep, staff_id: str) -> Response:
    """Let somebody in no more, or in again."""
    desk, resumes = visit.desk.staff, form.get("act") == "resume"
    said = "staff_resumed" if resumes else "staff_suspended"
    return _done(
        visit, form, staff_id, said, lambda by: (desk.resume if resumes else desk.suspend)(by, staff_id)
    )


@router.post("/staff/{staff_id}/secrets")
def renew(visit: VisitDep, form: FormDep, staff_id: str) -> Response:
    """Give a new password or second factor, shown this once; a second click gives another, and the first is void."""
    by, desk = By(visit.officer.staff_id), visit.desk.staff
    try:
        told = (desk.new_factor if form.get("act") == "factor" else desk.new_password)(by, staff_id)
    except ProblemError as error:
        if error.code == "refused.not_found":
            raise
        return _person(visit, staff_id, trouble=texts.trouble(error), status=error.status)
    return _person(visit, staff_id, told=told)


@router.post("/staff/{staff_id}/factors")
def enrol_factor(visit: VisitDep, form: FormDep, staff_id: str) -> Response:
    """Enrol the card or key somebody brings."""
    text = form.get("factor")
    return _done(
        visit,
        form,
        staff_id,
        "factor_enrolled",
        lambda by: visit.desk.staff.enrol_factor(by, staff_id, text),
    )


@router.post("/staff/{staff_id}/factors/{kind}")
def remove_factor(visit: VisitDep, form: FormDep, staff_id: str, kind: str) -> Response:
    """Take a second factor away."""
    return _done(
        visit, form, staff_id, "factor_removed", lambda by: visit.desk.staff.remove_factor(by, staff_id, kind)
    )


def _entry(form: Form) -> Entry:
    return Entry(
        staff_id=form.get("staff_id"),
        name=form.get("name"),
        section=form.get("section"),
        rights=[one for one in RIGHTS if form.get(f"right.{one}") == "yes"],
        lent_by=form.get("lent_by"),
        from_day=_day(form, "from_day"),
        until_day=_day(form, "until_day"),
    )


def _grant(visit: Visit, form: Form, by: By, *, staff_id: str = "", section: str = "") -> object:
    first = date.fromisoformat(form.day("from_day", needed=True))
    last = _day(form, "until_day")
    return visit.desk.staff.grant(by, form.get("right"), first, last, staff_id=staff_id, section=section)


def _day(form: Form, name: str) -> date | None:
    typed = form.day(name)
    return date.fromisoformat(typed) if typed else None


def _done(visit: Visit, form: Form, staff_id: str, said: str, act: Callable[[By], object]) -> Response:
    def again(error: ProblemError) -> Response:
        return _person(visit, staff_id, trouble=texts.trouble(error), typed=form.fields, status=error.status)

    return visit.done(form, act, said=said, then=f"/staff/{staff_id}", again=again)


def _list(visit: Visit, *, status: int = 200, **more: object) -> Response:
    desk = visit.desk.staff
    people = desk.people()
    by_item, by_block = desk.by_name()
    return visit.page(
        "staff.html",
        status,
        people=people,
        sections=sorted({one.section for one in people if one.section}),
        granted=desk.section_rights(),
        by_item=by_item,
        by_block=by_block,
        rights=RIGHTS,
        today=visit.today,
        **more,
    )


def _person(
    visit: Visit, staff_id: str, *, told: Secrets | None = None, status: int = 200, **more: object
) -> Response:
    one = visit.desk.staff.person(staff_id)
    return visit.page(
        "staff_one.html",
        status,
        one=one,
        told=told,
        uri=visit.desk.staff.uri(told, staff_id) if told else "",
        rights=RIGHTS,
        today=visit.today,
        factors=visit.desk.staff.factors(staff_id),
        is_self=staff_id == visit.officer.staff_id,
        **more,
    )

"""Coming in and going out, and the sheet of styles."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from cloud.office import texts
from cloud.office.desk import desk_of
from cloud.office.entry import PageSessions, known_browser, sign_in
from cloud.office.log import By
from cloud.problems import ProblemError, forbidden
from cloud.routes.pages.frame import (
    COOKIE,
    PAGES,
    Form,
    FormDep,
    PageRoute,
    VisitDep,
    base_of,
    plain_form,
    rendered,
)
from cloud.routes.wire import TenantDep
from cloud.tenant import Tenant

router = APIRouter(route_class=PageRoute)
KNOWN = "__Secure-madoguchi-office-browser"
_KNOWN_FOR = timedelta(days=180)


@router.get("/style.css")
def style() -> Response:
    """Return the one sheet of styles."""
    return Response((PAGES / "style.css").read_bytes(), media_type="text/css")


@router.get("/sign-in")
def sign_in_page(request: Request, tenant: TenantDep, said: str = "") -> Response:
    """Show the fields of sign-in."""
    told = texts.texts()["said"].get(said, "")
    return _fields(request, tenant, said=told, is_warning=said == "expired")


@router.post("/sign-in")
def enter(request: Request, tenant: TenantDep, form: Annotated[Form, Depends(plain_form)]) -> Response:
    """Let somebody in who shows both factors and holds the right."""
    try:
        browser = request.cookies.get(KNOWN, "")
        officer = sign_in(tenant, form.get("staff_id"), form.get("password"), form.get("code"), browser)
        if officer is None:
            raise forbidden("sign_in.no_right")
    except ProblemError as error:
        told, typed = texts.trouble(error), form.get("staff_id")
        return _fields(request, tenant, trouble=told, staff_id=typed, status=error.status)
    session = PageSessions(tenant).open(officer)
    base = base_of(request, tenant)
    response = Response(status_code=303, headers={"Location": f"{base}/intakes"})
    response.set_cookie(COOKIE, session.token, path=base, secure=True, httponly=True, samesite="strict")
    known, life = known_browser(tenant, officer.staff_id), int(_KNOWN_FOR.total_seconds())
    response.set_cookie(KNOWN, known, max_age=life, path=base, secure=True, httponly=True, samesite="strict")
    desk_of(tenant).log.say(By(officer.staff_id), "office.entered", "")
    return response


@router.post("/sign-out")
def leave(visit: VisitDep, form: FormDep) -> Response:
    """End the session."""
    del form  # read, so that no other site ends it
    visit.saw("office.left", "")
    PageSessions(visit.tenant).close(visit.session.token)
    response = visit.to("/sign-in", "signed_out")
    response.delete_cookie(COOKIE, path=visit.base, secure=True, httponly=True, samesite="strict")
    return response


@router.get("/")
def start(visit: VisitDep) -> Response:
    """Send on to the first page."""
    return visit.to("/intakes")


def _fields(
    request: Request,
    tenant: Tenant,
    *,
    said: str = "",
    is_warning: bool = False,
    trouble: str = "",
    staff_id: str = "",
    status: int = 200,
) -> Response:
    with tenant.register.reading() as connection:
        town = tenant.register.row(connection, "town", (tenant.municipality,)) or {}
    return rendered(
        "sign_in.html",
        status,
        base=base_of(request, tenant),
        visit=None,
        said=said,
        is_warning=is_warning,
        trouble=trouble,
        staff_id=staff_id,
        town=town.get("name", ""),
    )

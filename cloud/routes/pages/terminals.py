"""端末 and 操作記録."""

from fastapi import APIRouter, Response

from cloud.clock import read_stamp
from cloud.office import texts
from cloud.office.log import MOST_SHOWN, By
from cloud.routes.pages.frame import FormDep, PageRoute, Visit, VisitDep
from cloud.terminal_states import TerminalLine

router = APIRouter(route_class=PageRoute)


@router.get("/terminals")
def terminals(visit: VisitDep) -> Response:
    """Show all terminals."""
    return _list(visit)


@router.post("/terminals/token")
def token(visit: VisitDep, form: FormDep) -> Response:
    """Make a one-time token and show it, this once; a second click makes another, and the first ends unused."""
    del form
    return _list(visit, visit.desk.terminals.token(By(visit.officer.staff_id)))


@router.get("/terminals/{terminal_no}")
def terminal(visit: VisitDep, terminal_no: str) -> Response:
    """Ask once more before a terminal is revoked for good."""
    found = [one for one in visit.desk.terminals.listed() if one.terminal_no == terminal_no]
    if not found:
        return visit.to("/terminals")
    return visit.page("terminal.html", one=found[0], heard=_heard(visit, found[0]))


@router.post("/terminals/{terminal_no}/revocation")
def revoke(visit: VisitDep, form: FormDep, terminal_no: str) -> Response:
    """Revoke a terminal for good."""
    visit.acting(form, lambda by: visit.desk.terminals.revoke(by, terminal_no))
    return visit.to("/terminals", "terminal_revoked")


@router.get("/log")
def log(visit: VisitDep, before: int | None = None) -> Response:
    """Show what was done in the office, newest first."""
    acts = visit.desk.log.acts(before)
    older = acts[-1]["act_no"] if len(acts) == MOST_SHOWN else None
    return visit.page("log.html", acts=acts, older=older)


def _list(visit: Visit, new_token: str = "") -> Response:
    lines = [(one, _heard(visit, one)) for one in visit.desk.terminals.listed()]
    return visit.page(
        "terminals.html", lines=lines, versions=visit.desk.terminals.versions(), token=new_token
    )


def _heard(visit: Visit, one: TerminalLine) -> str:
    if one.told_at is None:
        return ""
    return texts.age((visit.tenant.now() - read_stamp(one.told_at)).total_seconds())

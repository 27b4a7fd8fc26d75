"""端末: how each of them is, orders to them, tokens that enrol new ones."""

from fastapi import APIRouter, Response

from cloud.office import texts
from cloud.office.log import By
from cloud.office.terminals import ORDERS
from cloud.problems import ProblemError, not_found
from cloud.routes.pages.frame import FormDep, PageRoute, Visit, VisitDep

router = APIRouter(route_class=PageRoute)
_ASKED_TWICE = ("wipe", "revocation")


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
    """Show one terminal: how it is, what it was ordered, what can be ordered."""
    return _one(visit, terminal_no)


@router.get("/terminals/{terminal_no}/{what}")
def ask(visit: VisitDep, terminal_no: str, what: str) -> Response:
    """Ask once more before a terminal is wiped, or revoked for good."""
    if what not in _ASKED_TWICE:
        raise not_found()
    return visit.page("terminal_ask.html", one=visit.desk.terminals.one(terminal_no), what=what)


@router.post("/terminals/{terminal_no}/revocation")
def revoke(visit: VisitDep, form: FormDep, terminal_no: str) -> Response:
    """Revoke a terminal for good."""
    visit.acting(form, lambda by: visit.desk.terminals.revoke(by, terminal_no))
    return visit.to(f"/terminals/{terminal_no}", "terminal_revoked")


@router.post("/terminals/{terminal_no}/orders")
def order(visit: VisitDep, form: FormDep, terminal_no: str) -> Response:
    """Order a terminal to lock, unlock, enrol anew or wipe."""
    kind = form.get("order")
    if kind not in ORDERS:
        raise not_found()

    def act(by: By) -> object:
        return visit.desk.terminals.order(by, terminal_no, kind)

    def again(error: ProblemError) -> Response:
        return _one(visit, terminal_no, texts.trouble(error), error.status)

    return visit.done(form, act, said=f"terminal_{kind}", then=f"/terminals/{terminal_no}", again=again)


def _list(visit: Visit, new_token: str = "") -> Response:
    desk = visit.desk.terminals
    return visit.page("terminals.html", found=desk.health(), versions=desk.versions(), token=new_token)


def _one(visit: Visit, terminal_no: str, trouble: str = "", status: int = 200) -> Response:
    desk = visit.desk.terminals
    return visit.page(
        "terminal.html",
        status,
        one=desk.one(terminal_no),
        orders=desk.orders(terminal_no),
        versions=desk.versions(),
        trouble=trouble,
    )

"""操作記録."""

from fastapi import APIRouter, Response

from cloud.office.log import MOST_SHOWN
from cloud.routes.pages.frame import PageRoute, VisitDep

router = APIRouter(route_class=PageRoute)


@router.get("/log")
def log(visit: VisitDep, before: int | None = None) -> Response:
    """Show what was done in the office, newest first."""
    acts = visit.desk.log.acts(before)
    older = acts[-1]["act_no"] if len(acts) == MOST_SHOWN else None
    return visit.page("log.html", acts=acts, older=older)

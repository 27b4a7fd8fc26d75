"""The back office in a browser: pages made here, without script; they are no part of the contract."""

from fastapi import APIRouter

from cloud.routes.pages import entry, intakes, log, quarantine, residents, restrictions, staff, terminals
from cloud.routes.pages.frame import PageRoute

router = APIRouter(prefix="/office", include_in_schema=False, route_class=PageRoute)
router.add_api_route("", entry.start)  # the address people are told, without the slash
for _module in (entry, intakes, residents, restrictions, terminals, quarantine, staff, log):
    router.include_router(_module.router)

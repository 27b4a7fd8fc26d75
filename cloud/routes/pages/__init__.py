"""The back office in a browser: pages made here, without script; they are no part of the contract."""

from fastapi import APIRouter

from cloud.routes.pages import entry, intakes, log, quarantine, residents, restrictions, staff, terminals

router = APIRouter(prefix="/office", include_in_schema=False)
for _module in (entry, intakes, residents, restrictions, terminals, quarantine, staff, log):
    router.include_router(_module.router)

"""Live reads of the register; what is searched for travels in the body, never in an address."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Response

from cloud.households import history_rows, household_rows, restrictions
from cloud.items import as_seen
from cloud.residents import MOST_HITS, as_listed, search
from cloud.routes.wire import TenantDep, ViewerDep, body_of, json_answer
from cloud.search_words import Asked
from cloud.staff import Clerk

router = APIRouter()
_MOST_MEMBERS = 200
Text = Annotated[str, msgspec.Meta(max_length=200)]


class Search(msgspec.Struct):
    """Body of POST /v1/residents/search."""

    typed: Text
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_HITS)] = 50
    removed: bool = False
    name: Text = ""
    birth: Text = ""
    place: Text = ""
    number: Text = ""
    sex: Text = ""
    match: Literal["infix", "prefix", "exact"] = "infix"
    past: bool = False

    def by(self, clerk: Clerk) -> Asked:
        """Return what is asked, by somebody who may search hidden addresses or not."""
        return Asked(
            typed=self.typed,
            name=self.name,
            birth=self.birth,
            place=self.place,
            number=self.number,
            sex=self.sex,
            match=self.match,
            removed=self.removed,
            past=self.past,
            shelters="shien_sochi" in clerk.rights,
            cards=clerk.may("zairyu"),
        )


class Concerned(msgspec.Struct):
    """Body of POST /v1/restrictions."""

    household_no: str
    atena_nos: Annotated[list[str], msgspec.Meta(max_length=_MOST_MEMBERS)]


@router.post("/v1/residents/search")
def find(tenant: TenantDep, clerk: ViewerDep, asked: Annotated[Search, Depends(body_of(Search))]) -> Response:
    """Find residents by what was typed, in one field or in those of a form."""
    with tenant.register.reading() as connection:
        hits = search(connection, tenant.municipality, asked.by(clerk), limit=asked.limit)
        return json_answer({"hits": list(map(as_listed, hits)), "as_of": tenant.register.as_of(connection)})


@router.get("/v1/residents/{atena_no}/household")
def household(tenant: TenantDep, clerk: ViewerDep, atena_no: str) -> Response:
    """Return a resident's present household, and who is editing whose record."""
    with tenant.register.reading() as connection:
        rows = household_rows(tenant.register, connection, atena_no)
        leases = tenant.leases.standing(connection, [str(row["atena_no"]) for row in rows])
        as_of = tenant.register.as_of(connection)
        return json_answer({**as_seen(rows, clerk), "leases": leases, "as_of": as_of})


@router.get("/v1/residents/{atena_no}/history")
def history(tenant: TenantDep, clerk: ViewerDep, atena_no: str) -> Response:
    """Return every version of a resident's record."""
    with tenant.register.reading() as connection:
        rows = history_rows(tenant.register, connection, atena_no)
        return json_answer({**as_seen(rows, clerk), "as_of": tenant.register.as_of(connection)})


@router.post("/v1/restrictions")
def restricted(
    tenant: TenantDep, _clerk: ViewerDep, asked: Annotated[Concerned, Depends(body_of(Concerned))]
) -> Response:
    """Return what restricts a household and its members."""
    with tenant.register.reading() as connection:
        found = restrictions(tenant.register, connection, asked.household_no, asked.atena_nos)
        return json_answer({**found, "as_of": tenant.register.as_of(connection)})

"""What every page of the office shares: who visits, how pages and forms are made, and what a browser may do with them."""

import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import jinja2
import sqlalchemy as sa
from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, RedirectResponse

from cloud import office
from cloud.clock import day_in_tokyo
from cloud.office import texts
from cloud.office.desk import Desk, desk_of
from cloud.office.entry import Officer, PageSession, PageSessions
from cloud.office.log import By, DoneBeforeError
from cloud.problems import ProblemError, forbidden, malformed
from cloud.routes.wire import TenantDep
from cloud.tenant import Tenant
from cloud.wareki import read_day

COOKIE = "__Secure-madoguchi-office"
PAGES = Path(office.__file__).parent / "pages"
_FORM_FIELDS = 600  # a household of a hundred, four fields each
_LAYOUT = "\n\r\t"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class NotSignedInError(Exception):
    """A visitor without a session that lasts: the page is sign-in."""


def base_of(request: Request, tenant: Tenant) -> str:
    """Return where the office stands in addresses: with the town's code where the visitor came by it."""
    code = f"/{tenant.municipality}"
    came_by = str(request.scope["raw_path"].decode("latin-1"))
    return f"{code}/office" if came_by.startswith(f"{code}/") else "/office"


class PageRoute(APIRoute):
    """A route whose refusals are pages, and whose every answer carries the headers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that answers a browser."""
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await inner(request)
            except NotSignedInError:
                response = _to_sign_in(request)
            except ProblemError as error:
                response = _refusal(request, error)
            except RequestValidationError:
                response = _refusal(request, malformed(""))
            except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError):
                response = _refusal(request, ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "link.busy"))
            except sa.exc.DataError:
                response = _refusal(request, ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "form.unreadable"))
            response.headers.update({n: v for n, v in _HEADERS.items() if n not in response.headers})
            return response

        return answer


def _to_sign_in(request: Request) -> Response:
    base = base_of(request, _town(request))
    told = "?said=expired" if COOKIE in request.cookies else ""
    return RedirectResponse(f"{base}/sign-in{told}", HTTPStatus.SEE_OTHER)


def _refusal(request: Request, error: ProblemError) -> Response:
    tenant = request.scope.get("madoguchi.tenant")
    base = base_of(request, tenant) if tenant is not None else "/office"
    return rendered("refused.html", error.status, base=base, visit=None, trouble=texts.trouble(error))


def _town(request: Request) -> Tenant:
    tenant: Tenant = request.scope["madoguchi.tenant"]
    return tenant


@cache
def _pages() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    made.globals |= {
        **{"word": texts.word, "moment": texts.moment, "clock": texts.clock, "term": texts.term},
        **{"why": texts.why, "once": lambda: secrets.token_hex(16)},
    }
    made.filters["wareki"] = texts.wareki
    made.globals["parts"] = made.get_template("parts.html").module
    return made


def rendered(template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    """Return a page; every value in it is escaped."""
    return HTMLResponse(_pages().get_template(template).render(values), status)


@dataclass(frozen=True, slots=True)
class Visit:
    """An officer at a page: the town, its desks, and the session the browser holds."""

    request: Request
    tenant: Tenant
    session: PageSession = field(repr=False)

    @property
    def officer(self) -> Officer:
        """Return who visits."""
        return self.session.officer

    @property
    def desk(self) -> Desk:
        """Return the town's back office."""
        return desk_of(self.tenant)

    @property
    def base(self) -> str:
        """Return where the office stands in addresses."""
        return base_of(self.request, self.tenant)

    @property
    def town(self) -> str:
        """Return the municipality's name."""
        register = self.tenant.register
        with register.reading() as connection:
            return str((register.row(connection, "town", (self.tenant.municipality,)) or {}).get("name", ""))

    @property
    def today(self) -> str:
        """Return what day it is at the counter (ISO)."""
        return day_in_tokyo(self.tenant.now()).isoformat()

    def page(self, template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
        """Return a page of the office."""
        said = texts.texts()["said"].get(self.request.query_params.get("said", ""), "")
        told = {"trouble": "", "said": said, "typed": {}} | values
        return rendered(template, status, visit=self, base=self.base, csrf=self.session.csrf, **told)

    def to(self, path: str, said: str = "") -> Response:
        """Send the browser on, so that a reload repeats nothing."""
        told = f"?said={said}" if said else ""
        return RedirectResponse(f"{self.base}{path}{told}", HTTPStatus.SEE_OTHER)

    def acting(self, form: "Form", act: Callable[[By], object]) -> None:
        """Do what a form asks for; a form that comes twice has done it already."""
        try:
            act(self.by(form))
        except DoneBeforeError:
            return

    def done(
        self,
        form: "Form",
        act: Callable[[By], object],
        *,
        said: str,
        then: str,
        again: Callable[[ProblemError], Response],
    ) -> Response:
        """Do what a form asks for and go on; refused, show the form again, unless what it is about is not there."""
        try:
            self.acting(form, act)
        except ProblemError as error:
            if error.code == "refused.not_found":
                raise
            return again(error)
        return self.to(then, said)

    def saw(self, what: str, subject: str) -> None:
        """Write down that something was looked at."""
        self.desk.log.say(By(self.officer.staff_id), what, subject)

    def by(self, form: "Form") -> By:
        """Return who acts through a form."""
        return By(self.officer.staff_id, form.once)

    def must_hold(self, right: str) -> None:
        """Refuse who has no such right."""
        if right not in self.officer.rights:
            raise forbidden("refused.right_missing", right=right)

    def must_read(self, kind: str, subject: str) -> None:
        """Refuse whom what a request of this kind says is not for; that they asked is written down."""
        self.desk.reading.must(self.officer.staff_id, [kind], subject)


def visit_of(request: Request, tenant: TenantDep) -> Visit:
    """Return who visits; NotSignedInError where nobody does."""
    token = request.cookies.get(COOKIE, "")
    session = PageSessions(tenant).session(token) if token else None
    if session is None:
        raise NotSignedInError
    return Visit(request, tenant, session)


VisitDep = Annotated[Visit, Depends(visit_of)]


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed into a form: texts by field, spaces around them gone."""

    fields: Mapping[str, str] = field(repr=False)

    @property
    def once(self) -> str | None:
        """Return the form's own number: it acts once."""
        number = self.fields.get("once")
        if not number:
            return None
        # With all that was typed: one that comes again with other words, from the page before, is another form.
        words = sorted((name, text) for name, text in self.fields.items() if name != "csrf")
        return sha256(repr(words).encode()).hexdigest()

    def get(self, name: str) -> str:
        """Return a field, empty where it was not sent."""
        return self.fields.get(name, "")

    def day(self, name: str, *, needed: bool = False) -> str:
        """Return a day typed in any manner as ISO, empty where nothing was typed; problem where it is none."""
        typed = self.get(name)
        day = read_day(typed) if typed else None
        if day is None and (typed or needed):
            code = "form.no_day" if typed else "refused.input"
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, code, "", field=name)
        return day.isoformat() if day else ""


async def plain_form(request: Request) -> Form:
    """Read a form that came from one of our own pages: a browser says where it comes from."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise forbidden("form.foreign")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise forbidden("form.foreign")
    sent = await request.form(max_fields=_FORM_FIELDS)
    fields = {name: value.strip() for name, value in sent.items() if isinstance(value, str)}
    if any(ord(letter) < 0x20 and letter not in _LAYOUT for text in fields.values() for letter in text):
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "form.unreadable")
    return Form(fields)


async def own_form(visit: VisitDep, form: Annotated[Form, Depends(plain_form)]) -> Form:
    """Return a form of this very session; any other is refused."""
    if not visit.session.owns(form.get("csrf")):
        raise forbidden("form.foreign")
    return form


FormDep = Annotated[Form, Depends(own_form)]

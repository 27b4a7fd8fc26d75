"""A browser without a screen: keeps the cookie, reads forms off pages, and sends them as they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from cloud.office.desk import desk_of
from cloud.totp import code_at, step_at
from tests.cloud.cloud_builders import PASSWORD, SEED, SetClock, Site

SEE_OTHER = httpx.codes.SEE_OTHER


@dataclass
class PageForm:
    """One form of a page, with what stands in its fields."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.tags.append((tag, told))
        if tag == "form":
            self.forms.append(PageForm(told["action"]))
        elif tag == "select":
            self._select = told["name"]
        elif (
            tag == "option"
            and self._select
            and ("selected" in told or self._fields.get(self._select) is None)
        ):
            self._fields[self._select] = told["value"]
        elif tag == "textarea":
            self._area = told["name"]
            self._fields[self._area] = ""
        elif tag == "input" and "name" in told:
            is_choice = told.get("type") in {"radio", "checkbox"}
            if not is_choice or "checked" in told:
                self._fields[told["name"]] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._area:
            self._fields[self._area] += data

    @property
    def _fields(self) -> dict[str, str]:
        return self.forms[-1].fields


def read(answer: httpx.Response) -> _Reader:
    reader = _Reader()
    reader.feed(answer.text)
    return reader


def words_of(answer: httpx.Response) -> str:
    return " ".join("".join(read(answer).words).split())


def form_of(answer: httpx.Response, action: str) -> PageForm:
    """Return the form of a page whose address ends so."""
    (found,) = [form for form in read(answer).forms if form.action.endswith(action)]
    return PageForm(found.action, dict(found.fields))


def acts(site: Site) -> list[tuple[str, str, str]]:
    """Return the office log, oldest first: who, what, and about which key."""
    found = desk_of(site.tenant).log.acts()
    return [(str(act["who"]), str(act["what"]), str(act["subject"])) for act in reversed(found)]


async def officer(site: Site) -> "Browser":
    """Return a browser in which an officer has signed in."""
    browser = Browser(site.client, site.clock)
    answer = await browser.sign_in()
    assert answer.status_code == SEE_OTHER, words_of(answer)
    return browser


@dataclass
class Browser:
    """A visitor of one town's office."""

    client: httpx.AsyncClient
    clock: SetClock
    prefix: str = ""

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"{self.prefix}/office{path}")

    async def sign_in(
        self, staff_id: str = "s002", password: str = PASSWORD, code: str = ""
    ) -> httpx.Response:
        self.clock.forward(seconds=60)  # a code is used once
        code = code or code_at(SEED, step_at(self.clock()))
        typed = {"staff_id": staff_id, "password": password, "code": code}
        return await self.client.post(f"{self.prefix}/office/sign-in", data=typed)

    async def send(self, form: PageForm, **typed: str) -> httpx.Response:
        """Press a form's button, with what was typed over what stood there."""
        return await self.client.post(form.action, data=form.fields | typed)

    async def fill(self, page: str, action: str, typed: Mapping[str, str] | None = None) -> httpx.Response:
        """Open a page, fill one of its forms, and send it."""
        shown = await self.get(page)
        assert shown.status_code == httpx.codes.OK, shown.text
        return await self.send(form_of(shown, action), **(typed or {}))

    async def followed(self, answer: httpx.Response) -> httpx.Response:
        assert answer.status_code == SEE_OTHER, words_of(answer)
        return await self.client.get(answer.headers["location"])

"""Which procedure: what can be taken in here, for whom, and what only another place can do. No toolkit."""

from collections.abc import Callable
from dataclasses import dataclass

from client.domain.resident import AtenaNo
from client.jobs.find_resident import HouseholdView
from client.rules.intakes import ALL, ELSEWHERE
from client.rules.intakes.form import Form
from ui.text import Words


@dataclass(frozen=True, slots=True)
class Procedure:
    """A line of the list: its name, and why it cannot be begun, where that is so."""

    name: str
    text: str
    form: Form | None
    why_not: str = ""


class ChooseModel:
    """The list of procedures. ``chosen`` is called with a form, ``finished`` at Esc."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.view: HouseholdView | None = None
        self.subject: AtenaNo | None = None
        self.changed: Callable[[], None] = lambda: None
        self.chosen: Callable[[Form], None] = lambda _form: None
        self.finished: Callable[[], None] = lambda: None

    def begin(self, view: HouseholdView | None, subject: AtenaNo | None) -> None:
        """Begin for who stands at the window, or for somebody the register does not know."""
        self.view, self.subject = view, subject
        self.changed()

    @property
    def resident(self) -> str:
        """Return who stands at the window; empty where it is nobody of the register."""
        member = self.view.household.member(self.subject) if self.view and self.subject else None
        return member.shown_name if member else ""

    def lines(self) -> tuple[Procedure, ...]:
        """Return every procedure, those that nothing here can do at the end."""
        words, unknown = self.words, self.view is None
        here = [
            Procedure(
                form.name,
                words(f"form.{form.name}"),
                form,
                words("choose.needs_resident") if unknown and form.needs_resident else "",
            )
            for form in ALL
        ]
        there = [
            Procedure(name, words(f"elsewhere.{name}"), None, words(f"elsewhere_why.{name}"))
            for name in ELSEWHERE
        ]
        return (*here, *there)

    def choose(self, name: str) -> None:
        """Choose a procedure, if it can be begun."""
        line = next((line for line in self.lines() if line.name == name), None)
        if line is not None and line.form is not None and not line.why_not:
            self.chosen(line.form)

    def back(self) -> None:
        """Leave."""
        self.forget()
        self.finished()

    def forget(self) -> None:
        """Forget who stood at the window."""
        self.view = self.subject = None
        self.changed()

"""Taking a notification in: the list of procedures, the form behind it, and the way back to the counter."""

from collections.abc import Callable, Iterator

from client.domain.clerk import SignIn
from client.domain.resident import AtenaNo
from client.jobs.find_resident import HouseholdView
from client.jobs.ports import Now
from client.jobs.rewrite_returned import ToRewrite
from client.rules.intakes.form import Form
from ui.jobs import Jobs
from ui.screens.change.choose import ChooseModel
from ui.screens.change.choose_view import ChooseView
from ui.screens.change.insured import AskInsured, InsuredModel
from ui.screens.change.model import ChangeJobs, ChangeModel
from ui.screens.change.places import AskPlaces, PlacesModel
from ui.screens.change.reentry import ReentryJobs, ReentryModel
from ui.screens.change.view import ChangeView
from ui.shell import Shell
from ui.text import Words
from ui.widgets.letters import Letters
from ui.work import Starter

CHOOSE, CHANGE = "choose", "change"
Aids = tuple[AskPlaces, ReentryJobs, AskInsured]


def aids(jobs: Jobs, who: Callable[[], SignIn]) -> Aids:
    """Return what helps with a form, asked for who is signed in."""
    return (
        lambda asked: jobs.places(who(), asked),
        ReentryJobs(
            people=lambda facts: jobs.reentry.people(who(), facts),
            former=lambda number, birth, sex: jobs.reentry.former(who(), number, birth, sex),
        ),
        lambda people: jobs.insured(who(), people),
    )


class TakingIn:
    """Holds the two models and views."""

    def __init__(
        self, shell: Shell, words: Words, jobs: ChangeJobs, starter: Starter, now: Now, *, helped: Aids
    ) -> None:
        self._shell = shell
        self._words = words
        self.choose = ChooseModel(words)
        self.change = ChangeModel(words, jobs, starter, now)
        ask_places, reentry, insured = helped
        self.places = PlacesModel(self.change, ask_places, starter)
        self.reentry = ReentryModel(self.change, reentry, starter)
        self.insured = InsuredModel(self.change, insured, starter)
        self.choose.chosen = self._show_form
        self._finished: Callable[[], None] = lambda: None

    def join(self, finished: Callable[[], None]) -> None:
        """Say where a clerk goes who goes back."""
        self.choose.finished = self.change.finished = self._finished = finished

    def build(self, letters: Letters) -> Iterator[None]:
        """Make one screen a step."""
        self.choose_view = ChooseView(self.choose, self._words, letters)
        self._shell.add(CHOOSE, self.choose_view)
        yield
        self.change_view = ChangeView(self.change, self._words, letters, (self.places, self.reentry))
        self._shell.add(CHANGE, self.change_view)
        yield

    def begin(self, view: HouseholdView | None, subject: AtenaNo | None) -> None:
        """Show the list, for who stands at the window or for somebody the register does not know."""
        self.choose.begin(view, subject)
        self._shell.show_screen(CHOOSE)
        self.choose_view.begin()

    def go_on(self) -> None:
        """Take in what stands in the form (F12)."""
        if self._shell.present == CHANGE:
            self.change.accept()

    def back(self) -> None:
        """Go back (Esc)."""
        (self.change if self._shell.present == CHANGE else self.choose).back()

    def resume(self, screen: str) -> None:
        """Show again what lay behind the lock."""
        self._shell.show_screen(screen)
        (self.change_view if screen == CHANGE else self.choose_view).begin()

    def forget(self) -> None:
        """Forget who stood at the window and what was typed; another clerk sits down."""
        self.choose.forget()
        self.change.forget()

    def rewrite(self, opened: ToRewrite, finished: Callable[[], None]) -> None:
        """Show the form of what was returned, filled in; from there a clerk goes back to where it was opened."""
        self._show(opened.told.form, opened.view, opened.subject)
        self.change.refill(opened.told, opened.key)
        self.change.finished = finished

    def _show_form(self, form: Form) -> None:
        self._show(form, self.choose.view, self.choose.subject)

    def _show(self, form: Form, view: HouseholdView | None, subject: AtenaNo | None) -> None:
        self.change.begin(form, view, subject)
        self.change.finished = self._finished
        self.insured.begin()
        self._shell.show_screen(CHANGE)
        self.change_view.begin()

"""A 国保 form held against what the register knows of the household: asked as the form opens. No toolkit."""

from collections.abc import Awaitable, Callable

from client.domain.errors import CounterError
from client.domain.nhi import Insured
from client.domain.resident import AtenaNo
from client.rules.intakes.nhi import KINDS
from ui.screens.change.model import ChangeModel
from ui.work import Starter, nothing

AskInsured = Callable[[tuple[AtenaNo, ...]], Awaitable[Insured]]


class InsuredModel:
    """Asks about everybody who may be on the form, and tells the form."""

    def __init__(self, change: ChangeModel, ask: AskInsured, starter: Starter) -> None:
        self._change = change
        self._ask = ask
        self._starter = starter

    def begin(self) -> None:
        """Ask, where the form that was just opened is one of 国保; what was asked for another is not waited for."""
        form = self._change.form
        self._starter.replace("insured", self._look if form and form.kind in KINDS else nothing)

    async def _look(self) -> None:
        form, household = self._change.form, self._change.household
        who = tuple(one.atena_no for one in self._change.candidates)
        try:
            insured = await self._ask(who)
        except CounterError:  # the form itself says what stands against going on
            insured = Insured()
        if self._change.form is form and self._change.household is household:
            self._change.know_insured(insured)

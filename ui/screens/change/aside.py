"""A half-typed form put aside for its clerk, and taken up again. No toolkit."""

from dataclasses import dataclass, field

from client.domain.intake import Filer
from client.domain.resident import AtenaNo
from client.jobs.find_resident import HouseholdView
from client.rules.intakes.form import Form
from ui.screens.change.attached import AttachedAside
from ui.screens.change.model import ChangeModel


@dataclass(frozen=True, slots=True)
class HalfTyped:
    """What a clerk has typed so far, and of whom; nothing the register said."""

    form: Form
    subject: AtenaNo | None
    members: frozenset[AtenaNo]
    newcomers: tuple[AtenaNo, ...]
    values: dict[str, str] = field(repr=False)
    sealed: dict[str, bytes] = field(repr=False)
    todoke: str
    filer: Filer
    attached: AttachedAside


def put_aside(model: ChangeModel) -> HalfTyped | None:
    """Return what is half typed, leaving its attachments on the disk.

    None where there is nothing, it is taken in, or it is what was returned, written anew: that is opened again.
    """
    if model.form is None or model.busy or model.accepted is not None or model.instead_of:
        return None
    return HalfTyped(
        form=model.form,
        subject=model.subject,
        members=model.members,
        newcomers=model.newcomers,
        values=dict(model.values),
        sealed=dict(model.sealed),
        todoke=model.todoke,
        filer=model.filer,
        attached=model.attached.put_aside(),
    )


def take_up(model: ChangeModel, half: HalfTyped, view: HouseholdView | None) -> None:
    """Go on with it, about the household as it is now; who has left it meanwhile is no longer on the form."""
    model.begin(half.form, view, half.subject)
    there = {one.atena_no for one in model.candidates}
    model.members, model.newcomers = half.members & there, half.newcomers
    model.values, model.sealed = dict(half.values), dict(half.sealed)
    model.todoke, model.filer = half.todoke, half.filer
    model.attached.take_up(half.attached)
    model.changed()

"""A visit that waits for its clerk behind the lock."""

from dataclasses import dataclass

from client.domain.blocks import Restrictions
from client.domain.resident import AtenaNo
from client.jobs.find_resident import HouseholdView
from client.rules import gate
from ui.screens.counter.basket import Basket


@dataclass(frozen=True, slots=True)
class Kept:
    """A visit as far as a clerk has made it: whom it is about and what was chosen, nothing the register said of anybody."""

    subject: AtenaNo
    highlighted: AtenaNo | None
    checked: frozenset[AtenaNo]
    basket: Basket
    seen: Restrictions  # what stood about the household when it was last looked at


def newly_sheltered(kept: Kept, view: HouseholdView) -> bool:
    """Tell whether a household is somebody's to hide that was not when the visit was left."""
    return gate.shelters(view.restrictions) and not gate.shelters(kept.seen)

"""What is asked of each notification, what the law says to it, and how it becomes what is sent."""

from types import MappingProxyType

from client.domain.change import ChangeKind
from client.rules.intakes import applications, household, moves, nhi, seals
from client.rules.intakes.form import Form

# In the order of the list a clerk chooses from.
ALL: tuple[Form, ...] = (
    moves.TENKYO,
    moves.TENNYU,
    moves.TENSHUTSU,
    household.SETAI_HENKO,
    household.NUSHI,
    nhi.ACQUIRE,
    nhi.LOSE,
    nhi.CHANGE,
    seals.REGISTER,
    seals.ABOLISH,
    seals.CARD_LOST,
    applications.SHIEN,
    applications.CONTACT,
    applications.REDUCTION,
    applications.DISASTER,
    applications.DEATH,
    applications.KOSEKI,
)
FORMS = MappingProxyType({form.name: form for form in ALL})
# What only another system can do, and so nothing takes in here (class D): shown with the reason, never as a button.
ELSEWHERE = (
    "card_move",
    "card_update",
    "my_number",
    "juminhyo_code",
    "wide_area",
    "shien_decision",
    "nhi_check",
    "alien",
)
# Where the day stands on which it happens, by kind; and the kinds that say where somebody lives or is reached.
DAY_OF = MappingProxyType({form.kind: form.day for form in ALL if form.day})
WITH_PLACES = frozenset({ChangeKind.TENKYO, ChangeKind.TENNYU, ChangeKind.TENSHUTSU, ChangeKind.CONTACT})

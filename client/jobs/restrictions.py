"""What stands against a household: what the register says, and beside it, in this one place, what is held here."""

from client.domain.as_of import Answer
from client.domain.blocks import Restrictions
from client.domain.resident import AtenaNo, Household
from client.jobs.ports import Ledger, Register
from client.rules.holds import joined


async def and_held(ledger: Ledger, household: Household, told: Answer[Restrictions]) -> Restrictions:
    """Return what a register says of a household, whoever answered, and what is held at this moment."""
    numbers = tuple(member.atena_no for member in household.members)
    return joined(told.value, await ledger.holds_on(numbers), numbers, told.as_of.blocks_at)


async def read_household(
    register: Register, ledger: Ledger, atena_no: AtenaNo
) -> tuple[Answer[Household], Restrictions]:
    """Return a household, from one register, and all that stands against it."""
    household = await register.household_of(atena_no)
    told = await register.restrictions_of(household.value)
    return household, await and_held(ledger, household.value, told)

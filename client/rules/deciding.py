"""Who may prepare and who decides: 受付 may be done by outsourced staff, 審査・交付決定 by the town's own alone.

Somebody with the right ``receive`` puts a paper or a notification together; a member of staff with the right to it
(``issue``, ``accept``) shows both factors at the same PC, and it is done in the same act.
"""

from datetime import datetime

from client.domain.clerk import Right, SignIn
from client.domain.errors import CounterError, RefusedError
from client.rules.sign_in import may, right_error, session_error


def only_prepares(sign_in: SignIn, right: Right) -> bool:
    """Tell whether somebody may put a thing together and not decide it."""
    return may(sign_in.clerk, Right.RECEIVE) and not may(sign_in.clerk, right)


def prepare_error(sign_in: SignIn, right: Right) -> RefusedError | None:
    """Return why somebody may not even put a thing together, or None."""
    return None if may(sign_in.clerk, Right.RECEIVE) else right_error(sign_in, right)


def decider_error(sign_in: SignIn, decider: SignIn, right: Right, now: datetime) -> CounterError | None:
    """Return why this person does not decide what another has put together, or None."""
    if decider.clerk.staff_id == sign_in.clerk.staff_id:
        return RefusedError("refused.decision_self")
    if decider.let_in_by:
        return RefusedError("refused.let_in_by_two")
    return session_error(decider, now) or right_error(decider, right)


def door_error(sign_in: SignIn, decider: SignIn | None, right: Right, now: datetime) -> CounterError | None:
    """Return why nothing goes through a door that wants a right: of the clerk, or of who decides beside them."""
    if not only_prepares(sign_in, right):
        return right_error(sign_in, right)
    if decider is None:
        return RefusedError("refused.decision_needed")
    return decider_error(sign_in, decider, right, now)

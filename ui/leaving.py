"""Who leaves the counter: keys and files go at once; the cloud is told beside it, however long that takes."""

from functools import partial

from client.jobs.log_in import LogIn
from ui.work import Starter


def leave_soon(log_in: LogIn, starter: Starter) -> None:
    """Begin to leave; a sign-in, and another leaving, may follow while the cloud is still being told."""
    starter.start("leave", partial(leave, log_in, starter))


async def leave(log_in: LogIn, starter: Starter) -> None:
    """Leave: when this returns, the stores are shut. StoreError where the book could not be written; shut they are."""
    left = await log_in.leave()
    if left is not None:
        starter.start(f"end_session {id(left)}", partial(log_in.end_session, left))

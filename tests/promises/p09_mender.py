"""A counter that mends its damaged replica and is killed at a named moment: words are folder and moment."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from client.domain.errors import StoreError
from tests.store_builders import store_keys, stores_in


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_the_swap(*, after: bool) -> None:
    """Let the very step that puts the new file in place be the last one."""
    replace = os.replace

    def deadly(new: Path, old: Path) -> None:
        if after:
            replace(new, old)
        die()

    os.replace = deadly  # type: ignore[assignment]  # the one call that follows


async def mend(folder: Path, moment: str) -> None:
    stores = stores_in(folder)
    await stores.open(store_keys())
    with suppress(StoreError):
        await stores.replica.check()
    if moment.startswith("swap"):
        die_at_the_swap(after=moment.endswith("after"))

    def tell(done: int, of: int) -> None:
        if moment in {f"table {done}", "last" if done == of - 1 else ""}:
            die()

    await stores.replica.mend(tell)
    await stores.close()


if __name__ == "__main__":
    asyncio.run(mend(Path(sys.argv[1]), sys.argv[2]))

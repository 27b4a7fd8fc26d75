"""The counter as a program of its own, at whose sign-in window two declare a deputy while it is killed.

    declares_deputy.py WHEN < JSON list of staff id, password, code; two of them

``before`` ends it between the book and what makes the deputy count, ``after`` once that is written.
"""

import asyncio
import json
import os
import signal
import sys
from typing import NoReturn

from client.domain.calendar import short_wareki, tokyo_day
from client.domain.deputy import Deputy
from offline.store.declared import Deputies
from tests.journeys.real_terminal import Visit, opened
from ui.cli.verbs import main
from ui.doors import utc_now

TITLE, NAME = "市長職務代理者　副市長", "渡邉\U000e0110　𠮷海"
WHO = json.load(sys.stdin) if __name__ == "__main__" else []


def ends_at(when: str) -> None:
    """Have the declaration end the program."""
    declare = Deputies.declare

    async def declared(self: Deputies, deputy: Deputy) -> NoReturn:
        if when == "after":
            await declare(self, deputy)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still there")

    Deputies.declare = declared  # type: ignore[method-assign]  # this program lives for this alone


async def declare(visit: Visit) -> None:
    """Have two declare a deputy at the sign-in window."""
    await visit.ready()
    await visit.line_is("オフライン")
    await visit.push("logInOffer")
    await visit.wait_for("twoAct")
    await visit.choose("twoAct", "deputy")
    for (staff_id, password, code), heard in zip(WHO, ("twoHeard", "twoTitle"), strict=True):
        await visit.type("twoStaff", staff_id)
        await visit.type("twoPassword", password)
        await visit.type("twoCode", code)
        await visit.push("twoNext")
        await visit.wait_for(heard)
    await visit.type("twoTitle", TITLE)
    await visit.type("twoName", NAME)
    await visit.type("twoLast", short_wareki(tokyo_day(utc_now())).replace("令", "R"))
    await visit.push("twoNext")
    await asyncio.sleep(10)
    raise AssertionError(f"it goes on, and says: {visit.notice()}")


if __name__ == "__main__":
    ends_at(sys.argv[1])
    sys.exit(opened(lambda: main(["open"]), declare))

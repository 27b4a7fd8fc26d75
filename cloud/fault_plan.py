"""What is to go wrong, for which calls and how often; planned by the control, by scenarios and by tests."""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from itertools import count
from typing import Annotated

import msgspec

from cloud.operations import operations
from cloud.points import Point
from cloud.service_names import SERVICES, service_of, split_town

ENDED_ON_PURPOSE = 70  # exit code
_SPENT_KEPT = 200  # faults that are over, kept for their count
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=600_000)]
Short = Annotated[str, msgspec.Meta(max_length=200)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]


class FaultKind(Enum):
    """What may go wrong with one call."""

    DELAY = "delay"
    TRICKLE = "trickle"  # the body in small pieces, over the delay
    LOST_ANSWER = "lost_answer"  # it took effect, and nobody hears of it
    ANSWER_TWICE = "answer_twice"  # it arrives twice; the second answer is heard
    BUSY = "busy"  # 503 with Retry-After, nothing happened
    ERROR = "error"  # 500, 502, 503 or 504, as ``status`` says
    REFUSED = "refused"  # 403, or 409 where ``code`` is of a conflict
    CUT_MIDWAY = "cut_midway"  # half of the answer, then the end of the connection
    CUT_IN_CHUNK = "cut_in_chunk"  # the same, in the middle of a chunk
    WRONG_LENGTH = "wrong_length"  # Content-Length says half of what is sent
    PORTAL = "portal"  # 200 and HTML: a page that wants somebody to sign in to a network
    GARBAGE = "garbage"  # the right type and length, and nothing of it can be read
    WRONG_CLOCK = "wrong_clock"  # the cloud's clock is off for the call
    RESET = "reset"  # the connection is reset before the answer
    SILENT = "silent"  # no answer ever
    RESTART = "restart"  # the process ends at a named point
    SERVICE_DOWN = "service_down"  # 503 with the service's name; health says so


class Line(Enum):
    """The line as a whole."""

    OK = "ok"
    SLOW = "slow"  # every answer late by the delay
    CUT = "cut"  # every connection reset
    SILENT = "silent"  # every call swallowed, no answer ever


class Refusal(Enum):
    """The codes a planned refusal may bear."""

    RIGHT_MISSING = "refused.right_missing"
    SHIEN_SOCHI = "refused.shien_sochi"
    BLOCKED = "refused.blocked"
    BY_CLOUD = "refused.by_cloud"
    TERMINAL_REVOKED = "terminal.revoked"
    CONFLICT = "conflict.version"


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """A fault that befalls the calls it fits: those that meet every condition which is not empty."""

    kind: FaultKind
    path: Short = "/"  # its beginning, after the municipality
    times: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 1  # 0: until it is taken back
    delay_ms: Milliseconds = 0  # every fault may first wait
    method: Short = ""
    operation: Short = ""  # operationId of the contract
    service: Short = ""
    terminal: Short = ""  # the number
    municipality: Short = ""
    probability: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    seed: Seed = 0  # of the dice: the same calls in the same order meet the same faults
    takes_effect: bool = False  # where nothing would happen, it happens all the same
    status: Annotated[int, msgspec.Meta(ge=500, le=504)] = 500
    code: Refusal = Refusal.BY_CLOUD
    retry_after: Annotated[int, msgspec.Meta(ge=0, le=3600)] = 1
    off_s: Annotated[int, msgspec.Meta(ge=-315_360_000, le=315_360_000)] = 0  # ten years, either way
    point: Point = Point.BEFORE_COMMIT

    def __post_init__(self) -> None:
        """Check what fits together; a path with a municipality before it is taken apart."""
        town, self.path = split_town(self.path)
        self.municipality = town or self.municipality
        self.method = self.method.upper()
        if self.operation and self.operation not in operations():
            raise ValueError("operation")
        if self.service and self.service not in SERVICES:
            raise ValueError("service")
        if self.kind is FaultKind.SERVICE_DOWN and not self.service:
            raise ValueError("service")
        if self.status == 501:
            raise ValueError("status")

    def fits(self, call: "Call") -> bool:
        """Tell whether a call meets every condition."""
        return (
            call.path.startswith(self.path)
            and self.method in {"", call.method}
            and self.terminal in {"", call.terminal}
            and self.municipality in {"", call.municipality}
            and (not self.service or self.service == service_of(call.path))
            and (not self.operation or operations()[self.operation].fits(call.method, call.path))
        )


@dataclass(frozen=True, slots=True)
class Call:
    """A call, reduced to what faults are chosen by; the path is bare of the municipality."""

    method: str
    path: str
    municipality: str = ""  # empty where the path is bare
    terminal: str = ""


class Planned:
    """A fault that was planned, with what is left of it and how often it befell."""

    def __init__(self, number: int, fault: Fault) -> None:
        self.number = number
        self.fault = fault
        self.left = fault.times or None  # None: until it is taken back
        self.befell = 0
        self._dice = random.Random(fault.seed)  # noqa: S311 - a storm that can be repeated, no secret

    def befalls(self, call: Call) -> bool:
        """Tell whether it befalls a call, and count that."""
        if self.left == 0 or not self.fault.fits(call):
            return False
        if self._dice.random() >= self.fault.probability:
            return False
        self.befell += 1
        if self.left is not None:
            self.left -= 1
        return True

    def told(self) -> dict[str, object]:
        """Return what the control lists; what was left as it is by itself is not repeated."""
        wanted = msgspec.to_builtins(self.fault)
        usual = msgspec.to_builtins(Fault(FaultKind.DELAY))  # the one kind that stands alone
        own = {name: value for name, value in wanted.items() if name == "kind" or value != usual.get(name)}
        return own | {"id": self.number, "left": self.left, "befell": self.befell}


class Faults:
    """What is to go wrong from now on; shared by the control, the scenarios and the layer, on one loop."""

    def __init__(self, end: Callable[[], None] = lambda: os._exit(ENDED_ON_PURPOSE)) -> None:
        self.end = end  # what a restart calls: the process is gone at once, as after a power cut
        self.line = Line.OK
        self.delay_ms = 0
        self._planned: list[Planned] = []
        self._numbers = count(1)

    def plan(self, fault: Fault) -> int:
        """Let a fault befall the next calls it fits; returns its number."""
        over = [one for one in self._planned if one.left == 0]
        for one in over[:-_SPENT_KEPT]:
            self._planned.remove(one)
        self._planned.append(Planned(next(self._numbers), fault))
        return self._planned[-1].number

    def take_back(self, number: int) -> bool:
        """Let a fault befall nothing more; False where there is none of that number."""
        left = [one for one in self._planned if one.number != number]
        known = len(left) < len(self._planned)
        self._planned = left
        return known

    def clear(self) -> None:
        """Let nothing more go wrong."""
        self.line, self.delay_ms = Line.OK, 0
        self._planned.clear()

    def listed(self) -> list[dict[str, object]]:
        """Return all that was planned and not taken back, what is over too."""
        return [one.told() for one in self._planned]

    def next_for(self, call: Call) -> Fault | None:
        """Take the fault due for a call, if any: what comes a number of times before what stays."""
        spoiling = [one for one in self._planned if one.fault.kind is not FaultKind.WRONG_CLOCK]
        for one in sorted(spoiling, key=lambda one: one.left is None):
            if one.befalls(call):
                return one.fault
        return None

    def off_for(self, call: Call) -> timedelta:
        """Return how wrong the clock is for a call: the newest that fits; another fault may come beside it."""
        for one in reversed(self._planned):
            if one.fault.kind is FaultKind.WRONG_CLOCK and one.befalls(call):
                return timedelta(seconds=one.fault.off_s)
        return timedelta(0)

    def states(self, municipality: str) -> dict[str, str]:
        """Return the services of a municipality that are not well, as its health tells them."""
        found: dict[str, str] = {}
        for one in self._planned:
            fault = one.fault
            is_for_all = not fault.terminal and fault.municipality in {"", municipality}
            if one.left != 0 and fault.service and is_for_all:
                if fault.kind is FaultKind.SERVICE_DOWN:
                    found[fault.service] = "down"
                elif fault.kind in {FaultKind.DELAY, FaultKind.TRICKLE}:
                    found.setdefault(fault.service, "slow")
        return found

"""Scenarios for drills: named sequences of faults, each from a moment to a moment after the start."""

import asyncio
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib.resources import files

import msgspec

from cloud.fault_plan import Fault, Faults


class Act(Fault, forbid_unknown_fields=True, kw_only=True):
    """A fault with its time in a scenario; it stays for as long as no count is given."""

    from_s: float = 0
    until_s: float
    times: int = 0

    def __post_init__(self) -> None:
        """Check the times."""
        super().__post_init__()
        if not 0 <= self.from_s < self.until_s:
            raise ValueError("until_s")


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """What scenarios/*.toml hold."""

    title: str  # in Japanese, as a drill's leader reads it
    about: str
    fault: list[Act]

    @property
    def seconds(self) -> float:
        """Return how long it takes."""
        return max(act.until_s for act in self.fault)

    def moments(self) -> list[tuple[float, bool, int]]:
        """Return when which act begins or ends, in order; what ends goes before what begins at the same time."""
        begins = [(act.from_s, True, place) for place, act in enumerate(self.fault)]
        ends = [(act.until_s, False, place) for place, act in enumerate(self.fault)]
        return sorted(begins + ends)


@cache
def scenarios() -> Mapping[str, Scenario]:
    """Return every scenario that is shipped, by name."""
    folder = files("cloud").joinpath("scenarios")
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return {
        one.name.removesuffix(".toml"): msgspec.convert(
            tomllib.loads(one.read_text(encoding="utf-8")), Scenario
        )
        for one in found
    }


class Scenarios:
    """Plays scenarios on the loop's own clock, which nobody sets; ``sleep`` waits a number of seconds."""

    def __init__(self, faults: Faults, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._faults = faults
        self._sleep = sleep
        self._playing: dict[str, asyncio.Task[None]] = {}

    def playing(self) -> list[str]:
        """Return the names of those under way."""
        return [name for name, task in self._playing.items() if not task.done()]

    async def start(self, name: str, scenario: Scenario) -> None:
        """Play a scenario from its beginning, also where it is under way."""
        await self.stop(name)
        self._playing[name] = asyncio.create_task(self._play(scenario))

    async def stop(self, name: str | None = None) -> None:
        """Stop one scenario, or all; what they planned is taken back when this returns."""
        chosen = [name] if name is not None else list(self._playing)
        tasks = [self._playing.pop(one) for one in chosen if one in self._playing]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _play(self, scenario: Scenario) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        planned: dict[int, int] = {}
        try:
            for at_s, begins, place in scenario.moments():
                await self._sleep(max(0.0, began + at_s - clock()))
                if begins:
                    planned[place] = self._faults.plan(scenario.fault[place])
                else:
                    self._faults.take_back(planned.pop(place))
        finally:
            for number in planned.values():
                self._faults.take_back(number)

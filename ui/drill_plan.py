"""The drills there are, as resources/drills/ describes them."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from resources import read_text


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """A drill: its name, the line it is held on, and its steps as (id, act)."""

    name: str
    line_profile: str
    steps: tuple[tuple[str, str], ...]

    @property
    def step_ids(self) -> tuple[str, ...]:
        """Return what its steps are called."""
        return tuple(step_id for step_id, _ in self.steps)


def names() -> tuple[str, ...]:
    """Return the names of all drills."""
    listed = (entry.name for entry in files("resources").joinpath("drills").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in listed if name.endswith(".toml")))


def read_plan(name: str) -> DrillPlan:
    """Return a drill by name."""
    plan = tomllib.loads(read_text("drills", f"{name}.toml"))
    steps = tuple((step["id"], step.get("waits_for") or step["does"]) for step in plan["step"])
    return DrillPlan(plan["name"], plan["line_profile"], steps)

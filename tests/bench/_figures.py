"""How figures are told: a table for people, and one last line for machines."""

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the result; lower is better, but where it says so."""

    name: str
    value: float
    scale: str
    target: float | None = None
    better: str = "lower"

    @property
    def ok(self) -> bool:
        """Tell whether the target is met."""
        if self.target is None:
            return True
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


def tell(bench: str, figures: Iterable[Figure], peers: Mapping[str, object], *, as_json: bool) -> int:
    """Print the figures; returns 1 where a target is missed."""
    figures = list(figures)
    for one in figures:
        sign = "≤" if one.better == "lower" else "≥"
        target = "" if one.target is None else f"target {sign} {one.target:,.3g}"
        print(
            f"{one.name:30}{one.value:15,.3f}  {target:20}{'ok' if one.ok else 'MISSED':8}{one.scale}",
            flush=True,
        )
    if as_json:
        print(json.dumps(_line(bench, figures, peers), ensure_ascii=False))
    return 0 if all(one.ok for one in figures) else 1


def _line(bench: str, figures: Iterable[Figure], peers: Mapping[str, object]) -> dict[str, object]:
    lines = [
        {
            "name": one.name,
            "value": round(one.value, 4),
            "target": one.target,
            "better": one.better,
            "scale": one.scale,
            "ok": one.ok,
        }
        for one in figures
    ]
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    return {"bench": bench, "figures": lines, "peers": dict(peers), "machine": machine}

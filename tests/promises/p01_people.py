"""A training town with so many clerks that somebody always has a code not used yet."""

import base64
import json
import secrets
import time
from pathlib import Path
from typing import Any

PEOPLE = 40
_STEP = 30
RIGHTS = ["view", "issue", "accept", "honseki", "cash"]


def hire(cloud: Path, residents: int) -> None:
    """Write the town's staff down before its cloud is founded."""
    staff = [
        {
            "staff_id": f"s{number:03}",
            "name": "窓口　係",
            "section": "市民課",
            "password": secrets.token_hex(6),
            "totp_seed": base64.b32encode(secrets.token_bytes(20)).decode(),
            "rights": RIGHTS,
        }
        for number in range(1, PEOPLE + 1)
    ]
    cloud.mkdir(parents=True)
    facts = {"residents": residents, "seed": 7, "staff": staff, "tokens": []}
    (cloud / "training.json").write_text(json.dumps(facts), "utf-8")


def person_of(ready: Path, staff_id: str) -> dict[str, Any]:
    """Return a clerk's password and seed."""
    told = json.loads(ready.read_text("utf-8"))
    person = next(one for one in told["staff"] if one["staff_id"] == staff_id)
    seed = str(person["totp_seed"])
    return {"password": person["password"], "seed": base64.b32decode(seed + "=" * (-len(seed) % 8))}


class Roster:
    """Who signs in next, with which half minute's code; no code is used twice."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}
        self._known: list[str] = []  # those who have signed in here on line: they can off line, too

    def next_new(self) -> tuple[str, int]:
        """Return somebody who has never been here, while there is one; then whoever has a code left."""
        fresh = [f"s{number:03}" for number in range(1, PEOPLE + 1) if f"s{number:03}" not in self._used]
        return self._take(fresh[0]) if fresh else self.next_known()

    def next_known(self) -> tuple[str, int]:
        """Return somebody who has been here and has a code left; waits for one where it must."""
        while True:
            now = int(time.time()) // _STEP
            free = [who for who in self._known if self._used[who] < now]
            if free:
                return self._take(free[0])
            time.sleep(0.5)

    def was_let_in(self, staff_id: str) -> None:
        """Note that somebody can sign in here off line from now on."""
        if staff_id not in self._known:
            self._known.append(staff_id)

    @property
    def somebody_known(self) -> bool:
        """Tell whether anybody can sign in off line now."""
        return any(self._used[who] < int(time.time()) // _STEP for who in self._known)

    def _take(self, staff_id: str) -> tuple[str, int]:
        now = int(time.time()) // _STEP
        step = max(self._used.get(staff_id, 0) + 1, now - (time.time() % _STEP < _STEP / 2))
        self._used[staff_id] = step
        return staff_id, step

"""The training sign-in shown beside the fields, read from the file a training cloud writes when it is ready."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from client.rules import totp


@dataclass(frozen=True, slots=True)
class TrainingSignIn:
    """One of the training town's people; nothing of it opens anything real."""

    staff_id: str
    password: str = field(repr=False)
    seed: bytes = field(repr=False)

    def code(self, now: datetime) -> str:
        """Return the code of this half minute."""
        return totp.code(self.seed, totp.step_of(now))


def read_hint(path: Path, *, officer: bool = False) -> TrainingSignIn | None:
    """Return the first person of a ready file, or the first officer; None where there is none to be read."""
    try:
        people = json.loads(path.read_text("utf-8"))["staff"]
        staff = next((one for one in people if officer and "officer" in one.get("rights", ())), people[0])
        seed = base64.b32decode(staff["totp_seed"] + "=" * (-len(staff["totp_seed"]) % 8))
        return TrainingSignIn(staff["staff_id"], staff["password"], seed)
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None  # a hint is a kindness; without it the fields are still there


def watch_hint(
    file_name: str, show: Callable[[str, str, str], None], *, officer: bool = False
) -> Callable[[datetime], None]:
    """Return what shows the hint as of a moment; the file is read anew until it could be read. No name, no hint.

    A drill is started by an officer: there the hint is the officer's.
    """
    found: list[TrainingSignIn] = []

    def tell(now: datetime) -> None:
        if not file_name:
            return
        if not found and (hint := read_hint(Path(file_name), officer=officer)) is not None:
            found.append(hint)
        if found:
            show(found[0].staff_id, found[0].password, found[0].code(now))

    return tell

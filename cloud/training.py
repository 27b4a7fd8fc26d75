"""The training town: who works there, with which passwords, and the tokens that enrol terminals.

All of it is made up and printed beside the sign-in fields; a real town's staff come from its own directory.
"""

import base64
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cloud.enrolment import Terminals
from cloud.keys import write_private
from cloud.staff import ITEMS, RIGHTS, SEED_SIZE, NewStaff

TOKENS_READY = 5
_CLERK = ("view", "issue", "accept", "honseki", "cash")
_STAFF = (
    ("s001", "山﨑　美咲", "市民課", (*_CLERK, *ITEMS)),
    ("s002", "髙島　健一", "市民課長", RIGHTS),
    ("s003", "佐藤　翔", "市民課", _CLERK),  # sees no items: what is withheld can be tried
)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike


class TrainingStaff(msgspec.Struct):
    """A made-up member of staff, with all that signs the person in."""

    staff_id: str
    name: str
    section: str
    password: str
    totp_seed: str  # base32, as authenticator apps take it
    rights: list[str]

    def new(self) -> NewStaff:
        """Return the person as the cloud writes staff down."""
        seed = base64.b32decode(self.totp_seed)
        return NewStaff(self.staff_id, self.name, self.section, tuple(self.rights), self.password, seed)


class TrainingFacts(msgspec.Struct):
    """What training.json holds: readable by its owner only."""

    residents: int
    seed: int
    staff: list[TrainingStaff]
    tokens: list[str] = []


@dataclass(frozen=True, slots=True)
class TrainingFile:
    """training.json in a data directory."""

    path: Path
    facts: TrainingFacts = field(repr=False)

    def save(self) -> None:
        """Write it, whole or not at all."""
        write_private(self.path, msgspec.json.format(msgspec.json.encode(self.facts)))

    def top_up(self, terminals: Terminals, count: int = TOKENS_READY) -> list[str]:
        """Return unused tokens, at least ``count`` of them."""
        self.facts.tokens = [token for token in self.facts.tokens if terminals.is_unused(token)]
        while len(self.facts.tokens) < count:
            self.facts.tokens.append(terminals.new_token())
        self.save()
        return list(self.facts.tokens)


def open_training_file(folder: Path, residents: int, seed: int) -> TrainingFile:
    """Read training.json, or make up staff for a new town."""
    path = folder / "training.json"
    if path.exists():
        return TrainingFile(path, msgspec.json.decode(path.read_bytes(), type=TrainingFacts))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    staff = [
        TrainingStaff(
            staff_id=staff_id,
            name=name,
            section=section,
            password="-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3)),
            totp_seed=base64.b32encode(secrets.token_bytes(SEED_SIZE)).decode(),
            rights=list(rights),
        )
        for staff_id, name, section, rights in _STAFF
    ]
    made = TrainingFile(path, TrainingFacts(residents, seed, staff))
    made.save()
    return made

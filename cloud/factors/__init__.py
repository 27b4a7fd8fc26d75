"""Second factors: what every one of them can do, the three that are built in, and those a town adds.

A further one is a Python package with an entry point of the group ``madoguchi.second_factors``: a function that takes
the ``SignInRules`` and returns a ``SecondFactor``. A name that is taken is not given twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from importlib.metadata import entry_points
from typing import Protocol

from cloud.sign_in_rules import SignInRules

GROUP = "madoguchi.second_factors"


class Verdict(Enum):
    """What became of an answer."""

    GOOD = "good"
    WRONG = "wrong"
    USED = "used"  # right, and shown before
    CLONED = "cloned"  # right, and so was a copy of the same key: neither is heard


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a person's factor is checked with: its secret or public part, and what it wrote down last."""

    secret: bytes = field(repr=False)
    state: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked of a factor: what the terminal is told, and what is kept until the answer, once."""

    told: Mapping[str, object]
    kept: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict, and the state to be kept where it is good."""

    verdict: Verdict
    state: str = ""


class SecondFactor(Protocol):
    """A kind of second factor. It keeps nothing itself and is never told whose factor it looks at."""

    @property
    def name(self) -> str:
        """Return what the contract calls it."""
        ...

    @property
    def nobody(self) -> Enrolled:
        """Return what answers are held against where nobody is: as slow as a real one, and never good."""
        ...

    def begin(self) -> Challenge | None:
        """Return a new challenge, the same for everybody in shape and time; None where none is needed."""
        ...

    def verify(self, enrolled: Enrolled, answer: object, kept: str | None, now: datetime) -> Checked:
        """Judge an answer, whatever JSON it is; ``kept`` is of the open challenge of person and terminal."""
        ...


def open_factors(rules: SignInRules) -> Mapping[str, SecondFactor]:
    """Return the second factors by name; ValueError where a name is given twice."""
    from cloud.factors.card_key import CardKey
    from cloud.factors.fido2_key import Fido2Key  # its library is loaded with the cloud, not by every reader
    from cloud.factors.totp_code import TotpCode

    found: dict[str, SecondFactor] = {}
    made = [TotpCode(), Fido2Key(rules.relying_party), CardKey()]
    for factor in (*made, *(point.load()(rules) for point in entry_points(group=GROUP))):
        if factor.name in found:
            raise ValueError(f"second factor {factor.name} is there twice")
        found[factor.name] = factor
    return found

"""Whom the words of a request for support measures are for: asked on every way to them [STD j440]."""

from collections.abc import Iterable
from types import MappingProxyType

from cloud.clock import Now, day_in_tokyo
from cloud.office.log import By, OfficeLog
from cloud.problems import forbidden
from cloud.register import Register
from cloud.staff import BLOCK_LIFT, BLOCK_SET, clerk_of

RIGHT, SHIEN_RIGHT = "office", "shien_sochi"
_OF_MEASURES = "shien_sochi."  # kinds of requests that may tell of the other side (相手方)
UNKNOWN = _OF_MEASURES  # of what nobody knows the kind of, it may be
_WORDS = "payload"
_ACTS = MappingProxyType(  # what a decision does to a protection that stands, or is asked for
    {
        (_OF_MEASURES + "application", "register"): BLOCK_SET,
        (_OF_MEASURES + "application", "return"): BLOCK_LIFT,  # of what was put at once
        (_OF_MEASURES + "end", "register"): BLOCK_LIFT,
    }
)


def is_of_measures(kind: str) -> bool:
    """Tell whether a request of a kind may tell of the other side."""
    return kind.startswith(_OF_MEASURES)


class Reading:
    """Who of a town's staff may read, decide and open what belongs to such a request, whatever way they come."""

    def __init__(self, register: Register, log: OfficeLog, now: Now) -> None:
        self._register = register
        self._log = log
        self._now = now

    def must(self, who: str, kinds: Iterable[str], subject: str) -> None:
        """Refuse whom one of these kinds is not for, with a line in the office log; ``subject`` is a key."""
        if any(map(is_of_measures, kinds)):
            self._must(who, SHIEN_RIGHT, subject)

    def must_decide(self, who: str, kind: str, decision: str, subject: str) -> None:
        """Refuse whom a request is not for, and who may not set or lift what the decision would [STD j410]."""
        self.must(who, [kind], subject)
        if act := _ACTS.get((kind, decision)):
            self._must(who, act, subject)

    def shown(self, who: str, cases: Iterable[dict[str, object]]) -> list[dict[str, object]]:
        """Return requests as somebody may see them: without their words, and ``withheld``, where those are not for them."""
        may = self._may(who, SHIEN_RIGHT)
        return [
            case if may or not is_of_measures(str(case["kind"])) else _without_words(case) for case in cases
        ]

    def _must(self, who: str, right: str, subject: str) -> None:
        if not self._may(who, right):
            self._log.say(By(who), "measures.refused", subject)
            raise forbidden("refused.right_missing", right=right)

    def _may(self, who: str, right: str) -> bool:
        with self._register.reading() as connection:
            clerk = clerk_of(connection, self._register.municipality, who, day_in_tokyo(self._now()))
        return clerk is not None and clerk.may(RIGHT) and clerk.may(right)


def _without_words(case: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in case.items() if name != _WORDS} | {"withheld": True}

"""複製の照合 on demand: every page and row of the replica read anew, then the register asked for what differs (P09).

With no line its own rows are held against its own sums, and the answer says that the register could not be asked.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from client.domain.clerk import Right, SignIn
from client.domain.errors import LinkDownError, RefusedError, StoreError
from client.jobs.feed_ports import Landing
from client.jobs.ports import JournalEntry
from client.jobs.scrub_replica import ScrubReplica
from client.jobs.sync_replica import SyncReplica
from client.rules.filling import Pace
from client.rules.sync import RoundReport


class Part(Enum):
    """What is being looked at, in order."""

    PAGES = "pages"
    ROWS = "rows"
    REGISTER = "register"


@dataclass(frozen=True, slots=True)
class Looking:
    """How far a proof is; of the rows, in buckets, and how long they still take."""

    part: Part
    done: int = 0
    of: int = 0
    left: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof came to. ``as_of`` is when the register last said what the replica equals; None off line."""

    wrong: int  # buckets whose rows were not what they should be
    damaged: bool = False  # a page could not be read; what could was saved
    as_of: datetime | None = None
    repaired: int = 0  # buckets fetched anew
    rows: int = 0  # that came for them
    filled: bool = False
    trouble: str = ""  # why the register could not be asked, or its answer not be taken; a code

    @property
    def whole(self) -> bool:
        """Tell whether all that was read was as it should be."""
        return not self.wrong and not self.damaged and not self.repaired and not self.filled

    @property
    def equal(self) -> bool:
        """Tell whether the replica is now proven equal to the register."""
        return self.as_of is not None

    def facts(self) -> dict[str, str | int]:
        """Return it as the facts of a line in the journal."""
        told: dict[str, str | int] = {"whole": int(self.whole), "wrong_buckets": self.wrong}
        told |= {"equal": int(self.equal), "repaired_buckets": self.repaired, "repaired_rows": self.rows}
        return told | ({"trouble": self.trouble} if self.trouble else {})


Tell = Callable[[Looking], None]


class ProveReplica:
    """Proves everything at once; cancelled, it leaves what it has found to the next round of sync."""

    def __init__(
        self,
        scrub: ScrubReplica,
        sync: SyncReplica | None,
        ledger: Landing,
        *,
        usable: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scrub = scrub
        self._sync = sync
        self._ledger = ledger
        self._usable = usable
        self._clock = clock

    async def by(self, sign_in: SignIn, tell: Tell, *, follow_back: bool = False) -> Proof:
        """Prove it for a clerk, and write that down; ``follow_back`` goes back with a restored register.

        RefusedError where the clerk is no officer; StoreError.
        """
        if Right.OFFICER not in sign_in.clerk.rights:
            raise RefusedError("refused.right_missing", right=Right.OFFICER.value)
        proof = await self.look(tell, follow_back=follow_back)
        facts = proof.facts() | ({"followed_back": 1} if follow_back else {})
        await self._ledger.record(JournalEntry("verify", sign_in.clerk.staff_id, facts=facts))
        return proof

    async def look(self, tell: Tell = lambda _: None, *, follow_back: bool = False) -> Proof:
        """Prove it and say what it came to. StoreError."""
        tell(Looking(Part.PAGES))
        wrong, damaged = 0, False
        try:
            await self._scrub.pages()
            wrong = await self._rows(tell)
        except StoreError as error:
            if error.code != "store.damaged_replica":
                raise
            damaged = True
        tell(Looking(Part.REGISTER))
        if self._sync is None or not self._usable():
            if damaged and self._sync is not None:
                await self._sync.mend()
            return Proof(wrong, damaged, trouble="link.unreachable")
        try:
            return _proof(wrong, damaged, await self._sync.round(follow_back=follow_back))
        except LinkDownError as error:
            return Proof(wrong, damaged, trouble=error.code)

    async def _rows(self, tell: Tell) -> int:
        pace, before, last = Pace(), 0, self._clock()

        def told(done: int, of: int) -> None:
            nonlocal pace, before, last
            now = self._clock()
            pace, before, last = pace.after(done - before, now - last), done, now
            tell(Looking(Part.ROWS, done, of, pace.left(of - done)))

        return await self._scrub.everything(told)


def _proof(wrong: int, damaged: bool, report: RoundReport) -> Proof:
    as_of = min(one.reached.at for one in report.feeds) if report.proven else None
    return Proof(wrong, damaged, as_of, report.repaired, report.rows, report.filled)

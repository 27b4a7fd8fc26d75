"""Ask the register, once it can be asked again, what it knew of each offline paper before it was issued (P07).

A paper is asked about until the answer is of a time after its issue; cut anywhere, the next round goes on.
"""

from client.domain.calendar import tokyo_day
from client.domain.doubtful import Certified, OfflinePaper
from client.domain.feed import Feed
from client.jobs.deputy_ports import CertifierTold
from client.jobs.doubt_ports import CloudTouches, DoubtBook
from client.rules.doubtful import verdict

AT_ONCE = 50  # papers a question
_MOST = 20  # questions a round


class CheckOfflinePapers:
    """One round at a time; safe to repeat."""

    def __init__(self, cloud: CloudTouches, book: DoubtBook, replica: CertifierTold) -> None:
        self._cloud = cloud
        self._book = book
        self._replica = replica

    async def __call__(self) -> int:
        """Return how many papers are new on the list. LinkDownError, StoreError."""
        last = found = 0
        for _ in range(_MOST):
            papers = await self._book.unchecked_papers(last, AT_ONCE)
            if not papers:
                break
            told = {feed: await self._cloud.touches(feed, papers) for feed in Feed}
            verdicts = [
                verdict(paper, {feed: told[feed][n] for feed in Feed}, await self._certified(paper))
                for n, paper in enumerate(papers)
            ]
            found += await self._book.note_verdicts([one for one in verdicts if one.final or one.doubts])
            last = papers[-1].serial
        return found

    async def _certified(self, paper: OfflinePaper) -> Certified | None:
        if paper.deputy is None:
            return None
        told = await self._replica.certifier_on(tokyo_day(paper.issued_at))
        return Certified(told.as_of.register_at, told.value)

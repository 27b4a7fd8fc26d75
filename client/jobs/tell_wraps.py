"""Tell the book that the file of wraps was begun anew or mended, where secrets are shown without a sign-in to say it in."""

from typing import Protocol

from client.domain.keys import Unlocked
from client.jobs.ports import JournalEntry


class Book(Protocol):
    """The journal."""

    async def record(self, entry: JournalEntry) -> None:
        """Append a line. StoreError."""
        ...


async def tell_wraps(book: Book, unlocked: Unlocked) -> None:
    """Write it at once: the file says it to whoever is let in first, and to nobody after. StoreError."""
    if unlocked.wraps_word:
        facts = {"how": "wraps", "wraps": unlocked.wraps_word}
        await book.record(JournalEntry("sign_in", unlocked.sign_in.clerk.staff_id, facts=facts))

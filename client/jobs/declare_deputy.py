"""Declare at this terminal by two, one of them an officer, who acts for the mayor while the line is down; or end it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256

from client.domain.calendar import tokyo_day
from client.domain.deputy import Appointed, Deputy
from client.domain.errors import CounterError, PaperError, RefusedError, StoreError
from client.domain.intake import refuse_forbidden_number
from client.domain.keys import Unlocked
from client.domain.letters import code_points
from client.jobs.deputy_ports import CertifierTold, Deputies
from client.jobs.hear_word import HearWord
from client.jobs.log_in import LogIn
from client.jobs.ports import JournalEntry, Keys, Ledger, Now
from client.rules.deputy import declaring_error, ending, ending_error
from client.rules.staff_terms import Pair

_BY_ITSELF = "terminal"  # nobody in person


class DeclareDeputy:
    """Hears two, then declares or ends; ``longest`` is for how many days, ``missing`` the letters no font here has."""

    def __init__(
        self,
        log_in: LogIn,
        keys: Keys,
        kept: Deputies,
        ledger: Ledger,
        replica: CertifierTold,
        *,
        now: Now,
        on_line: Callable[[], bool],
        missing: Callable[[str], tuple[str, ...]],
        longest: int,
    ) -> None:
        self.hear = HearWord(log_in, keys, ledger, now=now)
        self._log_in = log_in
        self._kept = kept
        self._ledger = ledger
        self._replica = replica
        self._now = now
        self._on_line = on_line
        self._missing = missing
        self.longest = longest

    @property
    def today(self) -> date:
        """Return the day it is at the counter."""
        return tokyo_day(self._now())

    @property
    def present(self) -> Deputy | None:
        """Return the deputy declared here whose days are not over, as far as that is known with the stores shut."""
        deputy = self._kept.present
        return None if deputy is None or ending(deputy, self._now(), None) else deputy

    async def load(self) -> None:
        """Learn what the disk has."""
        await self._kept.known()

    async def __call__(self, first: Unlocked, second: Unlocked, words: Appointed) -> Deputy:
        """Write it into the book, then let it count.

        RefusedError ``refused.deputy_on_line``, ``refused.deputy_days``, ``refused.input``, PaperError
        ``paper.glyph_missing`` for a letter no paper could bear, SignInNeededError, StoreError.
        """
        now, pair = self._now(), Pair(first.sign_in, second.sign_in)
        words = replace(words, title=words.title.strip(), name=words.name.strip())
        refuse_forbidden_number("deputy_title", words.title)
        refuse_forbidden_number("deputy_name", words.name)
        async with self._log_in.opened_for(first):
            refusal = declaring_error(pair, words, now, on_line=self._on_line(), longest=self.longest)
            if refusal:
                await self.hear.refuse(pair.officer, refusal)
            if lacking := self._missing(words.title + words.name):
                raise PaperError("paper.glyph_missing", letters=", ".join(map(code_points, lacking)))
            register_at = (await self._replica.certifier_on(tokyo_day(now))).as_of.register_at
            officer, other = pair.ids
            deputy = Deputy(
                officer, other, words.title, words.name, words.first_day, words.last_day, now, register_at
            )
            await self._ledger.record(_entry(deputy, officer, "made", other))
            await self._kept.declare(deputy)
        return deputy

    async def end(self, first: Unlocked, second: Unlocked) -> None:
        """End it by the word of two, which the book has first. RefusedError, SignInNeededError, StoreError."""
        pair = Pair(first.sign_in, second.sign_in)
        refusal: CounterError | None = ending_error(pair, self._now())
        async with self._log_in.opened_for(first):
            if refusal:
                await self.hear.refuse(pair.officer, refusal)
            deputy = await self._kept.known()
            if deputy is None:
                raise RefusedError("refused.not_found", what="deputy")
            officer, other = pair.ids
            await self._ledger.record(_entry(deputy, officer, "ended", other))
            await self._kept.end(deputy)


class EndDeputy:
    """Writes down that a deputy is over by its date or by the register's word, so that no clock set back revives it."""

    def __init__(self, kept: Deputies, ledger: Ledger, *, now: Now) -> None:
        self._kept = kept
        self._ledger = ledger
        self._now = now

    async def __call__(self, register_at: datetime | None) -> Deputy | None:
        """Return who stands declared; where the book is shut, an end is written once it is open."""
        deputy = await self._kept.known()
        how = None if deputy is None else ending(deputy, self._now(), register_at)
        if deputy is None or how is None:
            return deputy
        try:
            await self._ledger.record(_entry(deputy, _BY_ITSELF, how))
            await self._kept.end(deputy)
        except StoreError:
            return None  # it certifies nothing any more either way
        return None


def words_sum(title: str, name: str) -> str:
    """Return the sum by which the book holds title and name: SHA-256 of both, NUL between them, in hex."""
    return sha256(f"{title}\0{name}".encode()).hexdigest()


def _entry(deputy: Deputy, actor: str, how: str, other: str = "") -> JournalEntry:
    facts = {"how": how, "words": words_sum(deputy.title, deputy.name)}
    facts |= {"from": deputy.first_day.isoformat(), "until": deputy.last_day.isoformat()}
    if other:
        facts["other"] = other
    # No words typed by hand stand in a fact or travel: they stand beside the line, and their sum in it.
    return JournalEntry("deputy", actor, facts=facts, note=f"{deputy.title}　{deputy.name}")

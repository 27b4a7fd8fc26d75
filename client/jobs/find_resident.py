"""Find a resident: live while the cloud answers, else from the replica; in the journal before on the screen."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NoReturn

from client.domain.as_of import Answer
from client.domain.blocks import Restrictions
from client.domain.change import ChangeKind, QueuedChange
from client.domain.clerk import Right, SignIn
from client.domain.errors import LinkDownError, RefusedError, StoreError
from client.domain.forbidden_numbers import holds_forbidden_number
from client.domain.query import Query
from client.domain.resident import AtenaNo, Found, Hit, Household, HouseholdNo
from client.jobs.ports import JournalEntry, Ledger, Now, OwnRegister, Register
from client.jobs.reach import Reach
from client.jobs.restrictions import read_household
from client.rules import gate
from client.rules.holds import hidden_homes, sheltered_by, veiled_hit
from client.rules.projection import project
from client.rules.services import RESIDENTS
from client.rules.sign_in import may, right_error, session_error

HITS = 50  # a list a person can read; one more is asked for, to know that there are more
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
WIDEST = 200  # of an answer (resources/contract/openapi.yaml)
LONGEST = 200  # letters a field of a search may have (resources/contract/openapi.yaml)
MOST_WORDS = 16  # of a field; every word is one more condition to be looked for


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """A household as a screen may show it, and what stands about it.

    ``household`` is what is decided; ``projected`` is what it will be once the pending changes are registered.
    Where a protected person lives there and no identity was checked, neither says where.
    """

    household: Household = field(repr=False)
    projected: Household = field(repr=False)
    restrictions: Restrictions
    protected: frozenset[AtenaNo]
    pending: tuple[QueuedChange, ...]
    unsettled: tuple[QueuedChange, ...]
    warnings: tuple[str, ...]
    masked: bool


class FindResident:
    """Looks up people for a clerk. Nothing is kept between two looks."""

    def __init__(
        self, live: Register, replica: OwnRegister, reach: Reach, ledger: Ledger, *, now: Now
    ) -> None:
        self._live = live
        self._replica = replica
        self._reach = reach
        self._ledger = ledger
        self._now = now

    def asks_cloud(self, sign_in: SignIn) -> bool:
        """Tell whether a search would go to the cloud now."""
        return self._reach.worth_trying(sign_in, RESIDENTS)

    async def find(self, sign_in: SignIn, query: Query) -> Answer[Found]:
        """Return residents that match, addresses of the protected left out; from the cloud while it answers.

        Errors: SignInNeededError; RefusedError ``refused.input`` where nothing or far too much was typed.
        """
        asked = await self._checked(sign_in, query)
        return await self._shown(sign_in, asked, await self._find(sign_in, asked))

    async def find_here(self, sign_in: SignIn, query: Query) -> Answer[Found] | None:
        """Return what the replica finds, without waiting for anybody; None while it cannot be asked.

        What the cloud answers to the same takes its place: a replica follows within minutes. Errors as ``find``.
        """
        asked = await self._checked(sign_in, query)
        with suppress(StoreError):  # not filled yet, or damaged: whoever asks next is told
            most = await self._most(asked)
            return await self._shown(sign_in, asked, await self._replica.find(asked, limit=most))
        return None

    async def household(
        self, sign_in: SignIn, atena_no: AtenaNo, *, identity_checked: bool = False
    ) -> Answer[HouseholdView]:
        """Return a resident's household; RefusedError where a block forbids the look."""
        if over := session_error(sign_in, self._now()):
            raise over
        household, restrictions = await self._read(sign_in, atena_no)
        verdict = gate.view_verdict(
            household=household.value,
            restrictions=restrictions,
            sign_in=sign_in,
            now=self._now(),
        )
        numbers = tuple(member.atena_no for member in household.value.members)
        if verdict.refusals:
            await self._refuse(sign_in, numbers, verdict.refusals[0])
        view = self._view(
            sign_in,
            household.value,
            restrictions,
            await self._ledger.changes_of(numbers),
            verdict.warnings,
            identity_checked=identity_checked,
        )
        await self._ledger.record(
            JournalEntry(
                "view",
                sign_in.clerk.staff_id,
                numbers,
                {
                    "source": household.as_of.source.value,
                    "version": household.as_of.register_version,
                    "masked": int(view.masked),
                },
            )
        )
        return Answer(view, household.as_of)

    async def _checked(self, sign_in: SignIn, query: Query) -> Query:
        """Return the query as it is asked for this clerk: of what was typed, what a person sees."""
        query = query.seen
        if over := session_error(sign_in, self._now()):
            raise over
        await self._must(sign_in, Right.VIEW)
        if query.is_empty:
            raise RefusedError("refused.input", field="typed")
        if any(len(text) > LONGEST or words_in(text) > MOST_WORDS for text in query.texts):
            raise RefusedError("refused.input_too_long", most=LONGEST, words=MOST_WORDS)
        if any(map(holds_forbidden_number, query.texts)):  # not asked for, not in the journal, kept by nobody
            raise RefusedError("refused.number_search")
        clerk = sign_in.clerk
        return replace(query, sheltered=may(clerk, Right.SHIEN_SOCHI), cardless=not may(clerk, Right.ZAIRYU))

    async def _shown(self, sign_in: SignIn, asked: Query, answer: Answer[tuple[Hit, ...]]) -> Answer[Found]:
        """Return what the screen may show of an answer; the line is in the journal by then."""
        hits = gate.masked_hits(await self._and_held(asked, answer))
        found = Found(hits[:HITS], more=len(hits) > HITS)
        await self._ledger.record(
            JournalEntry(
                "look_up",
                sign_in.clerk.staff_id,
                tuple(hit.atena_no for hit in found.hits),
                {
                    "source": answer.as_of.source.value,
                    "version": answer.as_of.register_version,
                    "by": asked.asked_by,
                    "hits": len(found.hits),
                    "more": int(found.more),
                },
            )
        )
        return Answer(found, answer.as_of)

    async def _and_held(self, asked: Query, answer: Answer[tuple[Hit, ...]]) -> tuple[Hit, ...]:
        """Return the hits, of those whom a hold protects and who lives with them no address; nor are they found by one."""
        blocks_at = answer.as_of.blocks_at
        holds = await self._ledger.holds_of(ChangeKind.SHIEN_SOCHI, blocks_at)
        sheltered = sheltered_by(holds, blocks_at)
        if not sheltered:
            return answer.value
        homes: frozenset[HouseholdNo] = frozenset()
        with suppress(
            StoreError
        ):  # no replica to ask yet: then those themselves, and whoever is found with them
            homes = await self._replica.homes_of(sheltered)
        hidden = hidden_homes(answer.value, sheltered, homes)
        found = []
        for hit in answer.value:
            if hit.household_no not in hidden or asked.sheltered or await self._found_unplaced(asked, hit):
                found.append(veiled_hit(hit, sheltered, hidden))
        return tuple(found)

    async def _found_unplaced(self, asked: Query, hit: Hit) -> bool:
        """Tell whether somebody is found also without what is known of addresses; the replica can tell."""
        with suppress(StoreError):
            if await self._replica.homes_of((hit.atena_no,)):
                unplaced = replace(asked, unplaced=True, number=asked.number or hit.atena_no)
                told = await self._replica.find(unplaced, limit=HITS + 1)
                return any(one.atena_no == hit.atena_no for one in told.value)
        return not asked.place

    @staticmethod
    def _view(
        sign_in: SignIn,
        household: Household,
        restrictions: Restrictions,
        changes: tuple[QueuedChange, ...],
        warnings: tuple[str, ...],
        *,
        identity_checked: bool,
    ) -> HouseholdView:
        projection = project(household, changes)
        view = HouseholdView(
            household=gate.without_items(household, sign_in),
            projected=gate.without_items(projection.household, sign_in),
            restrictions=restrictions,
            protected=gate.protected_members(household, restrictions),
            pending=projection.pending,
            unsettled=projection.unsettled,
            warnings=warnings,
            masked=False,
        )
        return view if identity_checked or not gate.shelters(restrictions) else veiled(view)

    async def _most(self, asked: Query) -> int:
        """Return how many to ask for, whatever will be found: whom a hold hides is left out of the answer afterwards,
        and a list that is shorter for that, or says "more" otherwise, would tell that they live there.
        """
        if asked.sheltered:
            return HITS + 1
        holds = await self._ledger.holds_of(ChangeKind.SHIEN_SOCHI, _LONG_AGO)
        return WIDEST if holds else HITS + 1

    async def _find(self, sign_in: SignIn, query: Query) -> Answer[tuple[Hit, ...]]:
        most = await self._most(query)
        if self._reach.worth_trying(sign_in, RESIDENTS):
            with suppress(LinkDownError):  # noted by the reach; the replica answers
                return await self._reach.ask(RESIDENTS, lambda: self._live.find(query, limit=most))
        return await self._replica.find(query, limit=most)

    async def _read(self, sign_in: SignIn, atena_no: AtenaNo) -> tuple[Answer[Household], Restrictions]:
        if self._reach.worth_trying(sign_in, RESIDENTS):
            with suppress(LinkDownError):  # as above
                return await self._reach.ask(
                    RESIDENTS, lambda: read_household(self._live, self._ledger, atena_no)
                )
        return await read_household(self._replica, self._ledger, atena_no)

    async def _must(self, sign_in: SignIn, right: Right) -> None:
        missing = right_error(sign_in, right)
        if missing:
            await self._refuse(sign_in, (), missing)

    async def _refuse(self, sign_in: SignIn, subjects: tuple[AtenaNo, ...], error: RefusedError) -> NoReturn:
        await self._ledger.record(
            JournalEntry("refusal", sign_in.clerk.staff_id, subjects, {"what": "view", "code": error.code})
        )
        raise error


def words_in(text: str) -> int:
    """Count the words of a field as both registers read it: NFKC makes blanks of some letters."""
    return len(unicodedata.normalize("NFKC", text).split())


def veiled(view: HouseholdView) -> HouseholdView:
    """Return a view without its places, at once: whoever was checked is no longer the one who asks."""

    def hidden(household: Household) -> Household:
        return gate.masked_household(household, view.restrictions, identity_checked=False)

    return replace(
        view,
        household=hidden(view.household),
        projected=hidden(view.projected),
        pending=_without_places(view.pending),
        unsettled=_without_places(view.unsettled),
        masked=True,
    )


def _without_places(waiting: tuple[QueuedChange, ...]) -> tuple[QueuedChange, ...]:
    return tuple(replace(change, payload={}) for change in waiting)

"""Compare a change that was answered with no: what the clerk saw, what was written, what the register says now."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from client.domain.as_of import Answer
from client.domain.change import QueuedChange
from client.domain.clerk import SignIn
from client.domain.errors import RefusedError, StoreError
from client.domain.intake import is_newcomer
from client.domain.record import resident_from_row, without_items
from client.domain.resident import AtenaNo, Household, Resident
from client.domain.row import Row
from client.jobs.find_resident import FindResident, HouseholdView
from client.jobs.ports import Ledger
from client.rules import gate


class Versions(Protocol):
    """The replica, asked for what a record was."""

    async def history_of(self, atena_no: AtenaNo) -> Answer[tuple[Row, ...]]:
        """Return every version of a resident's record, newest first, without the places of a shelter."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """One of those a change is about: the version the clerk saw, the present one, and what is told of its 異動."""

    atena_no: AtenaNo
    base: int | None
    was: Resident | None = field(repr=False)
    now: Resident | None = field(repr=False)
    told: Row = field(repr=False)  # the present version's row, empty where only the cloud has it yet


@dataclass(frozen=True, slots=True)
class Comparison:
    """A change beside the register; ``sealed``: nothing of it is to be read here (支援措置, P08)."""

    change: QueuedChange
    people: tuple[Standing, ...] = ()
    household: Household | None = field(default=None, repr=False)
    sealed: bool = False

    @property
    def seen(self) -> Mapping[AtenaNo, int]:
        """Return the versions that are shown: whatever is written again is written on these."""
        return {one.atena_no: one.now.history_no for one in self.people if one.now is not None}


class CompareChange:
    """Reads the three beside one another; each look at a household is in the journal as any other."""

    def __init__(self, find: FindResident, versions: Versions, ledger: Ledger) -> None:
        self._find = find
        self._versions = versions
        self._ledger = ledger

    async def __call__(self, sign_in: SignIn, key: str) -> Comparison:
        """Return the comparison. RefusedError where a block forbids the look, SignInNeededError."""
        change = await self._ledger.change(key)
        if change is None:
            raise RefusedError("refused.not_found")
        if not change.readable:
            return Comparison(change, sealed=True)
        homes: list[Household] = []
        people = []
        for number in change.residents:
            if is_newcomer(number):
                continue
            home = next((one for one in homes if one.member(number)), None)
            if home is None:
                try:
                    view = await self._look(sign_in, number)
                except StoreError:  # nobody can say whether they are protected since
                    return Comparison(change, sealed=True)
                if (
                    view is not None and view.masked
                ):  # protected since: what was written is as hidden as the record
                    return Comparison(change, sealed=True)
                if view is not None:
                    home = view.household
                    homes.append(home)
            people.append(await self._standing(sign_in, change, number, home))
        return Comparison(change, tuple(people), homes[0] if homes else None)

    async def _look(self, sign_in: SignIn, number: AtenaNo) -> HouseholdView | None:
        """Return the household, None where there is none: what was written is shown all the same. StoreError."""
        try:
            return (await self._find.household(sign_in, number)).value
        except RefusedError as error:
            if error.code != "refused.not_found":
                raise
            return None

    async def _standing(
        self, sign_in: SignIn, change: QueuedChange, number: AtenaNo, home: Household | None
    ) -> Standing:
        now = home.member(number) if home else None
        base = change.base.get(number)
        rows: tuple[Row, ...] = ()
        with suppress(StoreError):  # no replica: then what the clerk saw is not known here
            rows = (await self._versions.history_of(number)).value
        by_no = {row["history_no"]: row for row in rows}
        saw = by_no.get(base)
        told = by_no.get(now.history_no, {}) if now else {}
        was = gate.resident_without_items(resident_from_row(saw), sign_in) if saw else None
        return Standing(number, base, was, now, without_items(told))

"""The terminals as the office sees them: enrolled, heard of, given orders, revoked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cloud.clock import Now, read_stamp
from cloud.enrolment import Terminals
from cloud.office.log import By, OfficeLog
from cloud.office.people import wrong_field
from cloud.orders import Kind, NewOrder, Orders
from cloud.problems import not_found
from cloud.register import Register
from cloud.terminal_states import TerminalLine, TerminalStates

ORDERS: tuple[Kind, ...] = ("lock", "unlock", "reenrol", "wipe")
SILENT = timedelta(hours=24)
LATE = timedelta(hours=1)  # what waits longer than this is no matter of a moment
MOST_SKEW_MS = 300_000  # above it a terminal neither signs in nor issues

Sign = Literal["revoked", "never", "silent", "ahead", "behind", "waiting", "skew", "orders", "good"]


@dataclass(frozen=True, slots=True)
class Health:
    """One terminal with what a person has to see about it; ages in seconds."""

    line: TerminalLine
    signs: Sequence[Sign]
    heard: float | None
    register_behind: int | None
    blocks_behind: int | None
    oldest: float | None  # age of what has waited longest


class Machines:
    """The desk where terminals are enrolled, given orders and revoked."""

    def __init__(
        self,
        register: Register,
        terminals: Terminals,
        states: TerminalStates,
        orders: Orders,
        now: Now,
    ) -> None:
        self._register = register
        self._terminals = terminals
        self._states = states
        self._orders = orders
        self._log = OfficeLog(register, now)
        self._now = now

    def listed(self) -> list[TerminalLine]:
        """Return all terminals by number, revoked ones too, each with what it last told of itself."""
        return self._states.all()

    def health(self) -> list[Health]:
        """Return all terminals, held against the newest versions and the clock."""
        versions, now = self.versions(), self._now()
        return [health_of(line, versions, now) for line in self.listed()]

    def one(self, terminal_no: str) -> Health:
        """Return one terminal; 404 where there is none."""
        found = [one for one in self.health() if one.line.terminal_no == terminal_no]
        if not found:
            raise not_found()
        return found[0]

    def versions(self) -> dict[str, int]:
        """Return the newest version of each feed, to hold the terminals' own against."""
        with self._register.reading() as connection:
            return {feed: self._register.head(connection, feed).version for feed in ("register", "blocks")}

    def orders(self, terminal_no: str) -> list[dict[str, object]]:
        """Return what a terminal was ordered and what became of it, newest first."""
        return self._orders.given(terminal_no)

    def token(self, by: By) -> str:
        """Make a one-time token that enrols one terminal; it is told once and only its hash is kept."""
        with self._log.acting(by) as connection:
            self._log.note(connection, by, "terminal.token", "")
            return self._terminals.new_token_in(connection)

    def order(self, by: By, terminal_no: str, kind: Kind) -> str:
        """Order a terminal to lock, unlock, wipe or enrol anew; returns the order's id, 404 where it is unknown."""
        if kind not in ORDERS:
            raise wrong_field("order")
        with self._log.acting(by) as connection:
            self._log.note(connection, by, f"terminal.{kind}", terminal_no)
            return self._orders.give_in(connection, NewOrder(terminal_no, kind, by.who))

    def revoke(self, by: By, terminal_no: str) -> int:
        """Revoke a terminal for good, which orders it to wipe; returns the blocks version that says so."""
        with self._log.acting(by) as connection:
            self._log.note(connection, by, "terminal.revoked", terminal_no)
            version = self._terminals.revoke_in(connection, terminal_no, by.who)
        self._terminals.tell_revoked()
        return version


def health_of(line: TerminalLine, versions: Mapping[str, int], now: datetime) -> Health:
    """Hold a terminal's last word against the newest versions and the clock."""
    told = line.told
    behind = {
        "register": _behind(told.register_version, versions["register"]) if told else None,
        "blocks": _behind(told.blocks_version, versions["blocks"]) if told else None,
    }
    oldest = _age(told.oldest_waiting, now) if told else None
    heard = _age(line.told_at, now)
    signs = tuple(_signs(line, heard, oldest, behind)) or ("good",)
    return Health(line, signs, heard, behind["register"], behind["blocks"], oldest)


def _signs(
    line: TerminalLine, heard: float | None, oldest: float | None, behind: Mapping[str, int | None]
) -> Iterator[Sign]:
    if line.revoked_since:
        yield "revoked"
    elif heard is None:
        yield "never"
    else:
        if heard >= SILENT.total_seconds():
            yield "silent"
        if any(count is not None and count < 0 for count in behind.values()):
            yield "ahead"  # the cloud was put back to an older state
        if any(count is not None and count > 0 for count in behind.values()):
            yield "behind"
        if oldest is not None and oldest >= LATE.total_seconds():
            yield "waiting"
        if line.told and abs(line.told.clock_offset_ms) > MOST_SKEW_MS:
            yield "skew"
    if line.open_orders:
        yield "orders"


def _behind(own: int | None, newest: int) -> int | None:
    return None if own is None else newest - own


def _age(stamp: str | None, now: datetime) -> float | None:
    return (now - read_stamp(stamp)).total_seconds() if stamp else None

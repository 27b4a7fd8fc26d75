"""The terminals as the office sees them: enrolled, heard of, given orders, revoked."""

from cloud.enrolment import Terminals
from cloud.office.log import By, OfficeLog
from cloud.orders import Kind, NewOrder, Orders
from cloud.register import Register
from cloud.terminal_states import TerminalLine, TerminalStates


class Machines:
    """The desk where terminals are enrolled, given orders and revoked."""

    def __init__(
        self, register: Register, terminals: Terminals, states: TerminalStates, orders: Orders, log: OfficeLog
    ) -> None:
        self._register = register
        self._terminals = terminals
        self._states = states
        self._orders = orders
        self._log = log

    def listed(self) -> list[TerminalLine]:
        """Return all terminals by number, revoked ones too, each with what it last told of itself."""
        return self._states.all()

    def versions(self) -> dict[str, int]:
        """Return the newest version of each feed, to hold the terminals' own against."""
        with self._register.reading() as connection:
            return {feed: self._register.head(connection, feed).version for feed in ("register", "blocks")}

    def token(self, by: By) -> str:
        """Make a one-time token that enrols one terminal; it is told once and only its hash is kept."""
        with self._log.acting(by) as connection:
            self._log.note(connection, by, "terminal.token", "")
            return self._terminals.new_token_in(connection)

    def order(self, by: By, terminal_no: str, kind: Kind) -> str:
        """Order a terminal to lock, unlock, wipe or enrol anew; returns the order's id, 404 where it is unknown."""
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

"""Terminals: enrolled by a one-time token, numbered once and for all, revoked for good."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from cloud import database, storage
from cloud.authority import Authority, public_key_pem
from cloud.clock import Now, stamp
from cloud.orders import NewOrder, write_order
from cloud.problems import forbidden, malformed, not_found
from cloud.register import Register, put
from cloud.revocations import OVERLAP, RevocationList

TOKEN_LIFE = timedelta(days=30)
Role = Literal["terminal", "hall"]
_LETTERS: Mapping[Role, str] = {
    "terminal": "T",
    "hall": "H",
}  # before the number: a machine never changes its role
_HALL_TOKEN = "hall-"  # noqa: S105 - what a hall server's token begins with; its hash covers that


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as the cloud knows it."""

    terminal_no: str
    public_key: bytes = field(repr=False)
    certificate: str = field(repr=False)
    revoked: bool
    replaced: bool = False  # known by what it had before it renewed

    @property
    def role(self) -> Role:
        """Return what it is: a counter's terminal, or a hall server, which hears nothing about residents."""
        return "hall" if self.terminal_no.startswith(_LETTERS["hall"]) else "terminal"

    @property
    def ends_at(self) -> datetime:
        """Return when its certificate ends."""
        return x509.load_pem_x509_certificate(self.certificate.encode("ascii")).not_valid_after_utc

    def has(self, certificate: bytes) -> bool:
        """Tell whether a certificate (DER) is this one."""
        own = x509.load_pem_x509_certificate(self.certificate.encode("ascii"))
        return own.public_bytes(Encoding.DER) == certificate


class Terminals:
    """The terminals of one municipality."""

    def __init__(self, register: Register, authority: Authority, crl: RevocationList, now: Now) -> None:
        self._register = register
        self._municipality = register.municipality
        self._authority = authority
        self._crl = crl
        self._now = now

    def new_token(self, role: Role = "terminal") -> str:
        """Make a token that enrols one terminal, or one hall server; only its hash is kept."""
        with database.writing(self._register.engine) as connection:
            return self.new_token_in(connection, role)

    def new_token_in(self, connection: sa.Connection, role: Role = "terminal") -> str:
        """Make such a token inside a writing transaction."""
        token, now = (_HALL_TOKEN if role == "hall" else "") + secrets.token_hex(12), self._now()
        line = {
            "municipality": self._municipality,
            "token_hash": _hash(token),
            "made_at": stamp(now),
            "expires_at": stamp(now + TOKEN_LIFE),
        }
        connection.execute(sa.insert(storage.enrolment_token), [line])
        return token

    def is_unused(self, token: str) -> bool:
        """Tell whether a token may still enrol a terminal."""
        table = storage.enrolment_token
        query = sa.select(table.c.used_by).where(
            self._token(token), table.c.used_by.is_(None), table.c.expires_at > stamp(self._now())
        )
        with database.reading(self._register.engine) as connection:
            return connection.execute(query).one_or_none() is not None

    def enrol(self, token: str, csr_pem: str, name: str) -> tuple[str, str]:
        """Give a new terminal its number and certificate (PEM).

        The same token with the same key again (an answer that was lost) gets the same terminal; with another
        key it is refused.
        """
        csr = _checked(csr_pem)
        key, now = public_key_pem(csr), self._now()
        tokens, machines = storage.enrolment_token, storage.terminal
        with self._register.writing() as connection:
            query = sa.select(tokens).where(self._token(token), tokens.c.expires_at > stamp(now))
            found = connection.execute(query.with_for_update()).one_or_none()
            if found is None or (found.used_by and found.used_key != key):
                raise forbidden("refused.enrolment")
            if found.used_by:
                again = sa.select(machines.c.certificate).where(self._machine(found.used_by))
                return found.used_by, connection.execute(again).scalar_one()
            self._refuse_known(connection, key)
            number = self._next_number(connection, "hall" if token.startswith(_HALL_TOKEN) else "terminal")
            certificate = self._authority.certify_terminal(csr, number, now)
            line = {
                "municipality": self._municipality,
                "terminal_no": number,
                "name": name,
                "public_key": key,
                "certificate": certificate,
                "enrolled_at": stamp(now),
            }
            connection.execute(sa.insert(machines), [line])
            used = {"used_by": number, "used_key": key}
            connection.execute(sa.update(tokens).where(self._token(token)).values(used))
        return number, certificate

    def _next_number(self, connection: sa.Connection, role: Role) -> str:
        """Count up in the tenant's own line: a number is given once, whatever becomes of the terminal."""
        table = storage.tenant
        mine = table.c.municipality == self._municipality
        last: int = connection.execute(sa.select(table.c.last_terminal).where(mine)).scalar_one()
        number = self._authority.number_above(last)
        connection.execute(sa.update(table).where(mine).values(last_terminal=number))
        return f"{_LETTERS[role]}{number:04d}"

    def _refuse_known(self, connection: sa.Connection, key: bytes) -> None:
        """Refuse a key that any terminal has or had: a key stands for one number, and a revoked one for none."""
        for table in (storage.terminal, storage.former_certificate):
            same = sa.and_(table.c.municipality == self._municipality, table.c.public_key == key)
            if connection.execute(sa.select(table.c.terminal_no).where(same)).first() is not None:
                raise forbidden("refused.enrolment")

    def terminal(self, terminal_no: str) -> Terminal | None:
        """Return a terminal by number, or None."""
        table = storage.terminal
        columns = (table.c.public_key, table.c.certificate, table.c.revoked_since)
        with database.glancing(self._register.engine) as connection:
            found = connection.execute(sa.select(*columns).where(self._machine(terminal_no))).one_or_none()
        return found and Terminal(
            terminal_no, found.public_key, found.certificate, found.revoked_since is not None
        )

    def still_good(self, terminal: Terminal) -> list[Terminal]:
        """Return a terminal as it was before it renewed, as long as that is good beside what it has now."""
        table, since = storage.former_certificate, stamp(self._now() - OVERLAP)
        query = sa.select(table.c.public_key, table.c.certificate).where(
            table.c.municipality == self._municipality,
            table.c.terminal_no == terminal.terminal_no,
            table.c.replaced_at > since,
        )
        with database.reading(self._register.engine) as connection:
            found = connection.execute(query.order_by(table.c.replaced_at.desc())).all()
        return [
            Terminal(terminal.terminal_no, line.public_key, line.certificate, terminal.revoked, replaced=True)
            for line in found
        ]

    def good(self, terminal: Terminal) -> Iterator[Terminal]:
        """Yield a terminal as it proved itself, and as it may prove itself as well."""
        yield terminal
        present = self.terminal(terminal.terminal_no)
        if present is not None:
            yield present
            yield from self.still_good(present)

    def renew(self, terminal: Terminal, csr_pem: str) -> str:
        """Return a new certificate (PEM) for a terminal that proved itself, for the same key or for a new one.

        The same new key again (an answer that was lost) gets the same certificate. The key before it can fetch that
        one, but bring no third: whoever holds a key that was given up may not take the number over.
        """
        csr = _checked(csr_pem)
        key, now = public_key_pem(csr), self._now()
        table, former = storage.terminal, storage.former_certificate
        with self._register.writing() as connection:
            present = connection.execute(sa.select(table).where(self._machine(terminal.terminal_no))).one()
            own = Terminal(present.terminal_no, present.public_key, present.certificate, revoked=False)
            if key == own.public_key and (terminal.replaced or _is_fresh(own, now)):
                return own.certificate
            if terminal.public_key != own.public_key:
                raise forbidden("terminal.replaced")
            if key != own.public_key:
                self._refuse_known(connection, key)
            line = {
                "municipality": self._municipality,
                "serial": _serial_of(own),
                "terminal_no": own.terminal_no,
                "public_key": own.public_key,
                "certificate": own.certificate,
                "replaced_at": stamp(now),
            }
            connection.execute(sa.insert(former), [line])
            certificate = self._authority.certify_terminal(csr, own.terminal_no, now)
            values = {"public_key": key, "certificate": certificate}
            connection.execute(sa.update(table).where(self._machine(own.terminal_no)).values(values))
        return certificate

    def keep_deposit(self, terminal_no: str, deposit: bytes) -> None:
        """Keep a terminal's sealed store keys, which only its own device secret opens."""
        with database.writing(self._register.engine) as connection:
            connection.execute(
                sa.update(storage.terminal).where(self._machine(terminal_no)).values(deposit=deposit)
            )

    def revoke(self, terminal_no: str, made_by: str = "office") -> int:
        """Revoke a terminal for good, order it to wipe, say so in the blocks feed; returns the blocks version."""
        with self._register.writing() as connection:
            version = self.revoke_in(connection, terminal_no, made_by)
        self.tell_revoked()
        return version

    def revoke_in(self, connection: sa.Connection, terminal_no: str, made_by: str) -> int:
        """Revoke a terminal inside a transaction of the register's; ``tell_revoked`` is due after it."""
        now, table = self._now(), storage.terminal
        since = stamp(now)
        alive = sa.and_(self._machine(terminal_no), table.c.revoked_since.is_(None))
        if connection.execute(sa.update(table).where(alive).values(revoked_since=since)).rowcount == 0:
            raise not_found()
        write_order(connection, self._municipality, now, NewOrder(terminal_no, "wipe", made_by))
        row = {"terminal_no": terminal_no, "since": since}
        return self._register.commit(connection, "blocks", [put("terminal_revocation", row)])

    def tell_revoked(self) -> None:
        """Bring the list of revoked certificates up to date, for whoever stands before this server."""
        self._crl.refresh()

    def _token(self, token: str) -> sa.ColumnElement[bool]:
        table = storage.enrolment_token
        return sa.and_(table.c.municipality == self._municipality, table.c.token_hash == _hash(token))

    def _machine(self, terminal_no: str) -> sa.ColumnElement[bool]:
        table = storage.terminal
        return sa.and_(table.c.municipality == self._municipality, table.c.terminal_no == terminal_no)


def _checked(csr_pem: str) -> x509.CertificateSigningRequest:
    """Return a request whose own signature holds and whose key is P-256."""
    try:
        csr = x509.load_pem_x509_csr(csr_pem.encode("ascii"))
        key = csr.public_key()
    except ValueError:
        raise malformed("csr is not a certificate signing request") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise malformed("the key is not of curve P-256")
    if not csr.is_signature_valid:
        raise malformed("the request does not bear its own key's signature")
    return csr


def _is_fresh(terminal: Terminal, now: datetime) -> bool:
    """Tell whether a certificate was made so lately that a second request can only be the first one again."""
    made = x509.load_pem_x509_certificate(terminal.certificate.encode("ascii")).not_valid_before_utc
    return now - made < OVERLAP


def _serial_of(terminal: Terminal) -> str:
    return f"{x509.load_pem_x509_certificate(terminal.certificate.encode('ascii')).serial_number:x}"


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8")).hexdigest()

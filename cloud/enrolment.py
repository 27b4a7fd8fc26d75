"""Terminals: enrolled by a one-time token, numbered once and for all, revoked for good."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cloud import storage
from cloud.authority import Authority, public_key_pem
from cloud.clock import Now, stamp
from cloud.problems import forbidden, malformed, not_found
from cloud.register import Register, put

TOKEN_LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal as the cloud knows it."""

    terminal_no: str
    public_key: bytes = field(repr=False)
    revoked: bool


class Terminals:
    """The terminals of one municipality."""

    def __init__(self, register: Register, authority: Authority, now: Now) -> None:
        self._register = register
        self._municipality = register.municipality
        self._authority = authority
        self._now = now

    def new_token(self) -> str:
        """Make a token that enrols one terminal; only its hash is kept."""
        token, now = secrets.token_hex(12), self._now()
        line = {
            "municipality": self._municipality,
            "token_hash": _hash(token),
            "made_at": stamp(now),
            "expires_at": stamp(now + TOKEN_LIFE),
        }
        with storage.writing(self._register.engine) as connection:
            connection.execute(sa.insert(storage.enrolment_token), [line])
        return token

    def is_unused(self, token: str) -> bool:
        """Tell whether a token may still enrol a terminal."""
        table = storage.enrolment_token
        query = sa.select(table.c.used_by).where(
            self._token(token), table.c.used_by.is_(None), table.c.expires_at > stamp(self._now())
        )
        with storage.reading(self._register.engine) as connection:
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
            number = self._next_number(connection)
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

    def _next_number(self, connection: sa.Connection) -> str:
        """Count up in the tenant's own line: a number is given once, whatever becomes of the terminal."""
        table = storage.tenant
        mine = table.c.municipality == self._municipality
        last: int = connection.execute(sa.select(table.c.last_terminal).where(mine)).scalar_one()
        connection.execute(sa.update(table).where(mine).values(last_terminal=last + 1))
        return f"T{last + 1:04d}"

    def terminal(self, terminal_no: str) -> Terminal | None:
        """Return a terminal by number, or None."""
        table = storage.terminal
        query = sa.select(table.c.public_key, table.c.revoked_since).where(self._machine(terminal_no))
        with storage.reading(self._register.engine) as connection:
            found = connection.execute(query).one_or_none()
        return found and Terminal(terminal_no, found.public_key, found.revoked_since is not None)

    def keep_deposit(self, terminal_no: str, deposit: bytes) -> None:
        """Keep a terminal's sealed store keys, which only its own device secret opens."""
        with storage.writing(self._register.engine) as connection:
            connection.execute(
                sa.update(storage.terminal).where(self._machine(terminal_no)).values(deposit=deposit)
            )

    def revoke(self, terminal_no: str) -> int:
        """Revoke a terminal for good, and say so in the blocks feed; returns the blocks version."""
        since = stamp(self._now())
        table = storage.terminal
        with self._register.writing() as connection:
            alive = sa.and_(self._machine(terminal_no), table.c.revoked_since.is_(None))
            if connection.execute(sa.update(table).where(alive).values(revoked_since=since)).rowcount == 0:
                raise not_found()
            row = {"terminal_no": terminal_no, "since": since}
            return self._register.commit(connection, "blocks", [put("terminal_revocation", row)])

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


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8")).hexdigest()

"""The list of certificates that are good no longer (CRL, RFC 5280): for a proxy that asks for certificates.

It lies as ``crl.pem`` in the data folder, written anew at every change and long before it ends. What was on it stays on
it until it ends by itself: a database put back from its backup lets nobody in again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from cloud import storage
from cloud.authority import Authority
from cloud.clock import Now, read_stamp
from cloud.keys import write_private
from cloud.register import Register

FILE = "crl.pem"
OVERLAP = timedelta(hours=24)  # how long a certificate that was renewed is good beside the new one
_TERM = timedelta(days=30)
_RENEW_BEFORE = timedelta(days=25)  # before it ends: a proxy with an ended list lets nobody in

_Serials = Mapping[int, datetime]


class RevocationList:
    """The list of one municipality's authority."""

    def __init__(self, register: Register, authority: Authority, folder: Path, now: Now) -> None:
        self._register = register
        self._authority = authority
        self._file = folder / FILE
        self._now = now
        self._lock = Lock()

    def refresh(self) -> x509.CertificateRevocationList:
        """Return the list as it has to be, written anew where something is missing on it or its end comes near."""
        with self._lock:
            return self._refreshed(self._now())

    def _refreshed(self, now: datetime) -> x509.CertificateRevocationList:
        before = self._written()
        known = {} if before is None else {one.serial_number: one.revocation_date_utc for one in before}
        gone = self._gone(now)
        if before is not None and gone.keys() <= known.keys() and not _ends_soon(before, now):
            return before
        made = self._made(gone | known, _number(before) + 1, now)
        write_private(self._file, made.public_bytes(Encoding.PEM))
        return made

    def _written(self) -> x509.CertificateRevocationList | None:
        try:
            return x509.load_pem_x509_crl(self._file.read_bytes())
        except (FileNotFoundError, ValueError):  # none yet, or damaged: made anew from the database
            return None

    def _gone(self, now: datetime) -> dict[int, datetime]:
        """Return every certificate of a revoked terminal, and those replaced long enough ago."""
        machines, former = storage.terminal, storage.former_certificate
        mine = self._register.municipality
        joined = former.join(
            machines,
            sa.and_(
                machines.c.municipality == former.c.municipality,
                machines.c.terminal_no == former.c.terminal_no,
            ),
        )
        present = sa.select(machines.c.certificate, machines.c.revoked_since).where(
            machines.c.municipality == mine, machines.c.revoked_since.is_not(None)
        )
        older = (
            sa.select(former.c.certificate, former.c.replaced_at, machines.c.revoked_since)
            .select_from(joined)
            .where(former.c.municipality == mine)
        )
        found = {}
        with self._register.reading() as connection:
            for line in connection.execute(present):
                found[_serial(line.certificate)] = read_stamp(line.revoked_since)
            for was in connection.execute(older):
                over = read_stamp(was.replaced_at) + OVERLAP
                since = read_stamp(was.revoked_since) if was.revoked_since else over
                if min(since, over) <= now:
                    found[_serial(was.certificate)] = min(since, over)
        return found

    def _made(self, serials: _Serials, number: int, now: datetime) -> x509.CertificateRevocationList:
        authority = self._authority
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(now - timedelta(hours=1))  # a proxy's clock may be a little behind
            .next_update(now + _TERM)
            .add_extension(issuer_id, critical=False)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for serial, since in serials.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(authority.key, hashes.SHA256())


def _ends_soon(crl: x509.CertificateRevocationList, now: datetime) -> bool:
    return crl.next_update_utc is None or crl.next_update_utc - now <= _RENEW_BEFORE


def _serial(pem: str) -> int:
    return x509.load_pem_x509_certificate(pem.encode("ascii")).serial_number


def _number(crl: x509.CertificateRevocationList | None) -> int:
    return 0 if crl is None else crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

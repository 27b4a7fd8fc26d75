"""When a terminal's certificate is renewed: at two thirds of its life; and what may take its place."""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from client.domain.errors import RefusedError


def is_due(certificate: str, now: datetime) -> bool:
    """Tell whether two thirds of a certificate's life (PEM) are over; one that cannot be read is nothing to renew."""
    try:
        own = x509.load_pem_x509_certificate(certificate.encode("ascii"))
    except ValueError:
        return False
    begins, ends = own.not_valid_before_utc, own.not_valid_after_utc
    return now >= begins + (ends - begins) * 2 / 3


def check_next(present: str, following: str, ca: str) -> None:
    """See that a certificate may take the place of another (PEM): same name and key, of that authority, good for longer.

    RefusedError ``refused.enrolment`` where it may not.
    """
    try:
        old, new, authority = (
            x509.load_pem_x509_certificate(one.encode("ascii")) for one in (present, following, ca)
        )
        new.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        raise RefusedError("refused.enrolment") from None
    same = new.public_key() == old.public_key() and new.subject == old.subject
    if not same or new.not_valid_after_utc <= old.not_valid_after_utc:
        raise RefusedError("refused.enrolment")

"""What a card or a FIDO2 key brings to its enrolment: its public part, the person's id, signed by itself.

One line of text for an officer of the cloud's back office; nothing in it is secret. Whoever alters it, or brings it for
somebody else, is refused there; whoever holds a copy can enrol nothing but the same card for the same person.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import msgspec

MARK = "madoguchi-factor-1:"
SIGNED = b"madoguchi card enrolment v1\0"  # not what a sign-in signs: neither stands for the other
ASKED = b"madoguchi key enrolment v1\0"


@dataclass(frozen=True, slots=True)
class Introduction:
    """The line, and by which fingerprint an officer knows the same card or key on the other side."""

    text: str
    fingerprint: str


def card_signs(staff_id: str) -> bytes:
    """Return what a card signs to be enrolled for somebody."""
    return SIGNED + staff_id.encode()


def key_answers(staff_id: str) -> bytes:
    """Return the challenge (32 bytes) a FIDO2 key answers to be enrolled for somebody."""
    return sha256(ASKED + staff_id.encode()).digest()


def of_card(staff_id: str, public: bytes, signature: bytes) -> Introduction:
    """Return the introduction of a card."""
    return _introduced(
        {"kind": "card", "staff_id": staff_id, "public": public, "signature": signature}, public
    )


def of_key(staff_id: str, credential: bytes, answer: Mapping[str, object]) -> Introduction:
    """Return the introduction of a FIDO2 key: its credential (WebAuthn 6.5.2), and its answer as at a sign-in."""
    told = {"kind": "fido2", "staff_id": staff_id, "credential": credential, "answer": dict(answer)}
    return _introduced(told, credential)


def _introduced(told: Mapping[str, object], public: bytes) -> Introduction:
    digest = sha256(public).hexdigest()[:24]
    shown = "-".join(digest[place : place + 4] for place in range(0, len(digest), 4))
    return Introduction(MARK + urlsafe_b64encode(msgspec.json.encode(told)).decode(), shown)

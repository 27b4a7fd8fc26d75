"""Proof of possession: every call bears a signature of the terminal's key over what it asks."""

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cloud.clock import Now, read_stamp, stamp
from cloud.enrolment import Terminal, Terminals
from cloud.problems import forbidden, malformed, sign_in_again

SKEW = timedelta(seconds=300)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # n of P-256


@dataclass(frozen=True, slots=True)
class Leave:
    """What a call is let off; most are let off nothing."""

    revoked: bool = False
    ended: timedelta = timedelta(0)  # how long ago the certificate may have ended
    wrong_clock: bool = False  # and used before
    no_certificate: bool = False  # in TLS, where a proxy asks for one


NO_LEAVE = Leave()
# What was accepted gets in whatever became of its terminal, with a wrong clock, and twice: keys make it once.
HANDING_OVER = Leave(revoked=True, ended=timedelta.max, wrong_clock=True, no_certificate=True)
# A terminal that was taken out must hear that it is to wipe.
HEARING_ORDERS = Leave(revoked=True, ended=timedelta.max, no_certificate=True)
RENEWING = Leave(ended=timedelta(days=90), no_certificate=True)


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A call as it came, reduced to what its proof covers."""

    method: str
    target: str  # path, with the query where there is one
    terminal_no: str
    date: str
    proof: str
    body: bytes = field(repr=False)

    def message(self) -> bytes:
        """Return the bytes the terminal signed."""
        body = sha256(self.body).hexdigest()
        return f"madoguchi-v1\n{self.method}\n{self.target}\n{self.date}\n{body}".encode()

    def signature(self) -> bytes:
        """Return the signature; ValueError where the proof is not the one way to write it as base64url."""
        bare = self.proof.rstrip("=")
        signature = b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
        usual = urlsafe_b64encode(signature).decode()
        if self.proof not in {usual, usual.rstrip("=")}:
            raise ValueError("a proof written in an unusual way")
        decode_dss_signature(signature)  # strict about DER, where what verifies may be lenient
        return signature

    def name(self) -> tuple[str, bytes, int, int]:
        """Return what this call is known by: with (r, s) a signature (r, n − s) holds too, and is the same."""
        r, s = decode_dss_signature(self.signature())
        return self.terminal_no, sha256(self.message()).digest(), r, min(s, _ORDER - s)


class Proofs:
    """Checks proofs, and remembers those seen inside the window so that none is used twice."""

    def __init__(self, terminals: Terminals, now: Now) -> None:
        self._terminals = terminals
        self._now = now
        self._seen: OrderedDict[tuple[str, bytes, int, int], datetime] = OrderedDict()
        self._lock = Lock()

    def check(self, call: SignedCall, leave: Leave = NO_LEAVE) -> Terminal:
        """Return the terminal that made a call, or raise the problem with it."""
        terminal = self._signer(call)
        if terminal is None:
            raise sign_in_again("terminal.wrong_proof")
        if terminal.revoked and not leave.revoked:
            raise forbidden("terminal.revoked")
        if self._now() - terminal.ends_at > leave.ended:
            raise forbidden("terminal.expired")
        if not leave.wrong_clock:
            self._check_time(call)
        return terminal

    def _signer(self, call: SignedCall) -> Terminal | None:
        """Return the terminal a call names, with the key that signed it: its own, or the one before for a day."""
        terminal = self._terminals.terminal(call.terminal_no)
        if terminal is None or _signed(terminal, call):
            return terminal
        return next((one for one in self._terminals.still_good(terminal) if _signed(one, call)), None)

    def _check_time(self, call: SignedCall) -> None:
        now = self._now()
        try:
            skew = now - read_stamp(call.date)
        except ValueError:
            raise malformed("Madoguchi-Date is not a moment") from None
        if abs(skew) > SKEW:
            raise sign_in_again("sign_in.clock_off", now=stamp(now), seconds=int(skew.total_seconds()))
        if not self._is_first(call, now):
            raise sign_in_again("terminal.proof_used")

    def _is_first(self, call: SignedCall, now: datetime) -> bool:
        proof = call.name()
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now - 2 * SKEW:
                self._seen.popitem(last=False)
            if proof in self._seen:
                return False
            self._seen[proof] = now
            return True


def _signed(terminal: Terminal, call: SignedCall) -> bool:
    key = load_pem_public_key(terminal.public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(call.signature(), call.message(), ec.ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True

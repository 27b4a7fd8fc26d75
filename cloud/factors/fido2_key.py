"""FIDO2 keys as a second factor: a WebAuthn assertion over a challenge of ours, checked by python-fido2.

Keys are discoverable (passkeys): the challenge names none, so it is the same for everybody and tells nobody who is
enrolled. The secret kept is the credential (public), the state its signature counter.
"""

import json
import secrets
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.server import Fido2Server
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)

from cloud.factors import Challenge, Checked, Enrolled, Verdict

_ID_SIZE = 32
_NOT_GOOD = (  # what the library and its parsers say to a stranger's bytes
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    struct.error,
)


class Fido2Key:
    """Security keys and passkeys, registered for one host name; the person is verified by the key itself."""

    name = "fido2"

    def __init__(self, relying_party: str) -> None:
        self._host = relying_party
        self._server = Fido2Server(
            PublicKeyCredentialRpEntity(id=relying_party, name="Madoguchi"), verify_origin=self._is_ours
        )
        public: Any = ec.generate_private_key(ec.SECP256R1()).public_key()
        key = ES256.from_cryptography_key(public)  # type: ignore[no-untyped-call]  # a gap of the library
        unknown = AttestedCredentialData.create(Aaguid.NONE, secrets.token_bytes(_ID_SIZE), key)
        self.nobody = Enrolled(bytes(unknown), "0")

    def begin(self) -> Challenge | None:
        """Return a challenge that names no key."""
        options, state = self._server.authenticate_begin(
            user_verification=UserVerificationRequirement.REQUIRED
        )
        return Challenge(told=dict(options.public_key), kept=json.dumps(state))

    def verify(self, enrolled: Enrolled, answer: object, kept: str | None, now: datetime) -> Checked:
        """Judge an assertion; one whose counter does not grow comes from a key that was copied (WebAuthn 7.2, 21)."""
        if kept is None or not isinstance(answer, Mapping):
            return Checked(Verdict.WRONG)
        try:
            counter = self._counter(enrolled, answer, kept)
        except _NOT_GOOD:
            return Checked(Verdict.WRONG)
        before = int(enrolled.state)
        if (counter or before) and counter <= before:
            return Checked(Verdict.CLONED)
        return Checked(Verdict.GOOD, str(counter))

    def proved(self, credential: bytes, answer: Mapping[str, Any], asked: bytes) -> int | None:
        """Return the counter of a key that answered ``asked`` (32 bytes) as at a sign-in; None where it did not.

        It is to be found without being named, or it would never answer a challenge of ours.
        """
        _, state = self._server.authenticate_begin(
            user_verification=UserVerificationRequirement.REQUIRED, challenge=asked
        )
        try:
            if not isinstance(AttestedCredentialData(credential).public_key, ES256):
                return None
            return self._counter(Enrolled(credential, "0"), answer, json.dumps(state))
        except _NOT_GOOD:
            return None

    def _counter(self, enrolled: Enrolled, answer: Mapping[str, Any], kept: str) -> int:
        """Return the counter an assertion was signed with; raises where the assertion is not good."""
        response = AuthenticationResponse.from_dict(answer)
        credential = AttestedCredentialData(enrolled.secret)
        self._server.authenticate_complete(json.loads(kept), [credential], response)
        data: AuthenticatorData = response.response.authenticator_data
        return data.counter

    def _is_ours(self, origin: str) -> bool:
        return origin == f"https://{self._host}"

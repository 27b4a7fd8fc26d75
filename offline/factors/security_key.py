"""FIDO2 security keys on USB: the assertion over the cloud's challenge at an online sign-in (CTAP 2, WebAuthn 6.3.3).

For `madoguchi[fido2]`: loaded only where a town has set it. Off line a key alone lets nobody in: it signs, and a signature
opens no wrap; whoever has a one-time code beside it signs in with that.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from threading import Event, Timer
from typing import TypeVar

from fido2.client import (
    ClientError,
    DefaultClientDataCollector,
    Fido2Client,
    PinRequiredError,
    UserInteraction,
)
from fido2.cose import ES256
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin
from fido2.hid import CtapHidDevice
from fido2.utils import websafe_encode
from fido2.webauthn import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialCreationOptions,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRequestOptions,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from client.domain.errors import SignInNeededError
from client.domain.factor import FactorAnswer
from offline.factors.introduction import Introduction, key_answers, of_key

T = TypeVar("T")

TOUCH_WAIT = 20.0  # seconds in which the key must be touched
_PIN = {
    CtapError.ERR.PIN_INVALID: "key.wrong_pin",
    CtapError.ERR.PIN_AUTH_INVALID: "key.wrong_pin",
    CtapError.ERR.PIN_BLOCKED: "key.locked",
    CtapError.ERR.PIN_AUTH_BLOCKED: "key.pull",
}
_ENDED = {
    ClientError.ERR.TIMEOUT: "key.untouched",
    ClientError.ERR.DEVICE_INELIGIBLE: "key.stranger",
}


class SecurityKey:
    """The key that is plugged in, asked in the name of one host: a challenge of another is not answered."""

    kind = "fido2"

    def __init__(
        self,
        host: str,
        devices: Callable[[], Iterable[CtapDevice]] = CtapHidDevice.list_devices,
        *,
        wait: float = TOUCH_WAIT,
    ) -> None:
        self._host = host
        self._origin = f"https://{host}"
        self._devices = devices
        self._wait = wait
        self._warned = False  # that one more wrong PIN blocks the key

    async def answer(self, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        """Answer the cloud's challenge. SignInNeededError ``key.…``."""
        return await asyncio.to_thread(self._answer, challenge, pin)

    async def introduce(self, staff_id: str, pin: str) -> Introduction:
        """Make a credential for somebody, let it answer at once, and return what it is enrolled with: two touches.

        One made before on the same key for the same person is gone then. SignInNeededError ``key.…``.
        """
        return await asyncio.to_thread(self._with_key, lambda device: self._introduced(device, staff_id, pin))

    def _answer(self, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        return self._with_key(lambda device: self._asserted(device, challenge, pin))

    def _with_key(self, act: Callable[[CtapDevice], T]) -> T:
        try:
            devices = list(self._devices())
            if len(devices) != 1:
                raise SignInNeededError("key.absent")
            with devices[0] as device:
                return act(device)
        except PinRequiredError:
            raise SignInNeededError("key.failed") from None
        except ClientError as error:
            raise SignInNeededError(_code_of(error)) from None
        except (CtapError, OSError, ValueError, TypeError, LookupError):  # pulled out, or not as CTAP says
            raise SignInNeededError("key.failed") from None

    def _asserted(self, device: CtapDevice, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        options = PublicKeyCredentialRequestOptions.from_dict(challenge)
        found = self._touched(device, pin, lambda client, ended: client.get_assertion(options, ended))
        return FactorAnswer(dict(found.get_response(0)))

    def _introduced(self, device: CtapDevice, staff_id: str, pin: str) -> Introduction:
        asked = key_answers(staff_id)
        made = self._touched(
            device, pin, lambda client, ended: client.make_credential(self._wished(staff_id, asked), ended)
        )
        credential = made.response.attestation_object.auth_data.credential_data
        if credential is None:
            raise SignInNeededError("key.failed")
        told = {"challenge": websafe_encode(asked), "rpId": self._host, "userVerification": "required"}
        answer = self._asserted(device, told, pin).answer
        if not isinstance(answer, Mapping):
            raise SignInNeededError("key.failed")
        return of_key(staff_id, bytes(credential), answer)

    def _wished(self, staff_id: str, asked: bytes) -> PublicKeyCredentialCreationOptions:
        """Return what is asked of a new credential: found without being named, its holder verified (WebAuthn 5.4)."""
        return PublicKeyCredentialCreationOptions(
            rp=PublicKeyCredentialRpEntity(id=self._host, name="Madoguchi"),
            user=PublicKeyCredentialUserEntity(id=staff_id.encode(), name=staff_id, display_name=staff_id),
            challenge=asked,
            pub_key_cred_params=[
                PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=ES256.ALGORITHM)
            ],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )

    def _touched(self, device: CtapDevice, pin: str, act: Callable[[Fido2Client, Event], T]) -> T:
        def tries_left() -> int:
            return ClientPin(Ctap2(device)).get_pin_retries()[0]

        hands = _Hands(pin, tries_left, warned=self._warned)
        client = Fido2Client(device, DefaultClientDataCollector(self._origin), user_interaction=hands)
        ended = Event()
        timer = Timer(self._wait, ended.set)
        timer.daemon = True
        timer.start()
        try:
            found = act(client, ended)
            self._warned = False
        except SignInNeededError:
            self._warned = True
            raise
        else:
            return found
        finally:
            timer.cancel()


class _Hands(UserInteraction):
    """The clerk's PIN, typed already; the last try is shown to the key only after it was told of."""

    def __init__(self, pin: str, tries_left: Callable[[], int], *, warned: bool) -> None:
        self._pin = pin
        self._tries_left = tries_left
        self._warned = warned

    def request_pin(self, permissions: ClientPin.PERMISSION, rp_id: str | None) -> str | None:
        """Give the PIN. SignInNeededError ``key.last_try``."""
        if not self._warned and self._tries_left() == 1:
            raise SignInNeededError("key.last_try")
        return self._pin


def _code_of(error: ClientError) -> str:
    cause = error.cause
    if isinstance(cause, CtapError) and isinstance(cause.code, CtapError.ERR) and cause.code in _PIN:
        return _PIN[cause.code]
    return _ENDED.get(error.code, "key.failed")

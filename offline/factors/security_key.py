"""FIDO2 security keys on USB: the assertion over the cloud's challenge at an online sign-in (CTAP 2, WebAuthn 6.3.3).

For `madoguchi[fido2]`: loaded only where a town has set it. Off line a key alone lets nobody in: it signs, and a signature
opens no wrap; whoever has a one-time code beside it signs in with that.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from threading import Event, Timer

from fido2.client import (
    ClientError,
    DefaultClientDataCollector,
    Fido2Client,
    PinRequiredError,
    UserInteraction,
)
from fido2.ctap import CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin
from fido2.hid import CtapHidDevice
from fido2.webauthn import PublicKeyCredentialRequestOptions

from client.domain.errors import SignInNeededError
from client.domain.factor import FactorAnswer

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
        self._origin = f"https://{host}"
        self._devices = devices
        self._wait = wait
        self._warned = False  # that one more wrong PIN blocks the key

    async def answer(self, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        """Answer the cloud's challenge. SignInNeededError ``key.…``."""
        return await asyncio.to_thread(self._answer, challenge, pin)

    def _answer(self, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        try:
            devices = list(self._devices())
            if len(devices) != 1:
                raise SignInNeededError("key.absent")
            with devices[0] as device:
                return self._asserted(device, challenge, pin)
        except PinRequiredError:
            raise SignInNeededError("key.failed") from None
        except ClientError as error:
            raise SignInNeededError(_code_of(error)) from None
        except (CtapError, OSError, ValueError, TypeError, LookupError):  # pulled out, or not as CTAP says
            raise SignInNeededError("key.failed") from None

    def _asserted(self, device: CtapDevice, challenge: Mapping[str, object], pin: str) -> FactorAnswer:
        def tries_left() -> int:
            return ClientPin(Ctap2(device)).get_pin_retries()[0]

        hands = _Hands(pin, tries_left, warned=self._warned)
        client = Fido2Client(device, DefaultClientDataCollector(self._origin), user_interaction=hands)
        options = PublicKeyCredentialRequestOptions.from_dict(challenge)
        ended = Event()
        timer = Timer(self._wait, ended.set)
        timer.daemon = True
        timer.start()
        try:
            found = client.get_assertion(options, ended)
            self._warned = False
            return FactorAnswer(dict(found.get_response(0)))
        except SignInNeededError:
            self._warned = True
            raise
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

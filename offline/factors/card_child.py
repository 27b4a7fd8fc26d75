"""The process that holds the card's PKCS#11 module: such a module may hang or crash, and takes only itself along.

PKCS#11 (OASIS, 2.40): C_GetSlotList, C_GetTokenInfo, C_Login, C_Sign (CKM_SHA256_RSA_PKCS), C_Decrypt.
"""

import os
import sys
from collections.abc import Iterable
from typing import Any, BinaryIO, Protocol

import msgspec
import pkcs11
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import exceptions as p11

from offline.factors.wire import Ask, Seen, Told, Tries, Trouble

_MEANING: tuple[tuple[tuple[type[Exception], ...], Trouble], ...] = (
    ((p11.PinLocked,), "locked"),
    ((p11.PinIncorrect, p11.PinInvalid, p11.PinLenRange, p11.ArgumentsBad), "wrong_pin"),
    ((p11.NoSuchKey, p11.MultipleObjectsReturned, p11.MechanismInvalid, p11.KeyTypeInconsistent), "no_key"),
    ((p11.DeviceRemoved, p11.TokenNotPresent, p11.SessionHandleInvalid, p11.TokenNotRecognised), "gone"),
)
_OAEP = (pkcs11.Mechanism.SHA_1, pkcs11.MGF.SHA1, None)  # the one every module with OAEP has


class CardModule:
    """A loaded module. ``label`` names the key to be used; empty: the first that can do what is asked."""

    def __init__(self, path: str, label: str) -> None:
        self._lib = pkcs11.lib(path)
        self._label = label

    def answer(self, ask: Ask) -> Told:
        """Answer one question; trouble is an answer too."""
        try:
            if ask.op == "look":
                return Told(cards=tuple(seen_of(token) for token in self._looked(ask.serial)))
            return self._use(ask)
        except p11.PKCS11Error as error:
            known = next((trouble for kinds, trouble in _MEANING if isinstance(error, kinds)), None)
            if known is None:  # a pulled card is told in many ways; what is in the reader now says more
                known = "module" if self._there(ask.serial) else "gone"
            return _trouble(known)

    def _use(self, ask: Ask) -> Told:
        token = next((token for token in self._tokens() if serial_of(token) == ask.serial), None)
        if token is None:
            return _trouble("absent")
        with token.open(user_pin=ask.pin) as session:
            if ask.op == "open":
                return Told(data=_opened(_key(session, "DECRYPT", key_id=ask.key_id), ask))
            signing = _key(session, "SIGN", label=self._label)
            opening = _key(session, "DECRYPT", label=self._label)
            oaep = pkcs11.Mechanism.RSA_PKCS_OAEP in token.slot.get_mechanisms()
            return Told(
                data=bytes(signing.sign(ask.data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)),
                key_id=bytes(opening[pkcs11.Attribute.ID]),
                public=_public_of(opening),
                signer=_public_of(signing),
                padding="oaep" if oaep else "pkcs1",
            )

    def _looked(self, wanted: str) -> list[pkcs11.Token]:
        """Return the cards that are in; some modules see one put in only when they are started anew."""
        found = self._tokens()
        if any(wanted in {"", serial_of(token)} for token in found):
            return found
        self._lib.reinitialize()
        return self._tokens()

    def _tokens(self) -> list[pkcs11.Token]:
        found = []
        for slot in self._lib.get_slots(token_present=True):
            try:
                token = slot.get_token()
            except p11.PKCS11Error:
                continue  # pulled while we looked, or another kind of card
            if pkcs11.TokenFlag.TOKEN_INITIALIZED in token.flags:
                found.append(token)
        return found

    def _there(self, serial: str) -> bool:
        try:
            return any(serial_of(token) == serial for token in self._tokens())
        except p11.PKCS11Error:
            return False


def _trouble(name: Trouble) -> Told:
    return Told(trouble=name)


def serial_of(token: pkcs11.Token) -> str:
    """Return a card's own number."""
    return bytes(token.serial).decode("ascii", "replace").strip()


def seen_of(token: pkcs11.Token) -> Seen:
    """Return what a card says of itself before any PIN."""
    flags, flag = token.flags, pkcs11.TokenFlag
    tries: Tries = "all"
    if flag.USER_PIN_LOCKED in flags:
        tries = "none"
    elif flag.USER_PIN_FINAL_TRY in flags:
        tries = "last"
    elif flag.USER_PIN_COUNT_LOW in flags:
        tries = "some"
    return Seen(serial_of(token), tries)


class _Key(Protocol):
    """A private key; what it can do the library mixes in at run time, by what the card says of it."""

    def __getitem__(self, attribute: object, /) -> bytes: ...
    def sign(self, data: bytes, *, mechanism: object) -> bytes: ...
    def decrypt(self, data: bytes, *, mechanism: object, mechanism_param: object = None) -> bytes: ...


def _key(session: pkcs11.Session, can: str, *, label: str = "", key_id: bytes = b"") -> _Key:
    wanted: dict[pkcs11.Attribute, object] = {
        pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.RSA,
        pkcs11.Attribute[can]: True,
    }
    if label:
        wanted[pkcs11.Attribute.LABEL] = label
    if key_id:
        wanted[pkcs11.Attribute.ID] = key_id
    found: Iterable[Any] = session.get_objects(wanted)  # Any: see _Key
    key: _Key | None = next(iter(found), None)
    if key is None:
        raise p11.NoSuchKey
    return key


def _opened(key: _Key, ask: Ask) -> bytes:
    if ask.padding == "oaep":
        mechanism = pkcs11.Mechanism.RSA_PKCS_OAEP
        return bytes(key.decrypt(ask.data, mechanism=mechanism, mechanism_param=_OAEP))
    return bytes(key.decrypt(ask.data, mechanism=pkcs11.Mechanism.RSA_PKCS))


def _public_of(key: _Key) -> bytes:
    modulus = int.from_bytes(bytes(key[pkcs11.Attribute.MODULUS]), "big")
    exponent = int.from_bytes(bytes(key[pkcs11.Attribute.PUBLIC_EXPONENT]), "big")
    public = RSAPublicNumbers(exponent, modulus).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def serve(module: str, label: str, asked: BinaryIO, told: BinaryIO) -> None:
    """Answer until the counter hangs up; a module that cannot be loaded is told with every answer."""
    try:
        card: CardModule | None = CardModule(module, label)
    except (p11.PKCS11Error, OSError, RuntimeError):
        card = None
    for line in asked:
        ask = msgspec.json.decode(line, type=Ask)
        answer = _trouble("module") if card is None else card.answer(ask)
        told.write(msgspec.json.encode(answer) + b"\n")
        told.flush()


def main(module: str, label: str = "") -> int:
    """Serve on standard input and output, which the module itself gets nothing of: it might print."""
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(module, label, sys.stdin.buffer, told)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Second factors at the terminal: the key of an IC card, and what a factor answers the cloud with."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CardKey:
    """An RSA key that never leaves its card, as it is known outside.

    ``serial`` is the card's own number, ``key_id`` its CKA_ID (PKCS#11), ``public`` the SubjectPublicKeyInfo in DER;
    ``padding`` is what the card can decrypt: ``oaep`` or ``pkcs1`` (RFC 8017, 7.1 and 7.2).
    """

    serial: str
    key_id: bytes
    public: bytes
    padding: str


@dataclass(frozen=True, slots=True)
class FactorAnswer:
    """What the cloud is sent (any JSON its kind speaks), and the card that takes part in this clerk's keys from now on."""

    answer: object = field(repr=False)
    card: CardKey | None = None

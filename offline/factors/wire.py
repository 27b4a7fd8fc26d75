"""What the counter and the process that holds the card's module say to each other: one JSON object a line."""

from typing import Literal

import msgspec

Trouble = Literal[
    "", "absent", "gone", "wrong_pin", "locked", "no_key", "module"
]  # each is the end of an error code ``card.…``
Tries = Literal["all", "some", "last", "none"]  # PKCS#11 tells no more (CK_TOKEN_INFO.flags)


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A question. ``look``: which cards are there. ``prove``: sign ``data``. ``open``: decrypt ``data``."""

    op: Literal["look", "prove", "open"]
    serial: str = ""
    pin: str = ""
    key_id: bytes = b""
    data: bytes = b""
    padding: str = ""

    def __repr__(self) -> str:
        return f"Ask({self.op})"


class Seen(msgspec.Struct, frozen=True):
    """A card in a reader, and how many wrong PINs it still bears."""

    serial: str
    tries: Tries


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: trouble, or what was asked for.

    ``public`` is modulus and exponent of the key that opens, ``signer`` of the one that signed, in DER.
    """

    trouble: Trouble = ""
    cards: tuple[Seen, ...] = ()
    data: bytes = b""
    key_id: bytes = b""
    public: bytes = b""
    signer: bytes = b""
    padding: str = ""

    def __repr__(self) -> str:
        return f"Told({self.trouble})"

"""The town's escrow: a key nobody has whole. Two officers' shares, each under its passphrase, give it for one opening.

Key material is dropped as soon as it was used; Python cannot overwrite what it has let go of, so a picture of this
process's memory taken at that moment may hold it.
"""

import unicodedata
from collections.abc import Sequence

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from client.domain.bundle import Bundle, EscrowCard, Share, ShareLetter
from client.domain.errors import RefusedError, StoreError
from client.rules.shamir import combined
from offline.store import seal

_PURPOSE = "madoguchi bundle v1"
_KEY = 32
_ONCE = bytes(12)  # a salt stretches one passphrase once, so its key seals one share


def open_share(letter: ShareLetter, passphrase: str) -> Share:
    """Open an officer's share. RefusedError ``bundle.passphrase``."""
    key = hash_secret_raw(
        unicodedata.normalize("NFKC", passphrase).encode(),
        letter.salt,
        time_cost=letter.time,
        memory_cost=letter.memory_kib,
        parallelism=letter.lanes,
        hash_len=_KEY,
        type=Type.ID,
    )
    try:
        value = AESGCM(key).decrypt(_ONCE, letter.box, letter.head)
    except InvalidTag:
        raise RefusedError("bundle.passphrase") from None
    return Share(letter.number, letter.key_id, value)


def must_fit(letters: Sequence[ShareLetter], bundle: Bundle) -> None:
    """Refuse shares that do not open a bundle together, before a passphrase is asked for.

    RefusedError ``bundle.other_share`` (of another key than the bundle is sealed to), ``bundle.same_share``.
    """
    for letter in letters:
        if letter.key_id != bundle.escrow_id:
            raise RefusedError("bundle.other_share", number=letter.number)
    if len({letter.number for letter in letters}) < len(letters):
        raise RefusedError("bundle.same_share", number=letters[0].number)


def content_key_of(bundle: Bundle, shares: Sequence[Share]) -> bytes:
    """Return what a bundle's parts are sealed with. RefusedError ``bundle.other_share``: the shares give no key of it."""
    private = combined({share.number: share.value for share in shares})
    try:
        return seal.opened(bundle.wrapped, private, _info(bundle))
    except StoreError:
        raise RefusedError("bundle.other_share", number=shares[0].number) from None


def wrapped(content_key: bytes, card: EscrowCard, info_of: Bundle) -> bytes:
    """Seal a content key to the town's escrow, bound to the bundle it is of."""
    return seal.sealed(content_key, card.key, _info(info_of))


def _info(bundle: Bundle) -> bytes:
    return seal.info_of(
        _PURPOSE,
        bundle.bundle_id,
        bundle.municipality,
        bundle.environment,
        bundle.kind.value,
        bundle.escrow_id,
    )

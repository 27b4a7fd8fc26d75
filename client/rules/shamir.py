"""A secret in shares (A. Shamir, How to share a secret, 1979): each byte is the height at zero of a polynomial.

The field is that of AES (FIPS 197, section 4): 256 elements, reduced by x^8 + x^4 + x^3 + x + 1. A town's key is on a
line, so any two shares give it and one says nothing: through one point goes a line to every height.
"""

from collections.abc import Mapping

_REDUCE = 0x11B
_TOP = 0x100


def times(left: int, right: int) -> int:
    """Multiply two elements."""
    product = 0
    for _ in range(8):
        product ^= left * (right & 1)
        left <<= 1
        left ^= _REDUCE * (left >= _TOP)
        right >>= 1
    return product


def inverse(element: int) -> int:
    """Return what an element times makes one: its 254th power."""
    if not 0 < element < _TOP:
        raise ValueError("zero has no inverse")
    result = 1
    for _ in range(254):
        result = times(result, element)
    return result


def combined(shares: Mapping[int, bytes]) -> bytes:
    """Return the secret from shares by their numbers; as many as the threshold says, or it is another secret."""
    if not all(0 < number < _TOP for number in shares) or len({len(share) for share in shares.values()}) != 1:
        raise ValueError("shares have numbers from 1 to 255 and one length")
    weights = {number: _weight(number, shares) for number in shares}
    secret = bytearray(len(next(iter(shares.values()))))
    for number, share in shares.items():
        for place, value in enumerate(share):
            secret[place] ^= times(value, weights[number])
    return bytes(secret)


def _weight(number: int, shares: Mapping[int, bytes]) -> int:
    """Return how much a share counts in the height at zero (Lagrange)."""
    weight = 1
    for other in shares:
        if other != number:
            weight = times(weight, times(other, inverse(other ^ number)))
    return weight

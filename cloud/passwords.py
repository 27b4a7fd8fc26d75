"""Passwords: Argon2id as the settings say, hashed anew where they were raised, and what a new one must be."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloud.sign_in_rules import DEFAULT_RULES, SignInRules

_LONGEST = 1000
_COMMON = frozenset(  # those of twelve letters and more that lists of leaked passwords begin with
    {
        "123456789012",
        "1234567890123",
        "12345678901234",
        "123456123456",
        "111111111111",
        "000000000000",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "qazwsxedcrfv",
        "qwertyuiop12",
        "qwertyuiop123",
        "qwerty123456",
        "asdfghjkl123",
        "abcdefghijkl",
        "abcdef123456",
        "abc123abc123",
        "passwordpassword",
        "password1234",
        "password12345",
        "administrator",
        "adminadminadmin",
        "iloveyou1234",
        "changemechangeme",
        "madoguchi1234",
        "sakurasakura",
        "aiueoaiueo12",
    }
)


class Passwords:
    """Hashes passwords as the settings say."""

    def __init__(self, rules: SignInRules = DEFAULT_RULES) -> None:
        self._rules = rules
        self._hasher = _hasher(rules.hash_time, rules.hash_memory_kib, rules.hash_lanes)
        self.nobody = _hash_of_nobody(self._hasher)  # held against unknown ids, so that time tells nothing

    def hashed(self, password: str) -> str:
        """Return the hash to keep."""
        return self._hasher.hash(password)

    def hashed_anew(self, password_hash: str, password: str) -> str | None:
        """Return another hash of a right password where the settings were changed since, else None."""
        return self.hashed(password) if self._hasher.check_needs_rehash(password_hash) else None

    def objection(self, staff_id: str, password: str, past: list[str]) -> str | None:
        """Return why a password may not be taken, or None; ``past`` are hashes that may not come again."""
        folded = password.casefold()
        if not self._rules.password_length <= len(password) <= _LONGEST:
            return "length"
        if staff_id.casefold() in folded and len(folded) < len(staff_id) + self._rules.password_length:
            return "is_id"
        if folded in _COMMON or len(set(folded)) < 4:
            return "common"
        return "used_before" if any(password_is_right(one, password) for one in past) else None


@cache
def _hasher(passes: int, memory_kib: int, lanes: int) -> PasswordHasher:
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)


@cache
def _hash_of_nobody(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_urlsafe())


def password_is_right(password_hash: str, password: str) -> bool:
    """Tell whether a password is the one a hash was made of; slow on purpose."""
    try:
        return PasswordHasher().verify(password_hash, password)  # with the parameters that stand in the hash
    except (VerificationError, InvalidHashError):
        return False

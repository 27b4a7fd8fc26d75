"""What a town may set about sign-in: how long sessions last, when guessing is stopped, what a password must be."""

import tomllib
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class SignInRules:
    """Settings of sign-in; the defaults are what a town gets that sets nothing."""

    token_life: timedelta = timedelta(
        minutes=15
    )  # of an access token; one not renewed in time ends its session
    session_life: timedelta = timedelta(
        hours=8
    )  # after it both factors are asked again, whatever was renewed
    handover: timedelta = timedelta(
        seconds=30
    )  # how long a token still works after its successor was first used
    lease: timedelta = timedelta(days=7)  # longest time a person may sign in off line
    challenge_life: timedelta = timedelta(minutes=2)  # in which a second factor must answer
    failures_allowed: int = 5  # wrong secrets in a row of one person
    terminal_failures_allowed: int = (
        20  # wrong secrets at one terminal, of whomever, with no quiet time between
    )
    terminal_quiet: timedelta = timedelta(
        minutes=30
    )  # without a failure, after which a terminal's are forgotten
    first_lock: timedelta = timedelta(minutes=5)  # doubled with each further one
    longest_lock: timedelta = timedelta(minutes=60)
    password_length: int = 12  # shortest password a person may choose
    passwords_kept: int = 5  # last passwords that may not come again
    hash_time: int = (
        2  # passes of Argon2id; with memory and lanes OWASP's floor. Raised ones take effect at sign-in
    )
    hash_memory_kib: int = 19 * 1024
    hash_lanes: int = 1
    relying_party: str = "localhost"  # host name FIDO2 keys are registered for


DEFAULT_RULES = SignInRules()


def read_rules(path: Path) -> SignInRules:
    """Return the rules of a town's ``sign_in.toml``, each named like its field, times in seconds; ValueError.

    What is not in the file, or a file that is not there, leaves the defaults.
    """
    if not path.exists():
        return DEFAULT_RULES
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"sign_in.toml is no TOML: {error}") from None
    kinds = {field.name: type(getattr(DEFAULT_RULES, field.name)) for field in fields(SignInRules)}
    rules: dict[str, Any] = {}
    for name, value in told.items():
        if name not in kinds:
            raise ValueError(f"sign_in.toml: nothing is called {name}")
        is_text = kinds[name] is str
        if not (isinstance(value, str) if is_text else type(value) is int and value > 0):
            raise ValueError(f"sign_in.toml: {name} is a {'text' if is_text else 'whole number above 0'}")
        rules[name] = timedelta(seconds=value) if kinds[name] is timedelta else value
    return SignInRules(**rules)

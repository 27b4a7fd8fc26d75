"""What a batch without answers means: every code there is has a class, and the classes of house.md hold."""

import pytest

from client.domain.errors import (
    ConflictError,
    CounterError,
    LinkDownError,
    RefusedError,
    SignInNeededError,
)
from client.rules.sending import Trouble, class_of, took_nothing

STOP, PARK, RETRY = Trouble.STOP_ALL, Trouble.PARK_ONE, Trouble.RETRY


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (SignInNeededError("sign_in.expired"), STOP),  # 401
        (SignInNeededError("sign_in.clock_off"), STOP),
        (RefusedError("refused.terminal_revoked"), STOP),
        (RefusedError("refused.by_cloud", reason="terminal.wrong_certificate"), STOP),
        (RefusedError("refused.right_missing"), STOP),  # 403
        (RefusedError("refused.not_found"), STOP),  # the address leads to another town, or to no cloud
        (RefusedError("refused.newer"), STOP),
        (LinkDownError("link.untrusted"), STOP),
        (LinkDownError("link.unknown_host"), STOP),
        (LinkDownError("link.fault", status=302), STOP),
        (LinkDownError("link.fault", status=403), STOP),  # a proxy's
        (RefusedError("refused.by_cloud", reason="request.too_large"), PARK),  # 413
        (RefusedError("refused.by_cloud", reason="request.malformed"), PARK),  # 422
        (RefusedError("refused.input"), PARK),
        (ConflictError("conflict.version"), PARK),
        (ConflictError("conflict.tally"), RETRY),  # the books are compared before the next try
        (LinkDownError("link.fault", status=413), PARK),  # nginx says it without a word of the contract
        (LinkDownError("link.fault", status=400), PARK),
        (LinkDownError("link.fault", status=500), RETRY),
        (LinkDownError("link.fault", status=200), RETRY),  # nonsense
        (LinkDownError("link.busy", retry_after=3), RETRY),
        (LinkDownError("link.timeout"), RETRY),
        (LinkDownError("link.broken"), RETRY),
        (LinkDownError("link.unreachable"), RETRY),
    ],
)
def test_each_trouble_is_of_its_class(error: CounterError, wanted: Trouble) -> None:
    assert class_of(error) is wanted


def test_what_nobody_here_knows_stops_all_and_loses_nothing() -> None:
    for code in SignInNeededError.codes:
        assert class_of(SignInNeededError(code)) is STOP
    assert class_of(RefusedError("refused.by_cloud", reason="newer.word")) is STOP


def test_only_a_definite_no_leaves_no_doubt_that_nothing_was_done() -> None:
    assert took_nothing("refused.by_cloud")
    assert not took_nothing("link.broken")
    assert not took_nothing("")  # the program died under it

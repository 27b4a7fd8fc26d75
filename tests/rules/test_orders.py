"""The town's orders: each obeyed once and in turn, whoever brings it again and in whatever order."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from client.domain.terminal import OrderKind, TerminalOrder
from client.rules.orders import Answer, Obedience, heed
from tests.builders import NOW

LOCK, UNLOCK, WIPE, POLICY = OrderKind.LOCK, OrderKind.UNLOCK, OrderKind.WIPE, OrderKind.POLICY


def order(number: int, kind: OrderKind) -> TerminalOrder:
    return TerminalOrder(f"019a9f6e-{number:04d}", kind, NOW + timedelta(seconds=number), {})


KINDS = st.lists(st.sampled_from(list(OrderKind)), max_size=8)


def test_a_lock_shuts_and_an_unlock_opens() -> None:
    stand, said = heed(Obedience(), [order(1, LOCK)])
    assert stand.shut
    assert said == (Answer(order(1, LOCK).order_id, "done"),)
    stand, _ = heed(stand, [order(2, UNLOCK)])
    assert not stand.shut


def test_an_unlock_of_yesterday_opens_no_lock_of_today() -> None:
    stand, _ = heed(Obedience(), [order(1, UNLOCK), order(2, LOCK)])
    again, said = heed(stand, [order(1, UNLOCK)])
    assert again == stand
    assert again.shut
    assert [one.result for one in said] == ["done"], "its answer was lost: it is said again"


def test_what_is_to_be_erased_stays_shut_and_the_order_open_until_people_have_come() -> None:
    stand, said = heed(Obedience(), [order(1, WIPE), order(2, UNLOCK)])
    assert stand.shut
    assert [one.order_id for one in said] == [order(2, UNLOCK).order_id]
    assert heed(stand, [order(3, UNLOCK)])[0].shut


def test_a_policy_is_no_affair_of_this_program_and_the_office_hears_so() -> None:
    stand, said = heed(Obedience(), [order(1, POLICY)])
    assert stand == Obedience()
    assert said == (Answer(order(1, POLICY).order_id, "impossible"),)


@given(KINDS, st.randoms(use_true_random=False), st.integers(0, 8))
def test_orders_heard_again_and_in_any_order_leave_a_terminal_as_hearing_them_once_did(
    kinds: list[OrderKind], chance: object, cut: int
) -> None:
    given_out = [order(number, kind) for number, kind in enumerate(kinds, 1)]
    once, _ = heed(Obedience(), given_out)
    mixed = list(given_out)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # random.Random, as hypothesis gives it
    stand, _ = heed(Obedience(), given_out[:cut])
    stand, _ = heed(stand, mixed)
    stand, _ = heed(stand, given_out)
    assert stand == once
    locks = [one.kind for one in given_out if one.kind in {LOCK, UNLOCK}]
    assert stand.locked == (locks[-1:] == [LOCK])

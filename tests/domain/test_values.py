"""Values check themselves, cannot change, and do not tell in a log what is nobody's business."""

import dataclasses
import pkgutil
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

import client.domain
from client.domain.as_of import AsOf, Source
from client.domain.certificate import SerialNo
from client.domain.change import RESTRICTIVE, ChangeKind, NewChange, change_key
from client.domain.errors import CounterError, LinkDownError
from client.domain.feed import ChunkRows, RowChange
from client.rules.intakes import ALL
from tests.builders import HANAKO, NOW, TARO, a_household, a_request, a_sign_in

moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def a_change() -> NewChange:
    base = {TARO: 3}
    payload: dict[str, object] = {"to": {"town": "ひみつ町"}}
    change = NewChange("k", ChangeKind.TENKYO, (TARO,), base, payload, NOW, "s001")
    base[TARO] = 4
    payload["to"] = "elsewhere"
    return change


def test_a_change_keeps_what_it_was_made_of() -> None:
    change = a_change()
    assert change.base == {TARO: 3}
    assert change.payload == {"to": {"town": "ひみつ町"}}


def test_a_change_cannot_be_changed() -> None:
    change = a_change()
    with pytest.raises(dataclasses.FrozenInstanceError):
        change.key = "other"  # type: ignore[misc]  # the attempt is the test
    with pytest.raises(TypeError):
        change.base[TARO] = 9  # type: ignore[index]  # the attempt is the test
    with pytest.raises(TypeError):
        change.payload["to"] = ""  # type: ignore[index]  # the attempt is the test


def test_what_a_person_told_us_is_not_in_a_repr() -> None:
    assert "ひみつ町" not in repr(a_change())
    assert "ひみつ町" not in repr(RowChange("resident", ("1", 1), {"address_town": "ひみつ町"}))
    assert "ひみつ町" not in repr(ChunkRows("resident", ("address_town",), (["ひみつ町"],)))
    assert "token" not in repr(a_sign_in())


def test_facts_are_facts_and_requests_are_not() -> None:
    requests = {kind for kind in ChangeKind if not kind.is_fact}
    assert requests == {form.kind for form in ALL}, "each has a form that takes it in"
    assert requests > RESTRICTIVE


@given(moments, moments, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_keys_sort_by_the_time_they_were_made(
    one: datetime, other: datetime, some: bytes, more: bytes
) -> None:
    if one - other >= timedelta(milliseconds=1):
        assert change_key(one, some) > change_key(other, more)


@given(moments, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_keys_of_one_moment_differ_where_their_random_does(at: datetime, one: bytes, other: bytes) -> None:
    # 74 of the 80 bits are used
    differs = int.from_bytes(one) & ~(0b111111 << 62) != int.from_bytes(other) & ~(0b111111 << 62)
    assert (change_key(at, one) != change_key(at, other)) == differs
    assert change_key(at, one)[14] == "7"


def test_a_key_takes_ten_random_bytes() -> None:
    with pytest.raises(ValueError, match="ten random bytes"):
        change_key(NOW, b"short")


def test_an_issue_number_is_printed_as_the_standard_says() -> None:
    number = SerialNo(date(2026, 11, 20), "あおぞら市", "本庁1", "プリンタ001", 11)
    assert number.text(1, 2) == "20261120 あおぞら市 本庁1 プリンタ001 000011 1/2"
    assert number.key == "本庁1-000011"


def test_the_printer_part_may_be_blank() -> None:
    assert (
        SerialNo(date(2026, 11, 20), "あおぞら市", "本庁1", "", 11).text(1, 1)
        == "20261120 あおぞら市 本庁1 000011 1/1"
    )


numbers = st.builds(
    SerialNo,
    st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    st.just("あおぞら市"),
    st.sampled_from(["T0001", "T0002", "T0012"]),
    st.sampled_from(["", "プリンタ001"]),
    st.integers(1, 2_000_000),
)


@given(numbers, numbers)
def test_two_copies_share_a_key_only_where_terminal_and_serial_agree(one: SerialNo, other: SerialNo) -> None:
    assert (one.key == other.key) == ((one.terminal, one.serial) == (other.terminal, other.serial))


@pytest.mark.parametrize("copies", [0, 21, -1])
def test_a_request_is_for_one_to_twenty_copies(copies: int) -> None:
    with pytest.raises(ValueError, match="1 to 20"):
        a_request(copies=copies)


def test_a_request_needs_members() -> None:
    with pytest.raises(ValueError, match="members"):
        dataclasses.replace(a_request(), members=())


@given(
    st.timedeltas(timedelta(days=-400), timedelta(days=400)), st.timedeltas(timedelta(0), timedelta(days=9))
)
def test_an_age_is_never_negative(ago: timedelta, more: timedelta) -> None:
    as_of = AsOf(Source.REPLICA, 40, NOW - ago, 7, NOW - ago - more)
    assert as_of.register_age(NOW) == max(ago, timedelta(0))
    assert as_of.blocks_age(NOW) == max(ago + more, timedelta(0))


def test_a_household_finds_its_members_and_those_who_live_there() -> None:
    household = a_household()
    assert household.member(HANAKO) is household.members[1]
    assert household.living == household.members


def test_an_error_knows_only_its_own_codes() -> None:
    with pytest.raises(ValueError, match="knows no code"):
        LinkDownError("store.full")
    error = LinkDownError("link.busy", seconds=5)
    assert (error.code, error.facts, str(error)) == ("link.busy", {"seconds": 5}, "link.busy")


def test_no_code_belongs_to_two_kinds_of_error() -> None:
    codes = [code for kind in CounterError.__subclasses__() for code in kind.codes]
    assert len(codes) == len(set(codes))


def domain_values() -> list[type]:
    """Return every dataclass of client/domain."""
    modules = [
        import_module(f"client.domain.{one.name}") for one in pkgutil.iter_modules(client.domain.__path__)
    ]
    return sorted(
        {
            value
            for module in modules
            for value in vars(module).values()
            if isinstance(value, type) and dataclasses.is_dataclass(value)
        },
        key=lambda value: value.__qualname__,
    )


@pytest.mark.parametrize("value", domain_values(), ids=lambda value: value.__name__)
def test_a_value_cannot_change_and_holds_no_list(value: type) -> None:
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]  # dataclasses keep it there
    assert hasattr(value, "__slots__")
    names = [
        field.name
        for field in dataclasses.fields(value)
        if str(field.type).startswith(("list", "dict", "set"))
    ]
    assert names == []

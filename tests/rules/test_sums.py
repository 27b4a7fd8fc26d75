"""Digest, chain, codes and numbers: small sums that much depends on."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.rules import chain, digest, serials, totp

KEY = b"k" * 32
values = st.one_of(st.text(max_size=6), st.integers(0, 2**40), st.booleans(), st.binary(max_size=40))
rows = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), values, max_size=5)


# The digest of a feed (resources/contract/tables.toml)


def test_a_row_digest_is_what_the_contract_says() -> None:
    row = {"b": "髙", "a": 1, "c": b"blob"}
    plain = {"a": 1, "b": "髙", "c": blake2b(b"blob", digest_size=32).digest()}
    packed = msgspec.msgpack.encode(["resident", plain])
    assert (
        digest.row_digest(KEY, "resident", row).to_bytes(16)
        == blake2b(packed, digest_size=16, key=KEY).digest()
    )


def test_a_known_row_has_a_known_digest() -> None:
    """Held against the other reader of the contract: a change here breaks every replica in the field."""
    row = {"atena_no": "1000000001", "history_no": 1, "full_name": "渡邉󠄐 太郎", "furigana_confirmed": True}
    assert f"{digest.row_digest(KEY, 'resident', row):032x}" == "30aea1fbed0c79a1ffda7423034a8347"
    assert digest.bucket_of("resident", ("1000000001", 1)) == 3126


@given(rows)
def test_the_order_of_columns_does_not_count_and_the_absent_are_absent(row: dict[str, object]) -> None:
    backwards = dict(reversed(row.items()))
    more = {**backwards, "later": None}
    assert digest.row_digest(KEY, "t", row) == digest.row_digest(KEY, "t", more)


@given(rows, rows)
def test_different_rows_have_different_digests(one: dict[str, object], other: dict[str, object]) -> None:
    same = msgspec.msgpack.encode(sorted(one.items())) == msgspec.msgpack.encode(sorted(other.items()))
    assert (digest.row_digest(KEY, "t", one) == digest.row_digest(KEY, "t", other)) == same


def test_key_and_table_count() -> None:
    digests = {
        digest.row_digest(key, table, {"a": 1}) for key in (KEY, b"j" * 32) for table in ("block", "resident")
    }
    assert len(digests) == 4


@given(st.lists(st.integers(0, 2**128 - 1), max_size=8), st.randoms())
def test_rows_may_come_in_any_order_and_go_again(digests: list[int], random: object) -> None:
    total = 0
    for one in digests:
        total = digest.plus(total, one)
    for one in sorted(digests):
        total = digest.minus(total, one)
    assert total == 0
    assert digest.bucket_bytes(total) == bytes(16)


@given(st.text(max_size=10), st.lists(st.one_of(st.text(max_size=10), st.integers(0, 2**31)), max_size=2))
def test_a_bucket_is_the_first_twelve_bits(table: str, key: list[str | int]) -> None:
    first = blake2b(msgspec.msgpack.encode([table, *key]), digest_size=16).hexdigest()[:3]
    assert digest.bucket_of(table, key) == int(first, 16) < digest.BUCKETS


@given(st.integers(0, 4095), st.integers(1, 2**128 - 1))
def test_one_bucket_touches_one_middle_digest_and_the_root(bucket: int, total: int) -> None:
    empty = [0] * digest.BUCKETS
    sums = [*empty[:bucket], total, *empty[bucket + 1 :]]
    before, after = digest.mids_of(empty), digest.mids_of(sums)
    assert [mid for mid in range(64) if before[mid] != after[mid]] == [digest.mid_above(bucket)]
    assert bucket in digest.buckets_below(digest.mid_above(bucket))
    assert digest.root_of(before) != digest.root_of(after)
    start = digest.mid_above(bucket) * 64
    assert after[digest.mid_above(bucket)] == digest.mid_of(sums[start : start + 64])


def test_sums_of_the_wrong_length_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="4,096"):
        digest.mids_of([0] * 64)
    with pytest.raises(ValueError, match="64 middle"):
        digest.root_of([bytes(16)] * 63)
    with pytest.raises(ValueError, match="64 buckets"):
        digest.mid_of([0] * 65)


# The chain of the journal

entries = st.lists(
    st.dictionaries(st.sampled_from(["kind", "actor", "facts"]), st.text(max_size=3)), max_size=6
)


def linked(entries: list[dict[str, str]]) -> list[tuple[Mapping[str, object], bytes]]:
    prev = chain.GENESIS
    links: list[tuple[Mapping[str, object], bytes]] = []
    for entry in entries:
        prev = chain.link(prev, entry)
        links.append((entry, prev))
    return links


@given(entries)
def test_an_unbroken_chain_has_no_break(written: list[dict[str, str]]) -> None:
    assert chain.first_break(linked(written)) is None


@given(entries, st.data())
def test_a_changed_entry_is_named(written: list[dict[str, str]], data: st.DataObject) -> None:
    links = linked([*written, {"kind": "issue"}])
    place = data.draw(st.integers(0, len(links) - 1))
    entry, recorded = links[place]
    links[place] = ({**entry, "actor": "somebody else entirely"}, recorded)
    assert chain.first_break(links) == place


@given(entries, st.data())
def test_an_entry_taken_out_before_the_end_is_noticed(
    written: list[dict[str, str]], data: st.DataObject
) -> None:
    links = linked([*written, {"kind": "look_up"}, {"kind": "issue"}])
    place = data.draw(st.integers(0, len(links) - 2))
    del links[place]
    assert chain.first_break(links) == place


def test_two_entries_in_the_wrong_order_are_noticed() -> None:
    one, two = linked([{"kind": "look_up"}, {"kind": "issue"}])
    assert chain.first_break([two, one]) == 0


def test_the_order_of_keys_does_not_count_at_any_depth() -> None:
    one = {"kind": "issue", "facts": {"serial": "T-1", "pages": 2}}
    other = {"facts": {"pages": 2, "serial": "T-1"}, "kind": "issue"}
    assert chain.link(chain.GENESIS, one) == chain.link(chain.GENESIS, other)


def test_a_link_is_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        chain.link(b"short", {})


# One-time codes (RFC 6238, appendix B, the last six digits)

SEED = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "digits"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_of_the_rfc(seconds: int, digits: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.code(SEED, totp.step_of(at)) == digits
    assert totp.accepts(SEED, digits, at) == seconds // 30


@given(st.integers(10**9, 2 * 10**9), st.integers(-3, 3))
def test_a_code_is_good_one_step_to_either_side(seconds: int, away: int) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    step = totp.step_of(now) + away
    assert (totp.accepts(SEED, totp.code(SEED, step), now) is not None) >= (abs(away) <= 1)
    if abs(away) > 1 and totp.code(SEED, step) not in {
        totp.code(SEED, step - away + one) for one in (-1, 0, 1)
    }:
        assert totp.accepts(SEED, totp.code(SEED, step), now) is None


@given(st.integers(10**9, 2 * 10**9), st.lists(st.integers(-1, 1), min_size=1, max_size=5))
def test_no_step_is_accepted_twice(seconds: int, tries: list[int]) -> None:
    now, last = datetime.fromtimestamp(seconds, UTC), -1
    for away in tries:
        code = totp.code(SEED, totp.step_of(now) + away)
        step = totp.accepts(SEED, code, now, last)
        assert step is None or step > last
        if step is None:
            assert totp.was_used(SEED, code, now, last)
        last = step if step is not None else last


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "28708a", "２８７０８２", "287082\n", " 287082"])
def test_what_is_not_the_six_digits_is_not_accepted(typed: str) -> None:
    at = datetime.fromtimestamp(59, UTC)
    assert totp.accepts(SEED, typed, at) is None
    assert not totp.was_used(SEED, typed, at, 10)


# Issue numbers


@given(st.lists(st.integers(0, 10**7), max_size=5))
def test_the_next_number_is_above_every_mark(marks: list[int]) -> None:
    assert all(serials.next_serial(*marks) > mark for mark in marks)
    assert serials.next_serial() == 1


@given(st.lists(st.integers(0, 10**7), max_size=5))
def test_a_new_series_leaves_more_room_than_could_have_been_lost(marks: list[int]) -> None:
    first = serials.next_series(*marks)
    assert all(first - mark > serials.SERIES for mark in marks)
    assert first % serials.SERIES == 1


@given(st.sets(st.integers(1, 40), max_size=20))
def test_gaps_and_numbers_together_are_everything_between(numbers: set[int]) -> None:
    missing = {number for gap in serials.gaps(numbers) for number in gap}
    assert not missing & numbers
    if numbers:
        assert missing | numbers == set(range(min(numbers), max(numbers) + 1))


def test_the_time_of_a_step_is_half_a_minute() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert totp.step_of(now + timedelta(seconds=29.9)) == totp.step_of(now)
    assert totp.step_of(now + timedelta(seconds=30)) == totp.step_of(now) + 1

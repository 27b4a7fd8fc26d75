"""Parcels: whoever brought one, it counts by the town's signature alone, and only the town's terminals read it."""

from collections.abc import Callable
from functools import partial

import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from client.domain.errors import CounterError, LinkDownError, RefusedError
from client.domain.feed import Chunk, Feed, RowChange, RowDiff
from client.domain.parcel import Parcel, SnapshotParcel
from client.rules.parcels import open_batch, open_manifest, parcel_key, read_parcel
from tests.parcel_builders import (
    DIGEST_KEY,
    ROOT,
    TOWN_KEY,
    a_parcel,
    clear_of,
    groups_of,
    seal_key,
    wire_of,
)

KEY = parcel_key(DIGEST_KEY)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\6" * 32)
NAME = "渡邉󠄐花子"
GONE = RowChange("resident", ("0000000001", 1), None)
WHOLE = RowChange("resident", ("0000000002", 1), {"full_name": NAME, "order_no": 2})
RECIPE = (("", "address_town"), ("　", "address_katagaki"))
DIFFERENT = RowDiff(
    "resident",
    ("0000000003", 2),
    {"history_no": 2, "moved_out_sort": None},
    ("0000000003", 1),
    {"before_move": RECIPE},
)
CHANGES = groups_of([GONE, WHOLE, DIFFERENT])


def refused(work: Callable[[], object], code: str = "link.fault") -> None:
    with pytest.raises(LinkDownError) as caught:
        work()
    assert caught.value.code == code


def test_the_key_is_the_one_the_town_derives() -> None:
    assert parcel_key(DIGEST_KEY) == seal_key()


def test_a_parcel_says_in_the_open_what_it_is_about_and_nothing_of_anybody() -> None:
    wire = wire_of(clear_of(), CHANGES)
    parcel = read_parcel(wire, [TOWN_KEY])
    assert isinstance(parcel, Parcel)
    assert (parcel.feed, parcel.after, parcel.to, parcel.head, parcel.root) == (Feed.REGISTER, 3, 5, 5, ROOT)
    assert parcel.wire == wire
    assert NAME.encode() not in wire
    assert b"resident" not in wire


def test_with_the_towns_key_its_changes_are_read() -> None:
    batch = open_batch(a_parcel(changes=CHANGES), KEY)
    assert batch.changes == (GONE, WHOLE, DIFFERENT)


def test_rows_of_a_table_share_their_columns() -> None:
    group = [
        "resident",
        [["0000000002", "0000000003", "0000000004"], [1, 1, 5]],
        [0, 1, 2],
        ["full_name", "image"],
        [[0, 1], [0], []],
        [0, 1, 2],
        [[NAME, "渡邉"], [b"\x89PNG"]],
        {},
    ]
    assert open_batch(a_parcel(changes=[group]), KEY).changes == (
        RowChange("resident", ("0000000002", 1), {"full_name": NAME, "image": b"\x89PNG"}),
        RowDiff("resident", ("0000000003", 1), {"full_name": "渡邉"}, ("0000000003", 1)),
        RowDiff("resident", ("0000000004", 5), {}, ("0000000004", 4)),
    )


def test_a_difference_is_put_over_its_base_row() -> None:
    base = {"full_name": NAME, "moved_out_sort": "2026-04-01", "address_town": "青葉町"}
    assert DIFFERENT.over({**base, "address_katagaki": "泉荘"}).row == {
        **{"full_name": NAME, "history_no": 2, "address_town": "青葉町", "address_katagaki": "泉荘"},
        "before_move": "青葉町　泉荘",
    }
    assert DIFFERENT.over(base).row == {
        **{"full_name": NAME, "history_no": 2, "address_town": "青葉町", "before_move": "青葉町"}
    }


def test_the_word_that_nothing_is_new_needs_no_seal() -> None:
    parcel = a_parcel(after=5, to=5)
    assert not parcel.is_news
    assert open_batch(parcel, KEY).changes == ()


@given(st.data())
def test_a_changed_byte_anywhere_is_seen_before_anything_is_opened(data: st.DataObject) -> None:
    wire = bytearray(wire_of(clear_of(), CHANGES))
    place = data.draw(st.integers(0, len(wire) - 1))
    wire[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CounterError):
        read_parcel(bytes(wire), [TOWN_KEY])


def test_cut_after_any_byte_it_is_no_parcel() -> None:
    wire = wire_of(clear_of(), CHANGES)
    for end in range(len(wire)):
        with pytest.raises(CounterError):
            read_parcel(wire[:end], [TOWN_KEY])


@given(st.binary(max_size=200))
def test_what_is_no_parcel_is_refused(junk: bytes) -> None:
    with pytest.raises(LinkDownError):
        read_parcel(junk, [TOWN_KEY])


def test_another_towns_word_is_no_word() -> None:
    refused(lambda: read_parcel(wire_of(clear_of(), CHANGES, signer=STRANGER), [TOWN_KEY]), "link.unsigned")
    unknown = wire_of(clear_of(), CHANGES, signer=STRANGER, key_id=b"\x09" * 8)
    refused(lambda: read_parcel(unknown, [TOWN_KEY]), "link.unsigned")
    refused(lambda: read_parcel(unknown, []), "link.unsigned")


def test_what_is_sealed_with_a_key_not_known_here_asks_for_a_newer_terminal() -> None:
    with pytest.raises(RefusedError) as caught:
        open_batch(a_parcel(), parcel_key(b"o" * 32))
    assert caught.value.code == "refused.newer"


def test_versions_that_cannot_be_are_refused() -> None:
    for clear in (clear_of(after=5, to=3, head=5), clear_of(after=3, to=5, head=4), clear_of("rumours")):
        wire = wire_of(clear, [])
        refused(partial(read_parcel, wire, [TOWN_KEY]))


def test_changes_without_a_new_version_are_refused() -> None:
    parcel = read_parcel(wire_of(clear_of(after=5, to=5), CHANGES), [TOWN_KEY])
    assert isinstance(parcel, Parcel)
    refused(lambda: open_batch(parcel, KEY))


def a_group(**other: object) -> list[object]:
    """Return a group of one row, with parts that do not fit."""
    parts = {
        **{
            "table": "resident",
            "keys": [["1"], [1]],
            "bases": [0],
            "columns": ["full_name"],
            "shapes": [[0]],
        },
        **{"shape_of": [0], "data": [["a"]], "made": {}},
    }
    return [*(parts | other).values()]


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": [[["nested"]]]},
        {"data": [[{"a": 1}]]},
        {"data": [[1.5]]},
        {"data": [[None]]},
        {"data": [[]]},
        {"data": [["a", "b"]]},
        {"data": []},
        {"data": None},
        {"keys": []},
        {"keys": [["1"], [1, 2]]},
        {"keys": [[["1"]], [1]]},
        {"keys": [["1", "2"], [1, 2]]},
        {"keys": [["1"], ["x"]], "bases": [2]},
        {"bases": [4]},
        {"bases": []},
        {"shapes": [[1]]},
        {"shapes": []},
        {"shapes": [[-1]], "data": [[]]},
        {"shapes": [[-1]], "data": [[]], "made": {"0": [["", "address_town"]]}},
        {"shapes": [[-1]], "data": [[]], "bases": [1], "made": {"x": [["", "address_town"]]}},
        {"shapes": [[-9]], "data": [[]], "bases": [1]},
        {"shape_of": [1]},
        {"shape_of": [-1]},
        {"made": {"0": "address_town"}},
    ],
)
def test_changes_whose_parts_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    assert open_batch(a_parcel(changes=[a_group()]), KEY).changes
    parcel = a_parcel(changes=[a_group(**wrong)])
    refused(lambda: open_batch(parcel, KEY))


@given(st.lists(st.sampled_from([GONE, WHOLE, DIFFERENT]), max_size=6))
def test_whatever_is_put_in_comes_out(changes: list[RowChange | RowDiff]) -> None:
    assert open_batch(a_parcel(changes=groups_of(changes)), KEY).changes == tuple(changes)


def test_a_few_bytes_that_unpack_to_far_too_much_are_not_unpacked() -> None:
    bomb = zstandard.compress(bytes(50_000_000))
    parcel = read_parcel(wire_of(clear_of(), packed=bomb), [TOWN_KEY])
    assert isinstance(parcel, Parcel)
    refused(lambda: open_batch(parcel, KEY, most=1_000_000))


def a_snapshot(**other: object) -> SnapshotParcel:
    chunk = {
        "sha256": "ab" * 32,
        "series": "core",
        "table": "resident",
        "rows": 2,
        "size": 99,
        "key": b"c" * 32,
    }
    content = {"seal": "A256GCM", "register_root": ROOT, "blocks_root": ROOT, "chunks": [chunk], **other}
    clear = ["snapshot", clear_of()[1], "s1", "2026-04-01T00:00:00Z", 7, 3, [[b"\xab" * 32, 99]]]
    parcel = read_parcel(wire_of(clear, content), [TOWN_KEY])
    assert isinstance(parcel, SnapshotParcel)
    return parcel


def test_whoever_cannot_read_a_snapshot_still_knows_its_chunks_and_not_their_keys() -> None:
    parcel = a_snapshot()
    assert parcel.chunks == (("ab" * 32, 99),)
    assert b"c" * 32 not in parcel.wire
    manifest = open_manifest(parcel, KEY)
    assert manifest.chunks == (Chunk("ab" * 32, "core", "resident", 2, 99, b"c" * 32),)
    assert (manifest.register_version, manifest.blocks_version) == (7, 3)


def test_a_snapshot_whose_two_halves_differ_is_refused() -> None:
    refused(lambda: open_manifest(a_snapshot(chunks=[]), KEY))


def test_a_snapshot_sealed_in_a_way_not_known_here_asks_for_a_newer_terminal() -> None:
    with pytest.raises(RefusedError):
        open_manifest(a_snapshot(seal="XCHACHA"), KEY)


def test_nothing_of_a_row_is_in_the_words_of_an_error() -> None:
    parcel = a_parcel(changes=[a_group(keys=[[NAME], [1]], data=[[{"a": NAME}]])])
    with pytest.raises(LinkDownError) as caught:
        open_batch(parcel, KEY)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert NAME not in repr(chain)
        chain = None if chain.__suppress_context__ else chain.__context__
    assert msgspec.msgpack.decode(parcel.wire)

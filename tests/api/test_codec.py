"""Wire and values, there and back."""

import string
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.api import codec
from client.domain.change import ChangeKind, FirstTold, NewChange, change_key, first_told
from client.domain.clerk import BLOCK_ACTS, ITEMS, Right
from client.domain.errors import LinkDownError, RefusedError
from tests.api.small_cloud import town
from tests.builders import NOW, TARO, a_request
from tests.fakes import MemoryLedger

ROW = next(row for table, row in town() if table == "resident")


def test_a_column_of_a_newer_register_does_no_harm() -> None:
    household = codec.household_from_rows([{**ROW, "brand_new": {"x": 1}}])
    assert household.members[0].name.text == "渡邉󠄐　太郎"


@pytest.mark.parametrize(
    "spoil",
    [
        {"status": "ascended"},
        {"history_no": "three"},
        {"birth_sort": "渡邉さんの誕生日"},
        {"atena_no": None},
        {"kind": 7},
    ],
)
def test_a_row_out_of_contract_is_a_fault_that_quotes_nothing(spoil: dict[str, object]) -> None:
    with pytest.raises(LinkDownError, match=r"link\.fault") as down:
        codec.household_from_rows([{**ROW, **spoil}])
    assert down.value.__cause__ is None
    assert down.value.facts == {}


def test_rows_of_two_households_are_no_household() -> None:
    with pytest.raises(LinkDownError):
        codec.household_from_rows([ROW, {**ROW, "atena_no": "9", "household_no": "other"}])
    with pytest.raises(LinkDownError):
        codec.household_from_rows([ROW, ROW])
    with pytest.raises(RefusedError, match=r"refused\.not_found"):
        codec.household_from_rows([])


def test_one_unreadable_block_spoils_all_so_that_none_is_missed() -> None:
    told = codec.WireRestrictions(
        blocks=[{"block_id": "b", "process": "teleport", "level": "error"}], shien_sochi=[]
    )
    with pytest.raises(LinkDownError), codec.of_the_contract():
        told.value()


def test_a_right_this_version_does_not_know_is_no_right() -> None:
    clerk = codec.WireStaff("s", "n", "x", ["view", "fly"]).value()
    assert clerk.rights == {Right.VIEW}


def test_an_older_cloud_names_no_items_and_they_come_with_looking_up_as_before() -> None:
    older = msgspec.json.decode(
        b'{"staff_id": "s", "name": "n", "section": "x", "rights": ["view"]}', type=codec.WireStaff
    ).value()
    assert older.held == {Right.VIEW, *ITEMS}
    newer = codec.WireStaff("s", "n", "x", ["view", "tax"], by_item=True).value()
    assert newer.held == {Right.VIEW, Right.TAX}


def test_an_older_cloud_parts_no_acts_on_blocks_and_they_come_with_being_in_charge_as_before() -> None:
    older = codec.WireStaff("s", "n", "x", ["officer"]).value()
    assert older.held == {Right.OFFICER, *BLOCK_ACTS}
    newer = codec.WireStaff("s", "n", "x", ["officer", "block_set"], by_block=True).value()
    assert newer.held == {Right.OFFICER, Right.BLOCK_SET}


@pytest.mark.parametrize(
    "answer",
    [
        codec.WireAnswer("k", "perhaps"),
        codec.WireAnswer("k", "already"),
        codec.WireAnswer("k", "already", first="already"),
        codec.WireAnswer("k", "accepted"),
    ],
)
def test_an_outcome_that_cannot_be_is_no_answer(answer: codec.WireAnswer) -> None:
    with pytest.raises(LinkDownError), codec.of_the_contract():
        answer.value()


def test_a_repeat_brings_the_first_outcome() -> None:
    receipt = codec.WireReceipt(7, NOW, "受付")
    told = codec.WireAnswer("k", "already", receipt, first="accepted").value()
    assert (told.outcome, told.words) == ("accepted", "受付")
    refused = codec.WireAnswer(
        "k", "already", code="refused.date", reason="ido_date", first="refused"
    ).value()
    assert (refused.outcome, refused.receipt, refused.words) == ("refused", None, "refused.date ido_date")


@pytest.mark.asyncio
async def test_a_command_shows_the_cloud_no_more_than_it_needs() -> None:
    change = NewChange(
        key="k",
        kind=ChangeKind.TENKYO,
        residents=(TARO,),
        base={TARO: 3},
        payload={"to": {"town": "本町"}},
        made_at=NOW.astimezone(timezone(timedelta(hours=9))),
        made_by="s001",
        todoke_date=date(2026, 11, 20),
    )
    queued = replace(await MemoryLedger().queue(change), supersedes="j")
    wire = codec.command_to_wire(queued, "T0001")
    assert "本町" not in msgspec.json.encode(wire).decode()
    assert (wire["made_at"], wire["todoke_date"], wire["supersedes"]) == (
        "2026-11-20T05:32:00Z",
        "2026-11-20",
        "j",
    )


def test_a_request_goes_out_in_the_contracts_words() -> None:
    wire = codec.request_to_wire(a_request())
    assert wire["requester"] == "self"
    assert wire["options"] == {
        "relationship": True,
        "honseki": False,
        "foreign_items": False,
        "furigana": True,
    }
    assert "copies" not in wire


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    later=st.timedeltas(timedelta(milliseconds=1), timedelta(days=300)),
    random=st.binary(min_size=10, max_size=10),
)
def test_keys_sort_by_time_and_are_uuids_of_version_seven(
    at: datetime, later: timedelta, random: bytes
) -> None:
    key = change_key(at, random)
    assert key[14] == "7"
    assert key[19] in "89ab"
    assert set(key) <= set(string.hexdigits + "-")
    assert change_key(at + later, bytes(10)) > change_key(at, bytes(10))
    assert change_key(at, random) == key


@given(one=st.binary(min_size=10, max_size=10), other=st.binary(min_size=10, max_size=10))
def test_keys_of_one_moment_differ_where_the_used_bits_do(one: bytes, other: bytes) -> None:
    kept = (1 << 62) - 1
    first, second = int.from_bytes(one), int.from_bytes(other)
    same = (first >> 68, first & kept) == (second >> 68, second & kept)
    assert (change_key(NOW, one) == change_key(NOW, other)) is same


def test_a_duplicate_names_the_first_in_the_words_that_are_kept() -> None:
    first = codec.WireDuplicate("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d41", NOW, "T0002")
    told = codec.WireAnswer("k", "refused", code="refused.duplicate_intake", duplicate_of=first).value()
    assert first_told(told.words) == FirstTold("5a1f7d41", NOW, "T0002")
    assert first_told("refused.duplicate_intake") is None
    assert first_told(f"refused.date {NOW.isoformat()} x") is None


def test_a_first_of_digits_alone_is_taken_for_no_persons_number() -> None:
    first = codec.WireDuplicate("123456789018-123456789018", NOW, "T0002")
    told = codec.WireAnswer("k", "refused", code="refused.duplicate_intake", duplicate_of=first).value()
    assert first_told(told.words) == FirstTold("56789018", NOW, "T0002")


def test_a_first_without_a_time_zone_is_no_answer() -> None:
    first = codec.WireDuplicate("k", NOW.replace(tzinfo=None), "T0002")
    with pytest.raises(LinkDownError), codec.of_the_contract():
        codec.WireAnswer("k", "refused", code="refused.duplicate_intake", duplicate_of=first).value()

"""What makes a paper doubtful, in the words of the register's rows."""

from datetime import timedelta

import pytest

from client.domain.clerk import Right
from client.domain.doubtful import Doubt, OfflinePaper, Told, Touch, Why
from client.domain.feed import Feed
from client.domain.resident import HouseholdNo
from client.rules.doubtful import GRAIN, as_told, until, verdict
from tests.builders import HANAKO, NOW, TARO
from tests.doubt_fakes import a_doubtful

BEFORE, LATER = NOW - timedelta(minutes=5), NOW + timedelta(hours=1)
JUMINHYO = "juminhyo_copy"


def a_paper(kind: str = JUMINHYO) -> OfflinePaper:
    versions = {Feed.REGISTER: 40, Feed.BLOCKS: 7}
    return OfflinePaper(11, kind, NOW, versions, (TARO, HANAKO), HouseholdNo("2000000001"))


def whys(kind: str, table: str, *, gone: bool = False, **more: str) -> list[Why]:
    """Return what a paper of a kind is doubted for where one row was touched."""
    touch = Touch(table, BEFORE, gone, **more)
    told = {Feed.REGISTER: Told(LATER, (touch,)), Feed.BLOCKS: Told(LATER, ())}
    return [doubt.why for doubt in verdict(a_paper(kind), told).doubts]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("resident", Why.IDO),
        ("tenshutsu", Why.TENSHUTSU),
        ("death", Why.DEATH),
        ("shojo", Why.SHOJO),
        ("of a later contract", Why.IDO),
    ],
)
def test_a_record_says_what_happened_by_its_status(status: str, why: Why) -> None:
    assert whys(JUMINHYO, "resident", status=status) == [why]


def test_a_record_that_was_taken_out_made_the_paper_wrong() -> None:
    assert whys(JUMINHYO, "resident", gone=True) == [Why.IDO]


def test_a_juminhyo_copy_rests_on_no_tax_insurance_or_seal() -> None:
    for table in (
        "juminzei",
        "tax_account",
        "light_vehicle",
        "fixed_asset",
        "nhi_member",
        "seal_registration",
    ):
        assert whys(JUMINHYO, table) == []


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("juminzei", Why.TAX),
        ("tax_account", Why.ARREARS),
        ("nhi_member", Why.NHI),
        ("seal_registration", Why.SEAL),
        ("shien_sochi", Why.SHIEN_SOCHI),
    ],
)
def test_a_paper_of_a_kind_nobody_has_named_rests_on_everything(table: str, why: Why) -> None:
    assert whys("of_a_later_version", table) == [why]


def test_what_no_paper_shows_makes_none_doubtful() -> None:
    for table in ("phone", "delivery_address", "intake", "of_a_later_contract"):
        assert whys("of_a_later_version", table) == []


def test_a_block_counts_for_the_papers_it_stops() -> None:
    assert whys(JUMINHYO, "block", process="issue") == [Why.BLOCK]
    assert whys(JUMINHYO, "block", process="seal") == []
    assert whys("of_a_later_version", "block", process="seal") == [Why.BLOCK]
    assert whys("of_a_later_version", "block", process="view") == []
    assert whys(JUMINHYO, "block") == [Why.BLOCK]  # nobody said what it stops


@pytest.mark.parametrize("table", ["block", "shien_sochi"])
def test_what_was_lifted_before_makes_no_paper_wrong(table: str) -> None:
    assert whys(JUMINHYO, table, gone=True) == []


def test_what_the_register_can_no_longer_tell_is_doubtful() -> None:
    told = {Feed.REGISTER: Told(LATER, None), Feed.BLOCKS: Told(LATER, ())}
    assert verdict(a_paper(), told).doubts == (Doubt(Why.UNKNOWN, None),)


def test_one_event_in_the_records_of_a_family_is_one_reason() -> None:
    touches = tuple(Touch("resident", BEFORE, gone=False, status="tenshutsu") for _ in range(4))
    told = {Feed.REGISTER: Told(LATER, touches), Feed.BLOCKS: Told(LATER, ())}
    assert verdict(a_paper(), told).doubts == (Doubt(Why.TENSHUTSU, BEFORE),)


def test_the_register_has_its_last_word_once_both_feeds_tell_of_a_time_after_the_issue() -> None:
    assert until(a_paper()) == NOW + GRAIN
    early, late = Told(NOW + GRAIN, ()), Told(NOW + GRAIN + timedelta(seconds=1), ())
    assert not verdict(a_paper(), {Feed.REGISTER: early, Feed.BLOCKS: late}).final
    assert not verdict(a_paper(), {Feed.REGISTER: late, Feed.BLOCKS: early}).final
    assert verdict(a_paper(), {Feed.REGISTER: late, Feed.BLOCKS: late}).final


def test_of_a_support_measure_only_who_has_the_right_is_told() -> None:
    paper = a_doubtful(1, Why.SHIEN_SOCHI, Why.IDO)
    told = as_told(paper, ())
    assert ([one.why for one in told.doubts], told.withheld) == ([Why.IDO], True)
    assert as_told(paper, {Right.SHIEN_SOCHI}) == paper
    assert not as_told(a_doubtful(1, Why.IDO), ()).withheld


@pytest.mark.parametrize(
    ("why", "right"),
    [
        (Why.TAX, Right.TAX),
        (Why.ARREARS, Right.TAX),
        (Why.NHI, Right.NHI),
        (Why.SEAL, Right.SEAL),
    ],
)
def test_of_taxes_insurance_and_seals_only_who_has_the_right_to_that_item_is_told(
    why: Why, right: Right
) -> None:
    paper = a_doubtful(1, why, Why.IDO)
    told = as_told(paper, set(Right) - {right})
    assert ([one.why for one in told.doubts], told.withheld) == ([Why.IDO], True)
    assert as_told(paper, {right}) == paper

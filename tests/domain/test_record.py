"""A row of the contract becomes exactly the value it states, and nothing else does."""

import dataclasses
import tomllib
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.blocks import Block, BlockLevel, BlockProcess, ShienSochi
from client.domain.calendar import RegisterDate
from client.domain.record import block_from_row, day, resident_from_row, shien_sochi_from_row
from client.domain.resident import (
    Address,
    ForeignStatus,
    ReadName,
    Removal,
    Resident,
    ResidentKind,
    ResidentStatus,
)
from resources import read_text

CONTRACT = tomllib.loads(read_text("contract", "tables.toml"))
words = st.text(min_size=1, max_size=8)
days = st.dates(date(1873, 1, 1), date(2099, 12, 31))
NEEDED = (
    "atena_no",
    "history_no",
    "household_no",
    "order_no",
    "status",
    "kind",
    "birth_text",
    "address_town",
)

COLUMN = {"text": words, "int": st.integers(0, 9999), "bool": st.booleans(), "date": days.map(date.isoformat)}


@st.composite
def resident_rows(draw: st.DrawFn) -> dict[str, object]:
    """Draw a row of table resident: the needed columns, and any of the others."""
    columns = CONTRACT["resident"]["columns"]
    row = {
        name: draw(COLUMN[kind]) for name, kind in columns.items() if name in NEEDED or draw(st.booleans())
    }
    row |= {
        "status": draw(st.sampled_from([one.value for one in ResidentStatus])),
        "kind": draw(st.sampled_from([one.value for one in ResidentKind])),
        "resident_since_text": draw(words),
    }
    return row


def row_from_resident(resident: Resident) -> dict[str, object]:
    """Write a resident back as a row, by hand, for the law below."""
    row: dict[str, object] = {
        "atena_no": resident.atena_no,
        "history_no": resident.history_no,
        "household_no": resident.household_no,
        "order_no": resident.order_no,
        "status": resident.status.value,
        "kind": resident.kind.value,
        "full_name": resident.name.text or None,
        "furigana": resident.name.furigana,
        "latin_name": resident.latin_name,
        "sex": resident.sex,
        "relationship": resident.relationship,
        "householder_name": resident.householder_name,
        "honseki": resident.honseki,
        "hittosha": resident.hittosha,
        "address_town": resident.address.town,
        "address_banchi": resident.address.banchi or None,
        "address_katagaki": resident.address.katagaki or None,
        "address_code": resident.address.code,
        "postcode": resident.address.postcode,
        "resident_since_reason": resident.resident_since_reason,
        "todoke_date": resident.todoke_date,
        "tennyu_from": resident.tennyu_from,
        "before_move": resident.before_move,
        "tenshutsu_to": resident.tenshutsu_to,
        "tenshutsu_planned": resident.tenshutsu_planned,
        "remarks": resident.remarks,
    }
    for stem, dated in (
        ("birth", resident.birth),
        ("resident_since", resident.resident_since),
        ("address_since", resident.address_since),
    ):
        row |= {f"{stem}_text": dated.text, f"{stem}_sort": dated.day} if dated else {}
    for stem, name in (("former_surname", resident.former_surname), ("tsusho", resident.tsusho)):
        row |= {stem: name.text, f"{stem}_furigana": name.furigana} if name else {}
    if resident.removal:
        row |= {"removed_reason": resident.removal.reason, "removed_date": resident.removal.day}
    if resident.foreign:
        row |= {
            "nationality": resident.foreign.nationality,
            "article_30_45": resident.foreign.category,
            "residence_status": resident.foreign.residence_status,
            "residence_period": resident.foreign.period,
            "residence_until": resident.foreign.until,
            "residence_card_no": resident.foreign.card_no,
        }
    told = {name: value for name, value in row.items() if value is not None}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}


@given(resident_rows())
def test_a_row_there_and_back_is_the_same_resident(row: dict[str, object]) -> None:
    resident = resident_from_row(row)
    again = resident_from_row({**row_from_resident(resident), "furigana_confirmed": resident.name.confirmed})
    assert again == resident


@given(resident_rows())
def test_every_value_on_record_is_read_as_written(row: dict[str, object]) -> None:
    resident = resident_from_row(row)
    written = row_from_resident(resident)
    assert {name: row[name] for name in written if name in row and row[name] != ""} == {
        name: value for name, value in written.items() if name in row
    }


def test_names_keep_every_code_point() -> None:
    row = a_row(full_name="渡邉󠄐 𠮷郎", former_surname="髙島", tsusho="葛󠄂城", tsusho_furigana="カツラギ")
    resident = resident_from_row(row)
    assert resident.name == ReadName("渡邉󠄐 𠮷郎", "ワタナベ", confirmed=True)
    assert resident.former_surname == ReadName("髙島")
    assert resident.tsusho == ReadName("葛󠄂城", "カツラギ")


def test_a_reading_is_certified_unless_the_record_says_no() -> None:
    assert not resident_from_row(a_row(furigana_confirmed=False)).name.confirmed


def test_only_a_foreigner_has_the_items_of_article_30_45() -> None:
    foreign = resident_from_row(
        a_row(kind="foreign", latin_name="SMITH JOHN", nationality="米国", residence_until="2027-03-31")
    )
    assert foreign.foreign == ForeignStatus("米国", None, None, None, date(2027, 3, 31), None)
    assert resident_from_row(a_row(nationality="米国")).foreign is None


def test_only_a_closed_record_has_a_removal() -> None:
    closed = resident_from_row(
        a_row(status="tenshutsu", removed_reason="転出", removed_date="2026-10-01", tenshutsu_to="東京都")
    )
    assert closed.removal == Removal("転出", date(2026, 10, 1), "東京都")
    assert resident_from_row(a_row(tenshutsu_to="東京都")).removal is None


def test_an_unknown_birth_date_keeps_its_words() -> None:
    row = a_row(birth_text="昭和20年月日不詳")
    del row["birth_sort"]
    assert resident_from_row(row).birth == RegisterDate("昭和20年月日不詳", None)


def test_the_shown_name_of_a_foreigner_is_the_latin_one_first() -> None:
    both = resident_from_row(a_row(latin_name="LI MEI", full_name="李 美"))
    assert both.shown_name == "LI MEI　李 美"
    assert resident_from_row(a_row(latin_name="LI MEI", full_name="LI MEI")).shown_name == "LI MEI"
    assert resident_from_row(a_row()).shown_name == "渡邉󠄐 太郎"


def test_an_address_is_printed_with_katagaki_after_a_wide_space() -> None:
    assert Address("葛城町一丁目", "2番3号").text == "葛城町一丁目2番3号"
    assert Address("葛城町一丁目", "2番3号", "コーポ101").text == "葛城町一丁目2番3号　コーポ101"


@pytest.mark.parametrize(
    "column", ["atena_no", "household_no", "status", "kind", "birth_text", "resident_since_text"]
)
def test_a_row_without_a_needed_column_is_not_read(column: str) -> None:
    row = a_row()
    del row[column]
    with pytest.raises((KeyError, TypeError, ValueError)):
        resident_from_row(row)


@pytest.mark.parametrize(
    "wrong", [{"atena_no": 7}, {"history_no": "3"}, {"status": "alive"}, {"todoke_date": "令和8年"}]
)
def test_a_row_that_is_not_of_the_contract_is_not_read(wrong: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        resident_from_row(a_row(**wrong))


def test_blocks_and_measures_are_read() -> None:
    assert block_from_row(
        {"block_id": "b1", "household_no": "2", "process": "view", "level": "alert", "starts": "2026-04-01"}
    ) == Block("b1", None, "2", BlockProcess.VIEW, BlockLevel.ALERT, "", date(2026, 4, 1), None)  # type: ignore[arg-type]  # NewType from a literal
    assert (
        block_from_row({"block_id": "b1", "atena_no": "1", "process": "issue", "level": "error"}).atena_no
        == "1"
    )
    measure = shien_sochi_from_row({"measure_id": "m", "atena_no": "1", "provisional": True})
    assert measure == dataclasses.replace(measure, provisional=True)
    assert isinstance(measure, ShienSochi)


def test_a_day_may_come_as_a_date_but_not_as_a_moment() -> None:
    assert day({"on": date(2026, 11, 20)}, "on") == date(2026, 11, 20)
    assert day({}, "on") is None
    with pytest.raises(ValueError, match="Invalid isoformat"):
        day({"on": datetime(2026, 11, 20, 5)}, "on")  # noqa: DTZ001 - a wrong value on purpose


def a_row(**more: object) -> dict[str, object]:
    return {
        "atena_no": "1000000001",
        "history_no": 1,
        "household_no": "2000000001",
        "order_no": 1,
        "status": "resident",
        "kind": "japanese",
        "full_name": "渡邉󠄐 太郎",
        "furigana": "ワタナベ",
        "birth_text": "昭和58年4月12日",
        "birth_sort": "1983-04-12",
        "address_town": "葛城町一丁目",
        "resident_since_text": "平成30年4月1日",
        **more,
    }

"""What the rows say of each other, days known in part, and how much may be wrong."""

from pathlib import Path

import pytest

from cloud import database
from cloud.founding import is_founded
from cloud.layout.faults import LostError
from cloud.layout.items import open_layout
from cloud.layout.records import record_text
from tests.cloud.cloud_builders import CODE
from tests.cloud.layout_builders import (
    Loaded,
    Row,
    a_delivery,
    a_register,
    everything,
    items_of,
    load,
    person,
    write_file,
)

TARO, HANAKO, JIRO = "1000000014", "1000000022", "1000000030"
HOME = "2000000010"


def taken_in(folder: Path, source: Path, accept_errors: int = 0) -> tuple[Loaded, list[Row]]:
    register = a_register(folder, "town")
    loaded = load(register, source, accept_errors=accept_errors)
    return loaded, everything(register)["resident"]


def test_a_history_has_no_gap(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO), person(TARO, 3), person(HANAKO)])
    loaded, rows = taken_in(tmp_path, source)
    assert not loaded.told.loaded
    assert "履歴番号が 1 から続いていない" in loaded.causes
    assert rows == []


def test_a_resident_is_left_out_whole_so_that_no_old_state_passes_for_the_present(tmp_path: Path) -> None:
    people = [person(TARO), person(TARO, 2, sex="x"), person(HANAKO)]
    loaded, rows = taken_in(tmp_path, a_delivery(tmp_path / "in", people), accept_errors=2)
    assert loaded.told.loaded
    assert [row["atena_no"] for row in rows] == [HANAKO]
    assert ("resident.csv", "2", None) in loaded.places
    count = next(count for count in loaded.told.files if count.table == "resident")
    assert (count.read, count.accepted, count.in_error) == (3, 1, 2)


def test_one_error_more_than_accepted_loads_nothing(tmp_path: Path) -> None:
    people = [person(TARO), person(TARO, 2, sex="x"), person(HANAKO)]
    loaded, rows = taken_in(tmp_path, a_delivery(tmp_path / "in", people), accept_errors=1)
    assert (loaded.told.loaded, rows) == (False, [])


def test_a_row_of_a_resident_nobody_can_name_is_never_left_out(tmp_path: Path) -> None:
    people = [person(TARO), person("", 1)]
    loaded, _ = taken_in(tmp_path, a_delivery(tmp_path / "in", people), accept_errors=99)
    assert not loaded.told.loaded
    assert "住民の行が読めず、だれの履歴が欠けるか分からない" in loaded.causes


@pytest.mark.parametrize("wrong", [{"level": "7"}, {"starts": "x"}, {"atena_no": None}, {"process": None}])
def test_a_protection_that_cannot_be_read_is_never_left_out(
    tmp_path: Path, wrong: dict[str, str | None]
) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    right: dict[str, str | None] = {"block_id": "B1", "atena_no": TARO, "process": "1", "level": "1"}
    write_file(source, "block", [right | wrong])
    loaded, _ = taken_in(tmp_path, source, accept_errors=99)
    assert not loaded.told.loaded
    assert "抑止・支援措置の行が読めない。守りが失われる" in loaded.causes


def test_a_protection_of_somebody_unknown_is_kept_and_told(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    write_file(source, "block", [{"block_id": "B1", "atena_no": HANAKO, "process": "1", "level": "1"}])
    write_file(source, "shien_sochi", [{"measure_id": "S1", "atena_no": JIRO}])
    register = a_register(tmp_path, "town")
    loaded = load(register, source)
    assert loaded.told.loaded
    assert loaded.causes.count("知らない宛名番号・世帯番号の抑止か支援措置。守るために残す") == 2
    assert everything(register)["block"][0]["atena_no"] == HANAKO
    kept = {total.name: (total.source, total.loaded, total.equal) for total in loaded.told.totals}
    assert kept["抑止 うち知らない宛名番号"] == (1, 1, True)
    assert kept["支援措置 うち知らない宛名番号"] == (1, 1, True)


@pytest.mark.parametrize(
    ("relationships", "loads", "cause"),
    [
        (("世帯主", "妻"), True, None),
        (("夫", "妻"), True, "世帯に世帯主がいない"),
        (("世帯主", "世帯主"), False, "世帯に世帯主が二人以上いる"),
    ],
)
def test_a_household_has_one_head(
    tmp_path: Path, relationships: tuple[str, str], loads: bool, cause: str | None
) -> None:
    people = [
        person(atena_no, household_no=HOME, relationship=relationship)
        for atena_no, relationship in zip((TARO, HANAKO), relationships, strict=True)
    ]
    loaded, _ = taken_in(tmp_path, a_delivery(tmp_path / "in", people))
    assert loaded.told.loaded is loads
    assert cause is None or cause in loaded.causes


def test_who_has_left_leads_no_household(tmp_path: Path) -> None:
    people = [
        person(TARO, household_no=HOME, status="3"),
        person(HANAKO, household_no=HOME, relationship="世帯主"),
    ]
    loaded, _ = taken_in(tmp_path, a_delivery(tmp_path / "in", people))
    assert not [cause for cause in loaded.causes if "世帯主" in cause]


def test_the_same_key_twice_is_an_error(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    write_file(source, "phone", [{"phone_id": "1", "number": "0990"}, {"phone_id": "1", "number": "0991"}])
    loaded, _ = taken_in(tmp_path, source)
    assert not loaded.told.loaded
    assert ("phone.csv", "3", None) in loaded.places
    assert "同じキーの行がすでにある" in loaded.causes


def test_a_wrong_check_digit_is_only_a_warning(tmp_path: Path) -> None:
    loaded, rows = taken_in(tmp_path, a_delivery(tmp_path / "in", [person("1000000015")]))
    assert loaded.told.loaded
    assert "検査数字が合わない" in loaded.causes
    assert rows[0]["atena_no"] == "1000000015"


def test_leading_zeros_stay(tmp_path: Path) -> None:
    _, rows = taken_in(tmp_path, a_delivery(tmp_path / "in", [person("0000000014", address_code="00001000")]))
    assert (rows[0]["atena_no"], rows[0]["address_code"]) == ("0000000014", "00001000")


@pytest.mark.parametrize(
    ("digits", "words", "birth_sort", "birth_text"),
    [
        ("19830412", None, "1983-04-12", "昭和58年4月12日"),
        ("19830412", "昭和58年4月12日", "1983-04-12", "昭和58年4月12日"),
        ("19830400", None, None, "昭和58年4月日不詳"),
        ("19830499", "昭和58年4月上旬", None, "昭和58年4月上旬"),
        ("19839900", None, None, "昭和58年月日不詳"),
        ("00000000", "年月日不詳", None, "年月日不詳"),
        ("99999999", None, None, "年月日不詳"),
        (
            "19830229",
            None,
            None,
            "昭和58年2月29日",
        ),  # [STD j80]: the calendar has no such day, the register may
        ("19120730", "明治45年7月30日", "1912-07-30", "明治45年7月30日"),
    ],
)
def test_a_birth_is_kept_as_written_and_sorted_by_only_if_known(
    tmp_path: Path, digits: str, words: str | None, birth_sort: str | None, birth_text: str
) -> None:
    people = [person(TARO, birth_sort=digits, birth_text=words)]
    loaded, rows = taken_in(tmp_path, a_delivery(tmp_path / "in", people))
    assert loaded.told.loaded, loaded.causes
    assert (rows[0].get("birth_sort"), rows[0]["birth_text"]) == (birth_sort, birth_text)


def test_a_foreigners_birth_is_worded_in_the_western_calendar(tmp_path: Path) -> None:
    people = [person(TARO, kind="2", latin_name="LI NA", birth_sort="19900400", birth_text=None)]
    _, rows = taken_in(tmp_path, a_delivery(tmp_path / "in", people))
    assert rows[0]["birth_text"] == "1990年4月日不詳"


def test_a_day_known_in_part_needs_words_or_a_setting(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO, ido_date="20260400")])
    loaded, _ = taken_in(tmp_path, source)
    assert "一部が不詳の日付を持てない項目" in loaded.causes
    assert loaded.places[-1] == ("resident.csv", "2", "36")


def test_a_town_may_have_the_first_possible_day_to_sort_by(tmp_path: Path) -> None:
    (tmp_path / "layout.toml").write_text('partial_date = "first"\n')
    source = a_delivery(tmp_path / "in", [person(TARO, birth_sort="19830400", birth_text=None)])
    register = a_register(tmp_path, "town")
    assert load(register, source, layout=open_layout(tmp_path)).told.loaded
    assert everything(register)["resident"][0]["birth_sort"] == "1983-04-01"


@pytest.mark.parametrize("more", [[], ["1"], ["1", "1"]], ids=["none", "items", "blocks too"])
def test_a_file_from_before_an_item_was_added_is_read_as_before(tmp_path: Path, more: list[str]) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    cells = [CODE, "あおぞら市", None, None, *more]
    names = [item.name for item in items_of("town").item][: len(cells)]
    (source / "town.csv").write_bytes((record_text(names) + record_text(cells)).encode())
    loaded, _ = taken_in(tmp_path, source)
    assert loaded.told.loaded, loaded.causes


@pytest.mark.parametrize("count", [3, 7], ids=["too few", "too many"])
def test_a_record_with_another_number_of_items_is_still_an_error(tmp_path: Path, count: int) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    names = [item.name for item in items_of("town").item]
    cells = [CODE, "あおぞら市", *[None] * 5][:count]
    (source / "town.csv").write_bytes((record_text(names) + record_text(cells)).encode())
    loaded, _ = taken_in(tmp_path, source)
    assert not loaded.told.loaded


def test_a_town_brings_its_own_items(tmp_path: Path) -> None:
    """An item without a column is read over; a vendor's quoted empty cells are absent where the town says so."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "layout.toml").write_text('quoted_empty = "absent"\nheader = false\n')
    (own / "phone.toml").write_text(
        'title = "電話"\nfile = "TEL001.csv"\ntable = "phone"\nitem = [\n'
        '{ no = 1, name = "連番", type = "number", length = 5 },\n'
        '{ no = 2, name = "管理番号", column = "phone_id", type = "text", length = 5, required = true },\n'
        '{ no = 3, name = "区分", column = "kind", type = "code", length = 2, codes = { "自宅" = "A" } },\n'
        '{ no = 4, name = "番号", column = "number", type = "text", length = 20 },\n]\n'
    )
    source = tmp_path / "in"
    source.mkdir()
    (source / "town.csv").write_text(f'"{CODE}","あおぞら市","","",""\r\n')
    cells = [person(TARO).get(item.column) or "" for item in open_layout().files[0].item]
    (source / "resident.csv").write_text(",".join(f'"{cell}"' for cell in cells) + "\r\n")
    (source / "TEL001.csv").write_text('"1","00001","A",""\r\n')
    register = a_register(tmp_path, "town")
    loaded = load(register, source, layout=open_layout(own))
    assert loaded.told.loaded, loaded.causes
    found = everything(register)
    assert found["phone"] == [{"phone_id": "00001", "kind": "自宅"}]
    assert found["resident"][0]["full_name"] == "渡邉󠄐　太郎"
    assert "latin_name" not in found["resident"][0]


def test_the_totals_are_of_both_sides(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO), person(HANAKO, sex="2", status="3")])
    write_file(
        source,
        "juminzei",
        [
            {"atena_no": TARO, "fiscal_year": str(year), "annual_tax": str(2**62)}
            for year in (2024, 2025, 2026)
        ],
    )
    loaded, _ = taken_in(tmp_path, source)
    told = {total.name: (total.source, total.loaded, total.equal) for total in loaded.told.totals}
    assert told["個人住民税 年税額"] == (3 * 2**62, 3 * 2**62, True)  # beyond what 64 bits hold
    assert told["住民 現存 日本人 男"] == (1, 1, True)
    assert told["住民 死亡 日本人 女"] == (1, 1, True)
    assert told["世帯数"] == (1, 1, True)


def test_a_row_the_database_did_not_keep_undoes_everything(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    write_file(source, "phone", [{"phone_id": "1", "atena_no": TARO}, {"phone_id": "2", "atena_no": TARO}])
    register = a_register(tmp_path, "town")
    swallow = "CREATE TRIGGER swallow BEFORE INSERT ON phone WHEN NEW.phone_id = '2' BEGIN SELECT RAISE(IGNORE); END"
    with database.writing(register.engine) as connection:
        connection.exec_driver_sql(swallow)
    with pytest.raises(LostError):
        load(register, source)
    assert not is_founded(register.engine, CODE)
    assert not any(everything(register).values())

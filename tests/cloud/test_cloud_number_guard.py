"""Nothing with a 個人番号 or a 住民票コード comes into the register, by whatever door; nothing of it is written."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from client.domain.errors import StoreError
from client.domain.feed import RowChange
from cloud import storage
from cloud.contract import tables
from cloud.founding import is_founded
from cloud.number_guard import columns_of_words
from cloud.office.desk import desk_of
from cloud.office.log import By
from cloud.office.residents import Ido
from cloud.office.texts import texts, trouble
from cloud.problems import ProblemError
from cloud.register import Register, put
from offline.store.number_guard import look_at_changes
from tests.cloud.cloud_builders import CODE, HANAKO, KIMI, TARO, Site, tiny_town
from tests.cloud.intake_builders import NO, YES, decided, request, rows, taken
from tests.cloud.layout_builders import (
    Row,
    a_delivery,
    a_register,
    a_town,
    everything,
    load,
    person,
    roots,
    versions,
    write_file,
)
from tests.cloud.office_builders import acts, officer, words_of
from tests.cloud.test_cloud_office_towns import Cloud, Line, cloud
from tests.vectors import vector

__all__ = ["cloud"]  # the fixture
NUMBER, CODE_NUMBER, HARMLESS = "123456789018", "23456789013", "123456789019"
PLANTED = [told["text"] for told in vector("forbidden_numbers")["texts"] if told["holds"]]
SAMPLES: dict[str, object] = {
    "text": "x",
    "int": 1,
    "bool": True,
    "date": "2026-11-20",
    "time": "2026-11-20T05:32:00Z",
    "blob": b"\x89PNG",
}
PLACES = [(table, column) for table in tables() for column in sorted(columns_of_words(table))]
CODES = [
    (table, column)
    for table, shape in tables().items()
    for column, kind in shape.columns.items()
    if kind == "text" and column not in columns_of_words(table)
]


def a_row(table: str, **more: object) -> Row:
    """Return a row of a table with something in every column."""
    return {column: SAMPLES[kind] for column, kind in tables()[table].columns.items()} | more


def commit(register: Register, *placed: tuple[str, Row]) -> None:
    """Write rows of one feed as its next version."""
    with register.writing() as connection:
        feed = tables()[placed[0][0]].feed
        register.commit(connection, feed, [put(table, row) for table, row in placed])


def is_refused_by_a_terminal(table: str, row: Row) -> bool:
    key = tables()[table].key_of(row)
    try:
        look_at_changes([RowChange(table, key, row)])
    except StoreError:
        return True
    return False


def held(register: Register) -> object:
    """Return everything a refused commit must have left as it was."""
    with register.reading() as connection:
        log = connection.execute(sa.select(storage.change_log)).all()
    return everything(register), roots(register), versions(register), log


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return a_town(a_register(tmp_path, "town"), tiny_town())


def refusal(error: ProblemError) -> tuple[int, str, object, object]:
    assert NUMBER not in str(error.body())
    return error.status, error.code, error.facts["table"], error.facts["column"]


def test_planted_in_any_column_of_words_it_is_refused_and_nothing_is_written(register: Register) -> None:
    before = held(register)
    for place, (table, column) in enumerate(PLACES):
        planted = PLANTED[place % len(PLANTED)]
        row = a_row(table, **{column: f"{planted}"})
        assert is_refused_by_a_terminal(table, row)
        with pytest.raises(ProblemError) as refused:
            commit(register, (table, a_row(table)), (table, row))
        assert refusal(refused.value) == (422, "register.forbidden_number", table, column)
        assert planted not in f"{refused.value.body()} {trouble(refused.value)}"
    assert held(register) == before
    assert len(PLACES) > 80


def test_a_harmless_number_in_any_column_of_words_stands(register: Register) -> None:
    for table in tables():
        row = a_row(table, **dict.fromkeys(columns_of_words(table), f"番号 {HARMLESS}"))
        assert not is_refused_by_a_terminal(table, row)
        commit(register, (table, row))
        assert row in everything(register)[table]


@pytest.mark.parametrize("number", [NUMBER, CODE_NUMBER])
def test_a_code_has_digits_of_its_own_as_a_terminal_says(register: Register, number: str) -> None:
    of_letters = {("gaiji", "code"): "1F600"}  # read as a code point when the search is made anew
    for table, column in CODES:
        row = a_row(table, **{column: of_letters.get((table, column), number)})
        assert not is_refused_by_a_terminal(table, row)
        commit(register, (table, row))
        assert row in everything(register)[table]
    assert len(CODES) > 60


def test_whole_numbers_and_images_are_not_read(register: Register) -> None:
    tax = a_row("juminzei", income_total=int(NUMBER))
    seal = a_row("official_seal", image=NUMBER.encode())
    for table, row in (("juminzei", tax), ("official_seal", seal)):
        assert not is_refused_by_a_terminal(table, row)
        commit(register, (table, row))


def test_a_row_that_holds_one_from_before_may_go_and_be_mended(register: Register) -> None:
    with register.writing() as connection:  # as a register has it that was written before anybody looked
        connection.execute(sa.update(storage.rows["resident"]).values(remarks=NUMBER))
        row = register.row(connection, "resident", (HANAKO, 1)) or {}
    assert row["remarks"] == NUMBER
    commit(register, ("resident", {name: value for name, value in row.items() if name != "remarks"}))


@pytest.mark.parametrize("place", [0, 1500])
def test_a_town_with_one_is_not_founded(tmp_path: Path, place: int) -> None:
    def rows_of_a_town() -> Iterable[tuple[str, Row]]:
        yield from tiny_town()
        for number in range(1600):
            words = f"番地 {NUMBER}" if number == place else "x"
            yield "phone", {"phone_id": f"p{number}", "atena_no": TARO, "kind": words, "number": NUMBER}

    register = a_register(tmp_path, "town")
    with pytest.raises(ProblemError) as refused:
        a_town(register, rows_of_a_town())
    assert refusal(refused.value)[2:] == ("phone", "kind")
    assert not is_founded(register.engine, CODE)
    assert not any(everything(register).values())


# the import of files


def test_an_import_names_line_and_item_and_founds_nothing(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO), person(HANAKO, remarks=f"番号 {NUMBER}")])
    register = a_register(tmp_path, "town")
    loaded = load(register, source)
    assert (loaded.told.loaded, is_founded(register.engine, CODE)) == (False, False)
    ((file, line, item),) = [
        place for place, cause in zip(loaded.places, loaded.causes, strict=True) if "個人番号" in cause
    ]
    assert (file, line) == ("resident.csv", "3")
    assert f"{file},{line},{item},備考,エラー" in loaded.list_text
    assert NUMBER not in loaded.list_text


def test_an_import_leaves_such_a_row_out_where_errors_are_accepted(tmp_path: Path) -> None:
    people = [person(TARO, address_katagaki="１２３４－５６７８－９０１８"), person(HANAKO)]
    register = a_register(tmp_path, "town")
    loaded = load(register, a_delivery(tmp_path / "in", people), accept_errors=1)
    assert loaded.told.loaded
    assert [row["atena_no"] for row in everything(register)["resident"]] == [HANAKO]


def test_an_import_changes_nothing_of_a_town_that_is_there(register: Register, tmp_path: Path) -> None:
    before = held(register)
    source = a_delivery(tmp_path / "in", [person(TARO), person(HANAKO, hittosha=CODE_NUMBER)])
    assert not load(register, source, new=False).told.loaded
    assert held(register) == before


def test_a_block_with_one_is_never_left_out_of_an_import(tmp_path: Path) -> None:
    source = a_delivery(tmp_path / "in", [person(TARO)])
    block: dict[str, str | None] = {
        "block_id": "B1",
        "atena_no": TARO,
        "process": "issue",
        "level": "error",
        "starts": "20261101",
    }
    write_file(source, "block", [block | {"reason": f"本人申出 {NUMBER}"}])
    loaded = load(a_register(tmp_path, "town"), source, accept_errors=99)
    assert not loaded.told.loaded
    assert "個人番号か住民票コードにあたる数字がある" in loaded.causes


# requests from a counter, and what the office makes of them


@pytest.mark.asyncio
async def test_a_request_with_one_is_refused_alone_and_the_rest_of_the_batch_is_taken(site: Site) -> None:
    terminal = site.terminal
    words = {"town": "みどり県あおぞら市泉町", "banchi": "5番地", "katagaki": f"寮 {NUMBER}"}
    odd = terminal.tenkyo(terminal.tenkyo_payload(to=words))
    good = request(terminal, "todoke.death", subject=KIMI)
    fact = terminal.issued(1)
    answers = await terminal.send(good, odd, fact)
    assert [answer["outcome"] for answer in answers] == ["accepted", "refused", "accepted"]
    assert (answers[1]["code"], answers[1]["reason"]) == ("refused.forbidden_number", "katagaki")
    assert NUMBER not in str(answers)
    assert [row["command_key"] for row in rows(site, "intake")] == [good["key"]]
    (again,) = await terminal.send(odd)
    assert (again["outcome"], again["first"]) == ("already", "refused")


@pytest.mark.asyncio
async def test_a_fact_happened_whatever_its_words(site: Site) -> None:
    spoiled = site.terminal.command("fact.spoiled", {"serial": "T0001-000001", "reason": f"番号 {NUMBER}"})
    (answer,) = await site.terminal.send(spoiled)
    assert answer["outcome"] == "accepted"


@pytest.mark.asyncio
async def test_a_decision_that_would_write_one_is_refused_and_the_intake_can_be_returned(site: Site) -> None:
    key = await taken(site, request(site.terminal, "nhi.acquire"))
    before = held(site.tenant.register)
    member = {"atena_no": TARO, "acquired": "2026-11-18", "acquired_reason": NUMBER, "number": "1"}
    decision = YES | {"changes": [{"table": "nhi_member", "row": member}]}
    refused = await site.office("POST", f"/intakes/{key}/decision", decision)
    told = refused.json()
    assert (refused.status_code, told["code"]) == (422, "register.forbidden_number")
    assert (told["table"], told["column"]) == ("nhi_member", "acquired_reason")
    said = await site.office("POST", f"/intakes/{key}/decision", NO | {"reason": f"番号 {NUMBER} の記載"})
    assert (said.json()["table"], said.json()["column"]) == ("intake", "reason")
    assert held(site.tenant.register) == before
    await decided(site, key, NO)
    assert [row["state"] for row in rows(site, "intake")] == ["returned"]


@pytest.mark.asyncio
async def test_the_office_says_where_it_stands_and_what_to_do_and_keeps_what_was_typed(site: Site) -> None:
    browser = await officer(site)
    logged, before = acts(site), held(site.tenant.register)
    typed = {"manner": "correct", "remarks": f"番号 {NUMBER} 確認", "full_name": "渡邉　次郎"}
    answer = await browser.fill(f"/residents/{TARO}/edit", "/edit", typed)
    assert answer.status_code == 422
    assert "住民票の「備考」に、個人番号または住民票コードにあたる数字があります。" in words_of(answer)
    assert "渡邉　次郎" in answer.text
    assert (held(site.tenant.register), acts(site)[: len(logged)]) == (before, logged)
    assert "resident.corrected" not in str(acts(site))


@pytest.mark.asyncio
async def test_no_desk_of_the_office_writes_one(site: Site) -> None:
    from datetime import date

    from cloud.office.blocks import BlockForm
    from cloud.staff import NewStaff

    desk, by = desk_of(site.tenant), By("s002")
    personnel, today = site.tenant.personnel, date(2026, 11, 20)
    before = held(site.tenant.register)
    block = BlockForm("issue", "error", f"本人申出 {NUMBER}", "2026-11-20")
    somebody = NewStaff("s010", f"新人 {NUMBER}", "市民課", (), "long enough for anybody", b"x" * 20)
    for act, place in (
        (lambda: desk.blocks.raise_block(by, block, atena_no=TARO), ("block", "reason")),
        (lambda: personnel.add(somebody, done_by="s002"), ("staff_member", "name")),
        (
            lambda: personnel.grant("view", today, section=f"課{CODE_NUMBER}", done_by="s002"),
            ("right_grant", "section"),
        ),
        (
            lambda: desk.residents.change(by, TARO, {"tenshutsu_to": NUMBER}, Ido("職権修正", today)),
            ("resident", "tenshutsu_to"),
        ),
    ):
        with pytest.raises(ProblemError) as refused:
            act()
        assert refusal(refused.value)[2:] == place
    assert held(site.tenant.register) == before
    with site.tenant.register.reading() as connection:
        secrets = connection.execute(sa.select(storage.staff.c.staff_id)).scalars().all()
    assert "s010" not in secrets


@pytest.mark.asyncio
async def test_the_command_line_of_the_office_says_the_same(
    cloud: Cloud, database: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    line, before = Line(cloud, database, capsys), held(cloud.ours.register)
    told = line.says("block", TARO, "--reason", f"照会 {NUMBER}", code=1)
    assert "抑止の「理由」に、個人番号または住民票コードにあたる数字があります。" in told
    assert NUMBER not in told
    told = line.says("resident", KIMI, "--set", f"remarks={CODE_NUMBER}", "--correct", code=1)
    assert "住民票の「備考」" in told
    assert held(cloud.ours.register) == before


def test_every_place_it_can_stand_has_a_name_in_the_office() -> None:
    assert set(texts()["table"]) == set(tables())
    assert {column for _, column in PLACES} <= set(texts()["field"])

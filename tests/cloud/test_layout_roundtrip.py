"""What is written comes back the same: row by row, and digest by digest."""

import io
import tempfile
import tracemalloc
import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.contract import tables
from cloud.layout.faults import ErrorList
from cloud.layout.items import Items, LayoutError, open_layout
from cloud.layout.load import RefusedError
from cloud.layout.records import cells_of, record_text, records
from cloud.layout.rows import Found, RowForm
from cloud.layout.sift import Sifter
from cloud.layout.source import open_source
from cloud.town import generate
from cloud.town.addresses import CODE as GENERATED
from tests.cloud.cloud_builders import CODE, tiny_town
from tests.cloud.layout_builders import (
    CARRIED,
    LAYOUT,
    TableRow,
    a_delivery,
    a_register,
    a_town,
    everything,
    export,
    load,
    person,
    quiet,
    roots,
    rows_of,
    towns,
    write_file,
)

pytestmark = pytest.mark.long


def there_and_back(folder: Path, rows: list[TableRow], municipality: str, suffix: str) -> None:
    first = a_town(a_register(folder, "first", municipality), rows)
    out = export(first, folder / f"out{suffix}")
    second = a_register(folder, "second", municipality)
    loaded = load(second, out)
    assert loaded.told.loaded, loaded.causes
    assert loaded.told.holds
    assert everything(second) == everything(first)
    assert roots(second) == roots(first)
    again = export(second, folder / f"again{suffix}")
    assert bytes_of(again) == bytes_of(out)
    first.engine.dispose()
    second.engine.dispose()


def bytes_of(path: Path) -> list[bytes]:
    if path.is_file():
        return [path.read_bytes()]
    return [file.read_bytes() for file in sorted(path.iterdir())]


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(LAYOUT.files))
def test_any_row_of_any_table_is_read_as_it_was_written(data: st.DataObject, items: Items) -> None:
    rows = data.draw(st.lists(rows_of(items), max_size=3))
    form, found = RowForm(items, LAYOUT.settings), list[Found]()
    text = "".join(record_text(form.write(row, found)) for row in rows)
    read = [
        form.read(cells_of(record.text or ""), [])
        for record in records(io.StringIO(text, newline="\n"), 10**6)
    ]
    assert found == []
    assert read == rows


@settings(max_examples=8, deadline=None)
@given(towns(), st.sampled_from(("", ".zip")))
def test_any_rows_of_all_tables_come_back(rows: list[TableRow], suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        there_and_back(Path(folder), rows, CODE, suffix)


@settings(max_examples=4, deadline=None)
@given(st.integers(50, 150), st.integers(0, 2**63))
def test_a_generated_town_comes_back(residents: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for row in generate(residents, seed, date(2026, 11, 20)) if row[0] in CARRIED]
        there_and_back(Path(folder), rows, GENERATED, ".zip")


def test_a_hand_made_town_comes_back(tmp_path: Path) -> None:
    there_and_back(tmp_path, list(tiny_town()), CODE, "")


def test_reading_holds_little_more_than_who_is_known(tmp_path: Path) -> None:
    """Twenty megabytes are read twice; what is held grows by some hundred bytes a row, not by the row."""
    count, size = 20_000, 1_000
    source = a_delivery(tmp_path / "in", [person("1000000014")])
    write_file(
        source, "announcement", ({"announcement_id": str(n), "text": "知" * size} for n in range(count))
    )
    report = ErrorList(tmp_path / "report", 10)
    opened = open_source(source, LAYOUT.settings.limits)
    sifter = Sifter(LAYOUT, opened, report, CODE)
    tracemalloc.start()
    try:
        assert sifter.examine(quiet)
        assert sum(1 for _ in sifter.rows(quiet)) == count + 2
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        report.close()
        opened.close()
    assert (source / "announcement.csv").stat().st_size > 3 * size * count
    assert peak < 200 * count


def test_every_column_of_the_contract_has_one_item() -> None:
    """Beside what the running cloud writes of its own dealings with terminals."""
    assert set(tables()) - set(CARRIED) == {"intake", "terminal_revocation"}
    for items in LAYOUT.files:
        assert {item.column for item in items.item} == set(tables()[items.table].columns), items.file


def test_in_utf_16_it_comes_back_too(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "layout.toml").write_text('encoding = "utf-16"\nline_end = "\\n"\n')
    layout = open_layout(own)
    first = a_town(a_register(tmp_path, "first"), tiny_town())
    out = export(first, tmp_path / "out", layout)
    assert (out / "resident.csv").read_bytes()[:2] in {b"\xff\xfe", b"\xfe\xff"}
    second = a_register(tmp_path, "second")
    assert load(second, out, layout=layout).told.loaded
    assert roots(second) == roots(first)


def test_what_shift_jis_cannot_write_is_not_written_at_all(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "layout.toml").write_text('encoding = "cp932"\n')
    register = a_town(a_register(tmp_path, "first"), tiny_town())
    with pytest.raises(RefusedError):
        export(register, tmp_path / "out", open_layout(own))
    assert not (tmp_path / "out").exists()
    listed = (tmp_path / "export-report" / "error_list.csv").read_text("utf-8-sig")
    assert "設定された文字コードで書けない文字がある" in listed
    assert "邉" not in listed


def test_a_value_that_would_read_as_another_is_not_written(tmp_path: Path) -> None:
    """Of the open list 異動事由, code 017 is 転居: a reason called 017 would come back as 転居."""
    rows = [
        (table, row | {"ido_reason": "017"} if table == "resident" else row) for table, row in tiny_town()
    ]
    with pytest.raises(RefusedError):
        export(a_town(a_register(tmp_path, "first"), rows), tmp_path / "out.zip")
    assert list(tmp_path.glob("out.zip*")) == []


def test_equal_towns_give_equal_zips_readable_by_their_owner(tmp_path: Path) -> None:
    register = a_town(a_register(tmp_path, "first"), tiny_town())
    one, two = export(register, tmp_path / "one.zip"), export(register, tmp_path / "two.zip")
    assert one.read_bytes() == two.read_bytes()
    assert one.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(one) as packed:
        assert packed.namelist()[-1] == "manifest.csv"
    plain = export(register, tmp_path / "plain")
    assert plain.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in plain.iterdir())


def test_an_empty_text_is_not_an_absent_one(tmp_path: Path) -> None:
    rows = [
        (table, row | {"remarks": "", "honseki": "=1+1"} if table == "resident" else row)
        for table, row in tiny_town()
    ]
    there_and_back(tmp_path, rows, CODE, "")
    written = (tmp_path / "out" / "resident.csv").read_bytes().decode()
    assert ',""\r\n' in written
    assert ",=1+1," in written  # as it is: a formula is for who opens it in a spreadsheet to beware of


@pytest.mark.parametrize(
    "words",
    [
        'title = "x"\nfile = "x.csv"\ntable = "intake"\nitem = []',
        'title = "x"\nfile = "x.csv"\ntable = "nobody"\nitem = []',
        'title = "x"\nfile = "phone.csv"\ntable = "phone"\nitem = []',
        'title = "x"\nfile = "x.csv"\ntable = "phone"\nitem = [{ no = 1, name = "a", type = "code", length = 1 }]',
        'title = "x"\nunknown = 1',
        "title = ",
    ],
)
def test_an_items_file_that_cannot_hold_is_refused_by_name(tmp_path: Path, words: str) -> None:
    (tmp_path / "phone.toml").write_text(words)
    with pytest.raises(LayoutError, match=r"phone\.toml"):
        open_layout(tmp_path)

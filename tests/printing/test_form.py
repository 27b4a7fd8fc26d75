"""Forms are data, and wrong data is found when it is read."""

from collections.abc import Iterator

import pytest

import printing.layout.form as form_module
from client.domain.errors import PaperError
from printing.layout.form import read_form
from printing.papers.margin import fields_in_words

_HEAD = '[words]\nempty = "【空欄】"\n[place]\n[type]\n'


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(form_module, "read_text", lambda *_: texts[0])
    read_form.cache_clear()
    return texts


@pytest.fixture(autouse=True)
def _no_trace() -> Iterator[None]:
    yield
    read_form.cache_clear()


def test_rows_of_one_table_are_equally_wide(written: list[str]) -> None:
    row = '[[head]]\nheight = 5.0\ncells = [["a", "あ", 10.0, {width}]]\n'
    written.append(_HEAD + row.format(width="20.0") + row.format(width="21.0"))
    with pytest.raises(ValueError, match="differ in width"):
        read_form("x")


def test_a_row_has_a_height_and_cells(written: list[str]) -> None:
    written.append(_HEAD + '[[head]]\nheight = "5"\ncells = []\n')
    with pytest.raises(TypeError, match="height"):
        read_form("x")


def test_the_blocks_of_a_sheet_fill_their_height() -> None:
    form = read_form("juminhyo_copy")
    for kind in ("japanese", "foreign"):
        assert form.height(kind) == pytest.approx(form.place["block_height"])
    assert form.place["blocks"] == pytest.approx(form.place["head"] + form.height("head"))
    assert form.place["blocks"] + 4 * form.place["block_height"] < form.place["foot"]


def test_only_what_does_not_fit_is_told_of_by_its_label() -> None:
    with pytest.raises(PaperError, match="glyph_missing"), fields_in_words(read_form("juminhyo_copy")):
        raise PaperError("paper.glyph_missing", letters="U+3FFFD")

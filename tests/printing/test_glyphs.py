"""Letters are looked up, never guessed: a sequence a font lacks is named, and the base is never drawn for it."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.errors import PaperError
from client.domain.letters import clusters
from printing.layout.fonts import PAPER_FONT, find_font, find_fonts
from printing.layout.glyphs import FontChain

BIZ = find_font("BIZUDMincho-Regular.ttf", {"MADOGUCHI_FONT_DIR": "/usr/share/fonts/truetype/bizud-mincho"})


@pytest.mark.parametrize(
    ("base", "selector"),
    [("邉", "\U000e0110"), ("邉", "\U000e0111"), ("葛", "\U000e0102"), ("辻", "\U000e0102")],
)
def test_a_variation_sequence_has_a_glyph_of_its_own(chain: FontChain, base: str, selector: str) -> None:
    (plain,), (exact,) = chain.glyphs(base), chain.glyphs(base + selector)
    assert exact.cluster == base + selector
    assert exact.gid not in {0, plain.gid}


def test_plane_two_letters_are_found(chain: FontChain) -> None:
    assert chain.missing("𠮷𩸽") == ()
    assert [glyph.cluster for glyph in chain.glyphs("𠮷田")] == ["𠮷", "田"]


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("渡邉\U000e0100", "U+9089 U+E0100"),  # a sequence of the other collection
        ("山\U000e01ef", "U+5C71 U+E01EF"),
        ("\U0003fffd", "U+3FFFD"),
        ("か\u3099", "U+304B U+3099"),  # a mark that would have to be shaped onto its letter
        ("邉\U000e0110\U000e0110", "U+9089 U+E0110 U+E0110"),
        ("\ue000", "U+E000"),  # a town's own letter, without the town's font
        ("\U000e0110", "U+E0110"),
        ("渡\n辺\u200b", "U+000A, U+200B"),
    ],
)
def test_a_letter_no_font_has_is_refused_by_its_code_points(
    chain: FontChain, text: str, letters: str
) -> None:
    with pytest.raises(PaperError) as refused:
        chain.glyphs(text)
    assert refused.value.code == "paper.glyph_missing"
    assert refused.value.facts == {"letters": letters}


def test_a_lenient_chain_shows_a_box_where_a_letter_is_missing() -> None:
    (box,) = FontChain(find_fonts(), strict=False).glyphs("邉\U000e0100")
    assert (box.gid, box.cluster) == (0, "邉\U000e0100")


def test_the_first_font_that_has_a_letter_draws_it(chain: FontChain) -> None:
    both = FontChain((BIZ, *chain.paths))
    assert [glyph.font for glyph in both.glyphs("山𠮷邉\U000e0110")] == [0, 1, 1]


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.text(
        alphabet=st.sampled_from("山邉葛辻𠮷髙﨑ab1　\U000e0100\U000e0102\U000e0110\ufe00\u3099"), max_size=8
    )
)
def test_what_is_not_missing_is_drawn_letter_by_letter(text: str) -> None:
    chain = FontChain(find_fonts())
    if chain.missing(text):
        with pytest.raises(PaperError):
            chain.width(text)
        return
    glyphs = chain.glyphs(text)
    assert tuple(glyph.cluster for glyph in glyphs) == clusters(text)
    assert all(glyph.gid > 0 for glyph in glyphs)
    assert chain.width(text) == pytest.approx(sum(glyph.advance_em for glyph in glyphs))


def test_a_font_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PaperError) as refused:
        FontChain((tmp_path / PAPER_FONT,))
    assert (refused.value.code, refused.value.facts) == ("paper.font_missing", {"font": PAPER_FONT})
    with pytest.raises(PaperError):
        FontChain(())
    with pytest.raises(PaperError):
        find_font("no-such-font.ttf", {})


def test_a_towns_own_folder_comes_first_and_its_letters_last(tmp_path: Path) -> None:
    (tmp_path / "gaiji").mkdir()
    for place in (PAPER_FONT, "gaiji/b.ttf", "gaiji/a.ttf"):
        (tmp_path / place).symlink_to(find_fonts()[0])
    found = find_fonts({"MADOGUCHI_FONT_DIR": str(tmp_path)})
    assert found == (tmp_path / PAPER_FONT, tmp_path / "gaiji/a.ttf", tmp_path / "gaiji/b.ttf")


def test_a_built_program_carries_its_fonts_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "x.ttf").touch()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "madoguchi"))
    assert find_font("x.ttf", {}) == tmp_path / "fonts" / "x.ttf"
    inside = tmp_path / "inside" / "resources" / "fonts"
    inside.mkdir(parents=True)
    (inside / "y.ttf").touch()
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "inside"), raising=False)
    assert find_font("y.ttf", {}) == inside / "y.ttf"


def test_windows_folders_are_looked_into(tmp_path: Path) -> None:
    for variable, below in (("WINDIR", "Fonts"), ("LOCALAPPDATA", "Microsoft/Windows/Fonts")):
        folder = tmp_path / variable / below
        folder.mkdir(parents=True)
        (folder / "x.ttf").touch()
        assert find_font("x.ttf", {variable: str(tmp_path / variable)}) == folder / "x.ttf"

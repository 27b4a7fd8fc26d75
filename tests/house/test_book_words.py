"""Every kind of line the journal may have can be looked for on the screen of the book, and has a word in each language."""

from tests.promises.test_p12_every_kind_of_line import kinds_written
from ui.screens.book.told import KINDS, kind_word
from ui.text import Words


def test_every_kind_of_line_can_be_looked_for_and_has_a_word_of_its_own() -> None:
    assert set(KINDS) == kinds_written()
    for language in ("ja", "en"):
        words = Words(language)
        assert len({kind_word(kind, words) for kind in KINDS}) == len(KINDS)

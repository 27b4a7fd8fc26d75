"""Every known trouble has sentences a clerk can read, in both languages of the screens."""

import string
import tomllib
from collections.abc import Iterator, Mapping

import pytest

from client.domain.errors import CounterError
from resources import read_text
from ui.text import Words

LANGUAGES = ("ja", "en")


def kinds(top: type[CounterError]) -> Iterator[type[CounterError]]:
    for kind in top.__subclasses__():
        yield kind
        yield from kinds(kind)


def all_codes() -> list[str]:
    # Not what a subclass inherits, and not a refinement some module keeps to itself.
    public = (kind for kind in kinds(CounterError) if kind.__module__ == CounterError.__module__)
    own = (kind.__dict__.get("codes", ()) for kind in public)
    return sorted(code for codes in own for code in codes)


def flat(table: Mapping[str, object], before: str = "") -> dict[str, str]:
    """Return a catalogue with dotted keys."""
    found: dict[str, str] = {}
    for key, value in table.items():
        found |= flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: str(value)}
    return found


def catalogue(language: str) -> dict[str, str]:
    return flat(tomllib.loads(read_text("text", f"{language}.toml")))


def facts_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", all_codes())
def test_every_error_says_what_happened_and_what_to_do(code: str, language: str) -> None:
    words = Words(language).error(code)
    assert words.what.strip()
    assert words.do.strip()


@pytest.mark.parametrize("code", all_codes())
def test_a_japanese_screen_speaks_japanese(code: str) -> None:
    words = Words("ja").error(code)
    assert any("ぁ" <= letter <= "ん" for letter in words.what + words.do)


def test_no_code_belongs_to_two_errors() -> None:
    codes = all_codes()
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_speaks_of_an_error_that_does_not_exist(language: str) -> None:
    groups = {code.split(".")[0] for code in all_codes()}
    written = tomllib.loads(read_text("text", f"{language}.toml"))["error"]
    assert {key for key in written if key.split(".")[0] in groups} <= set(all_codes())


def test_both_languages_have_the_same_keys() -> None:
    assert catalogue("ja").keys() == catalogue("en").keys()


def test_both_languages_use_the_same_facts() -> None:
    japanese, english = catalogue("ja"), catalogue("en")
    shared = japanese.keys() & english.keys()
    assert {key for key in shared if facts_in(japanese[key]) != facts_in(english[key])} == set()

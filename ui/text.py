"""Texts by key, in the language of the screen; papers have their own words."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from resources import read_text


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What a clerk reads of trouble: what happened, why, what to do now, and what is safe."""

    what: str
    why: str
    do: str
    safe: str


class _Facts(dict[str, object]):
    """Facts for a text; one that is not known shows as a dash, never as an error over an error."""

    def __missing__(self, key: str) -> str:
        return "―"


class Words:
    """The catalogue of one language: ``words("counter.search")``; ``whom`` is where staff are to call for help."""

    def __init__(self, language: str = "ja", whom: str = "") -> None:
        self.language = language
        self._whom = whom
        self._tables: Mapping[str, Mapping[str, object]] = tomllib.loads(
            read_text("text", f"{language}.toml")
        )

    def __call__(self, key: str, /, **facts: object) -> str:
        """Return a text; KeyError where the catalogue lacks it, which is a bug of ours."""
        table, name = key.split(".", 1)
        text = self._tables[table][name]
        if not isinstance(text, str):
            raise KeyError(key)
        return text.format_map(_Facts(facts)) if facts else text

    def error(self, code: str, facts: Mapping[str, str | int] | None = None) -> ErrorWords:
        """Return the four sentences for an error's code."""
        entry = self._tables["error"][code]
        if not isinstance(entry, Mapping):
            raise KeyError(code)
        known = _Facts(self.named(facts or {}), whom=self("help.whom", whom=self._whom) if self._whom else "")
        return ErrorWords(*(str(entry[part]).format_map(known) for part in ("what", "why", "do", "safe")))

    def has(self, key: str) -> bool:
        """Tell whether the catalogue has a text."""
        table, name = key.split(".", 1)
        return name in self._tables.get(table, {})

    def all_keys(self) -> frozenset[str]:
        """Return every key, for the test that holds the languages against each other."""
        return frozenset(f"{table}.{name}" for table, names in self._tables.items() for name in names)

    def named(self, facts: Mapping[str, str | int]) -> dict[str, object]:
        """Give facts that are words of ours their own texts: right, field, cause, way; and seconds as minutes too."""
        named: dict[str, object] = dict(facts)
        for fact in ("right", "field", "cause", "way", "change_kind"):
            if fact in facts:
                named[fact] = self._tables.get(fact, {}).get(str(facts[fact]), facts[fact])
        if isinstance(seconds := facts.get("seconds"), int):
            named.setdefault("minutes", max(round(seconds / 60), 1))
        return named

"""Names of Japanese residents: surnames by frequency, given names by sex and generation, letters in their forms."""

from bisect import bisect_right
from functools import cache
from random import Random
from typing import NamedTuple

from cloud.town.tables import Urn, read

GENERATIONS = (1900, 1926, 1946, 1966, 1989, 2005)
_WHOLE_SHARE = 0.52  # of given names; the rest are composed


class Written(NamedTuple):
    """A name or a part of one, with its reading in katakana."""

    text: str
    kana: str


class Surname(NamedTuple):
    """A surname with the forms some families write it in, each up to a bound between 0 and 1."""

    usual: Written
    forms: tuple[tuple[float, str], ...]


def _forms(text: str, column: str) -> tuple[tuple[float, str], ...]:
    """Return the forms of a name in which one letter stands in another form, with rising bounds."""
    bound, forms = 0.0, []
    for letter, form, share in _letter_forms(column):
        if letter in text:
            bound += share
            forms.append((bound, text.replace(letter, form, 1)))
    return tuple(forms)


@cache
def _letter_forms(column: str) -> list[tuple[str, str, float]]:
    rows = read("letter_variants")
    return [(row["letter"], row["form"], int(row[column]) / 1000) for row in rows if row[column] != "0"]


def _form(text: str, forms: tuple[tuple[float, str], ...], dice: Random) -> str:
    roll = dice.random()
    return next((form for bound, form in forms if roll < bound), text)


class _GivenUrns(NamedTuple):
    whole: Urn[Written]
    heads: Urn[Written]
    tails: Urn[Written]


class Names:
    """Draws names; made once, it holds the tables and no state."""

    def __init__(self) -> None:
        common = read("surnames")
        self._common = Urn(
            (self._surname(row["surname"], row["kana"]), int(row["per_100k"])) for row in common
        )
        self._common_share = sum(int(row["per_100k"]) for row in common) / 100_000
        parts = read("surname_parts")
        self._heads, self._tails = (
            Urn(
                (Written(row["letter"], row["kana"]), int(row["weight"]))
                for row in parts
                if row["place"] == place
            )
            for place in ("head", "tail")
        )
        self._composed: dict[str, Surname] = {}
        self._given = {sex: [_urns(sex, generation) for generation in GENERATIONS] for sex in "男女"}
        self._given_forms: dict[str, tuple[tuple[float, str], ...]] = {}

    @staticmethod
    def _surname(text: str, kana: str) -> Surname:
        return Surname(Written(text, kana), _forms(text, "surname_per_mille"))

    def surname(self, dice: Random) -> Written:
        """Return a surname as its family writes it."""
        found = self._common.draw(dice) if dice.random() < self._common_share else self._compose(dice)
        if not found.forms:
            return found.usual
        return Written(_form(found.usual.text, found.forms, dice), found.usual.kana)

    def _compose(self, dice: Random) -> Surname:
        while True:
            head, tail = self._heads.draw(dice), self._tails.draw(dice)
            if head.text != tail.text:
                break
        text = head.text + tail.text
        found = self._composed.get(text)
        if found is None:
            found = self._composed[text] = self._surname(text, head.kana + tail.kana)
        return found

    def given(self, dice: Random, sex: str, birth_year: int) -> Written:
        """Return a given name that the person's generation would bear."""
        urns = self._given[sex][max(0, bisect_right(GENERATIONS, birth_year) - 1)]
        found = urns.whole.draw(dice) if dice.random() < _WHOLE_SHARE else _composed(urns, dice)
        forms = self._given_forms.get(found.text)
        if forms is None:
            forms = self._given_forms[found.text] = _forms(found.text, "given_per_mille")
        return Written(_form(found.text, forms, dice), found.kana) if forms else found


def _composed(urns: _GivenUrns, dice: Random) -> Written:
    while True:
        head, tail = urns.heads.draw(dice), urns.tails.draw(dice)
        if _fit(head, tail):
            return Written(head.text + tail.text, head.kana + tail.kana)


def _fit(head: Written, tail: Written) -> bool:
    """Tell whether head and tail make a name: no letter and no sound twice in a row (美美, アキキ)."""
    return head.text != tail.text[0] and head.kana[-1] != tail.kana[0]


def _urns(sex: str, generation: int) -> _GivenUrns:
    whole = Urn(
        (Written(row["name"], row["kana"]), int(row["weight"]))
        for row in _table("given_names")
        if row["sex"] == sex and row["generation"] == str(generation)
    )
    heads, tails = (
        Urn(
            (Written(row["letters"], row["kana"]), int(row[f"w{generation}"]))
            for row in _table("given_parts")
            if row["sex"] == sex and row["place"] == place
        )
        for place in ("head", "tail")
    )
    return _GivenUrns(whole, heads, tails)


@cache
def _table(name: str) -> list[dict[str, str]]:
    return read(name)


def possible_given_names() -> frozenset[str]:
    """Return every given name that can be drawn, before letters stand in other forms."""
    found: set[str] = set()
    for sex in "男女":
        for urns in (_urns(sex, generation) for generation in GENERATIONS):
            found.update(name.text for name in urns.whole.items)
            found.update(
                head.text + tail.text
                for head in urns.heads.items
                for tail in urns.tails.items
                if _fit(head, tail)
            )
    return frozenset(found)

"""What a terminal told, in an officer's words: every field of a payload under its label, codes as words, days as 和暦.

It reads what was kept, whatever kind it is of, also where it could not be heard: an officer looks at that too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cloud.office.texts import moment, texts, wareki, word

HIDDEN = "（支援措置のため非表示）"
SEALED = "（封緘されています。この画面では開きません）"
_NOT_THEIRS = frozenset(("attachments", "image", "id"))  # shown in places of their own, or as a name
_FIRST = ("full_name", "latin_name", "furigana")  # of a person
_PLACES = frozenset(  # what tells where somebody lives, lived, will live or is reached
    (
        *("to", "from", "address", "town", "banchi", "katagaki", "postcode", "place", "contact"),
        *("first_town", "honseki", "joins", "from_householder", "tenshutsu_certificate", "phone", "delivery"),
        *("memo", "office_note"),  # may tell any of them
    )
)
_MOST = 30
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_DEEPEST = 4  # nothing of the contract goes deeper
_BLOBS = ("_sealed", "prev", "head")

Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that belong together: what was told itself, or one of several people or things in it."""

    title: str
    lines: Sequence[Line] = field(repr=False)


def groups_of(
    kind: str, payload: Mapping[str, object], named: Mapping[str, str], *, hide: bool = False
) -> list[Group]:
    """Return a payload in words: its own lines, then a group for each person or thing told of in a part of its own."""
    told = _Teller(kind, named, hide=hide)
    lines = list(told.lines(payload))
    return [Group("", lines), *told.parts]


class _Teller:
    """Walks one payload; parts that are lists of things are collected on the way."""

    def __init__(self, kind: str, named: Mapping[str, str], *, hide: bool) -> None:
        self._kind = kind
        self._named = named
        self._hide = hide
        self.parts: list[Group] = []

    def lines(self, payload: Mapping[str, object], depth: int = 0, within: str = "") -> Iterator[Line]:
        """Yield label and text of every field that says something."""
        for name, value in payload.items():
            label = label_of(f"{self._kind}.{within}" if within else self._kind, name)
            if name in _NOT_THEIRS or value in ("", [], {}, None):
                continue
            if self._hide and name in _PLACES:
                yield label, HIDDEN
            elif isinstance(value, bytes) or name.endswith(_BLOBS) or depth > _DEEPEST:
                yield label, SEALED
            elif isinstance(value, Mapping):
                yield from self._inside(name, label, value, depth + 1)
            elif isinstance(value, list) and isinstance(value[0], Mapping):
                yield label, f"{len(value)}件" if name in {"entries", "lines"} else f"{len(value)}人"
                self._part(label, value, depth + 1)
            else:
                yield label, self._text(name, value)

    def _inside(self, name: str, label: str, value: Mapping[str, object], depth: int) -> Iterator[Line]:
        if name == "child":
            self._part(label, [value], depth)
        elif name in {"relationships", "facts"}:
            told = (f"{self._named.get(str(one), one)}：{text}" for one, text in value.items())
            yield label, "\n".join(told)
        else:
            yield from ((f"{label}：{inner}", text) for inner, text in self.lines(value, depth, name))

    def _part(self, label: str, things: Sequence[object], depth: int) -> None:
        for place, thing in enumerate(things[:_MOST], 1):
            if isinstance(thing, Mapping):
                title = label if len(things) == 1 else f"{label}（{place}）"
                ordered = dict(sorted(thing.items(), key=lambda pair: pair[0] not in _FIRST))
                self.parts.append(Group(title, list(self.lines(ordered, depth))))
        if len(things) > _MOST:
            self.parts.append(Group(label, [("", f"ほか{len(things) - _MOST}件")]))

    def _text(self, name: str, value: object) -> str:
        if isinstance(value, bool):
            return "はい" if value else "いいえ"
        if isinstance(value, list):
            return "\n".join(self._text(name, one) for one in value)
        text = str(value)
        if text in self._named:
            return self._named[text]
        if _DAY.fullmatch(text):
            return wareki(text)
        if _MOMENT.fullmatch(text):
            return moment(text)
        return texts()["choice"].get(f"{name}.{text}", text)


def label_of(kind: str, name: str) -> str:
    """Return what a field of a payload is called: of this very kind, of notifications, or of records."""
    told = texts()["notified"]
    return told.get(f"{kind}.{name}") or told.get(name) or word("field", name)

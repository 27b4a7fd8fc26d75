"""What a change says, read back by the questions of its form: every piece of its payload, nothing left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from client.domain.change import ChangeKind
from client.domain.intake import Entry, Field
from client.domain.resident import AtenaNo
from client.rules.intakes import ALL

_ELSEWHERE = frozenset({"attachments", "image"})  # files: how many there are is said beside
_SEALED = "_sealed"


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of a payload: what its text is called, what was said, and of whom where it is one of several.

    None is what was sealed to the cloud.
    """

    text: str
    value: str | bool | int | None = field(repr=False)
    of: str = ""


def read_back(kind: ChangeKind, payload: Mapping[str, object]) -> tuple[Said, ...]:
    """Return what a payload says, in its order; a piece no form asks for stands under its own name."""
    pieces = tuple(_pieces(payload))
    asked = _asked(kind, pieces)
    found = []
    for name, value in pieces:
        question = asked.get(name)
        of, _, rest = name.partition(".")
        whose = question.of if question else (of if of[0].isdigit() or ":" in of else "")
        found.append(Said(question.text if question else (rest or of).rpartition(".")[2], value, whose))
    return tuple(found)


def _asked(kind: ChangeKind, pieces: tuple[tuple[str, str | bool | int | None], ...]) -> dict[str, Field]:
    """Return the questions of all forms of a kind, by name, as they are asked after these answers."""
    values = {name: str(value) for name, value in pieces}
    newcomers = tuple(dict.fromkeys(AtenaNo(name.partition(".")[0]) for name in values if name[:2] == "p:"))
    entry = Entry(None, None, values=values, newcomers=newcomers)
    return {one.name: one for form in ALL if form.kind is kind for one in form.fields(entry)}


def _pieces(payload: Mapping[str, object], within: str = "") -> Iterator[tuple[str, str | bool | int | None]]:
    for name, value in payload.items():
        whole = f"{within}{name}"
        if whole in _ELSEWHERE or value in ("", [], {}):
            continue
        if name.endswith(_SEALED) or isinstance(value, bytes):
            yield whole.removesuffix(_SEALED), None
        elif isinstance(value, Mapping):
            yield from _pieces(value, f"{whole}.")
        elif isinstance(value, list | tuple):
            people = [one for one in value if isinstance(one, Mapping)]
            for one in people:
                told = {key: said for key, said in one.items() if key != "id"}
                yield from _pieces(told, f"{one.get('id', whole)}.")
            if not people:
                yield whole, "、".join(map(str, value))
        elif value is not None:
            yield whole, value if isinstance(value, bool | int) else str(value)

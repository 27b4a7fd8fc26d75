"""A form as a town sets it: words, measures and rows, read from ``resources/forms/`` and checked when read."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from resources import read_text

_PERSON = re.compile(r"person(?P<number>\d+)\.(?P<field>\w+)")


@dataclass(frozen=True, slots=True)
class CellForm:
    """A labelled cell: the field it shows, its label, and how wide each part is."""

    field: str
    label: str
    label_width: float
    width: float


@dataclass(frozen=True, slots=True)
class RowForm:
    """A row of cells, all of one height."""

    height: float
    cells: tuple[CellForm, ...]

    @property
    def width(self) -> float:
        """Return how wide the row is."""
        return sum(cell.label_width + cell.width for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Form:
    """One paper's words, places, sizes of type and tables of rows."""

    words: Mapping[str, str]
    names: Mapping[str, str]
    absent: Mapping[str, str]
    place: Mapping[str, float]
    type: Mapping[str, float]
    rows: Mapping[str, tuple[RowForm, ...]]

    def filler(self, field: str) -> str:
        """Return what stands where the register holds nothing for a field."""
        return self.words[self.absent.get(field, "empty")]

    def told(self, name: str) -> str:
        """Return a field's name as a clerk is told of it: person2.remarks → 2人目の備考."""
        person = _PERSON.fullmatch(name)
        field = person["field"] if person else name.rstrip(".0123456789")
        labels = {cell.field: cell.label for rows in self.rows.values() for row in rows for cell in row.cells}
        shown = self.names.get(field) or labels.get(field) or field
        return self.words["of_person"].format(number=person["number"], field=shown) if person else shown

    def height(self, table: str) -> float:
        """Return how high a table of rows is."""
        return sum(row.height for row in self.rows[table])


@lru_cache(maxsize=8)
def read_form(name: str) -> Form:
    """Read a form by the name of its file. ValueError where rows of a table differ in width."""
    raw = tomllib.loads(read_text("forms", f"{name}.toml"))
    tables = {key: tuple(map(_row, rows)) for key, rows in raw.items() if isinstance(rows, list)}
    for key, rows in tables.items():
        if len({round(row.width, 3) for row in rows}) != 1:
            raise ValueError(f"rows of {key} in {name} differ in width")
    return Form(raw["words"], raw.get("names", {}), raw.get("absent", {}), raw["place"], raw["type"], tables)


def _row(raw: Mapping[str, object]) -> RowForm:
    height, cells = raw["height"], raw["cells"]
    if not isinstance(height, float) or not isinstance(cells, list):
        raise TypeError("a row has a height and cells")
    return RowForm(height, tuple(CellForm(*cell) for cell in cells))

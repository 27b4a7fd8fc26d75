"""The changed rows of one table as a parcel has them: column by column, each row by what it differs in from a base.

A text that is put together from columns of the base, as the former address from the address, is told by that recipe.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud.contract import Key, Row

WHOLE, SAME, BEFORE, GONE = range(4)  # no base; the row as it was; the version before it; the row is gone
Recipe = tuple[tuple[str, str], ...]  # each piece: what stands before it, and a column of the base

# Who moves leaves an address, and the new record tells it in one text (住民基本台帳法 第7条第8号の変更前の住所).
RECIPES: Mapping[tuple[str, str], Recipe] = {
    ("resident", "before_move"): (
        ("", "address_town"),
        ("", "address_banchi"),
        ("\u3000", "address_katagaki"),
    ),
}


@dataclass(slots=True)
class ChangeGroup:
    """Changed rows of a table, being gathered."""

    table: str
    key_columns: tuple[str, ...]
    _keys: list[Key] = field(default_factory=list)
    _bases: list[int] = field(default_factory=list)
    _columns: dict[str, int] = field(default_factory=dict)
    _shapes: dict[tuple[int, ...], int] = field(default_factory=dict)
    _shape_of: list[int] = field(default_factory=list)
    _data: list[list[object]] = field(default_factory=list)
    _made: dict[int, Recipe] = field(default_factory=dict)

    def add(self, key: Key, base: Row | None, row: Row | None, *, is_same: bool) -> None:
        """Add a row: as it is now, or None where it is gone, and the base it is told by, if there is one."""
        self._keys.append(key)
        if row is None:
            self._tell(GONE, ())
            return
        if base is None:
            self._tell(WHOLE, [self._said(name, row[name]) for name in sorted(row)])
            return
        differing = (name for name in sorted({*base, *row}) if base.get(name) != row.get(name))
        shape = [self._difference(name, base, row.get(name)) for name in differing]
        self._tell(SAME if is_same else BEFORE, shape)

    def packed(self) -> list[object]:
        """Return the group as it travels."""
        keys = [list(part) for part in zip(*self._keys, strict=True)]
        made = {str(place): [list(piece) for piece in recipe] for place, recipe in self._made.items()}
        shapes = [list(shape) for shape in self._shapes]
        return [self.table, keys, self._bases, list(self._columns), shapes, self._shape_of, self._data, made]

    def _tell(self, base: int, shape: "tuple[int, ...] | list[int]") -> None:
        self._bases.append(base)
        self._shape_of.append(self._shapes.setdefault(tuple(shape), len(self._shapes)))

    def _difference(self, name: str, base: Row, value: object) -> int:
        recipe = RECIPES.get((self.table, name))
        if recipe is not None and value == put_together(recipe, base):
            place = self._place(name)
            self._made[place] = recipe
            return ~place
        return self._said(name, value)

    def _said(self, name: str, value: object) -> int:
        place = self._place(name)
        self._data[place].append(value)
        return place

    def _place(self, name: str) -> int:
        if name not in self._columns:
            self._columns[str(name)] = len(self._columns)
            self._data.append([])
        return self._columns[name]


def put_together(recipe: Recipe, base: Row) -> str:
    """Return the text a recipe makes of a row; a column without a value takes what stands before it along."""
    return "".join(f"{before}{base[name]}" for before, name in recipe if base.get(name) is not None)

"""How a value lies in a row of its table: one column a field, and its parts in columns beside."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import RowMapping

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Part:
    """The columns of a field that is a value of its own: its fields, each with its column.

    There is no such part where the first of these columns is empty.
    """

    kind: type[Any]
    columns: tuple[tuple[str, str], ...]

    def of(self, row: RowMapping) -> Any:
        """The part in this row, if there is one; an empty column leaves the field's default."""
        if row[self.columns[0][1]] is None:
            return None
        known = {name: row[column] for name, column in self.columns}
        return self.kind(**{name: value for name, value in known.items() if value is not None})

    def into(self, row: dict[str, Any], value: Any) -> None:
        """Lay ``value`` into the row, or empty its columns."""
        for name, column in self.columns:
            row[column] = None if value is None else getattr(value, name)


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of a value that are columns by the same name, and those that are parts."""

    plain: tuple[str, ...]
    parts: tuple[tuple[str, Part], ...]


def part(kind: type[Any], *columns: str) -> dict[str, Part]:
    """The metadata of a field that is a part; ``columns`` in the order of the part's fields."""
    names = [each.name for each in fields(kind)]
    return {"part": Part(kind, tuple(zip(names, columns or names, strict=True)))}


@cache
def layout(kind: Any) -> Layout:
    """How values of this dataclass lie in their rows; worked out once."""
    every = fields(kind)
    parts = [(each.name, each.metadata["part"]) for each in every if "part" in each.metadata]
    plain = [each.name for each in every if "part" not in each.metadata]
    return Layout(tuple(plain), tuple(parts))


def from_row(kind: Callable[..., Value], row: RowMapping) -> Value:
    """The value in this row."""
    shape = layout(kind)
    values = {name: row[name] for name in shape.plain}
    for name, each in shape.parts:
        values[name] = each.of(row)
    return kind(**values)


def to_row(value: Any) -> dict[str, Any]:
    """The columns of this value, all of them."""
    shape = layout(value.__class__)
    row = {name: getattr(value, name) for name in shape.plain}
    for name, each in shape.parts:
        each.into(row, getattr(value, name))
    return row

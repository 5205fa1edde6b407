"""How a value lies in a row of its table: one column a field, and its parts in columns beside."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
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

    def of(self, row: RowMapping | Mapping[str, Any]) -> Any:
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
    """The fields of a value that are columns by the same name, and those that are parts; ``read``
    takes the former from a value, all at once."""

    plain: tuple[str, ...]
    parts: tuple[tuple[str, Part], ...]
    read: Callable[[Any], tuple[Any, ...]]


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
    return Layout(tuple(plain), tuple(parts), attrgetter(*plain))


def from_row(kind: Callable[..., Value], row: RowMapping | Mapping[str, Any]) -> Value:
    """The value in this row."""
    shape = layout(kind)
    values = {name: row[name] for name in shape.plain}
    for name, each in shape.parts:
        values[name] = each.of(row)
    return kind(**values)


def to_row(value: Any) -> dict[str, Any]:
    """The columns of this value, all of them."""
    shape = layout(value.__class__)
    row = dict(zip(shape.plain, shape.read(value), strict=True))
    for name, each in shape.parts:
        each.into(row, getattr(value, name))
    return row


def changed_columns(before: Any, after: Any) -> dict[str, Any]:
    """The columns in which these two values of one kind differ, with what the second has there."""
    shape = layout(after.__class__)
    both = zip(shape.plain, shape.read(before), shape.read(after), strict=True)
    row = {name: new for name, old, new in both if new is not old and new != old}
    for name, each in shape.parts:
        old, new = getattr(before, name), getattr(after, name)
        if new != old:
            was: dict[str, Any] = {}
            now: dict[str, Any] = {}
            each.into(was, old)
            each.into(now, new)
            row |= {column: value for column, value in now.items() if was[column] != value}
    return row


def altered(value: Value, changes: Mapping[str, Any]) -> Value:
    """The same with other fields: what :func:`dataclasses.replace` does, for hundreds at once."""
    kind: Callable[..., Value] = value.__class__
    shape = layout(kind)
    same = dict(zip(shape.plain, shape.read(value), strict=True))
    same |= {name: getattr(value, name) for name, _ in shape.parts}
    return kind(**{**same, **changes})

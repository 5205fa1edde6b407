"""How a value lies in a row of its table: one column a field, and its parts in columns beside."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from itertools import chain, compress, count
from operator import attrgetter, is_not, itemgetter
from typing import Any, TypeVar

from sqlalchemy import RowMapping

Value = TypeVar("Value")

KEPT = 500  # ways to read a row: more than there are


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
    """The fields of a value that are columns by the same name, and those that are parts; ``names``
    are those of the former and then of the latter, and ``read`` takes the former from a value, all
    at once."""

    plain: tuple[str, ...]
    parts: tuple[tuple[str, Part], ...]
    names: tuple[str, ...]
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
    names = (*plain, *(name for name, _ in parts))
    return Layout(tuple(plain), tuple(parts), names, attrgetter(*plain))


def from_row(kind: Callable[..., Value], row: RowMapping | Mapping[str, Any]) -> Value:
    """The value in this row."""
    value: Value = reader(kind, tuple(row))(tuple(row.values()))
    return value


@lru_cache(KEPT)
def reader(kind: Any, columns: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    """What makes values of rows with these columns; worked out once."""
    shape, places = layout(kind), {name: place for place, name in enumerate(columns)}
    plain = itemgetter(*(places[name] for name in shape.plain))
    parts = [(each, places[each.columns[0][1]]) for _, each in shape.parts]

    def read(row: Sequence[Any]) -> Any:
        own = (
            None if row[first] is None else each.of(dict(zip(columns, row, strict=True)))
            for each, first in parts
        )
        return _made(kind, zip(shape.names, chain(plain(row), own), strict=True))

    return read


def _made(kind: Any, values: Any, /, **others: Any) -> Any:
    """With these values of its fields: for hundreds at once, of which the ``__init__`` of a frozen
    dataclass takes several times as long."""
    made = object.__new__(kind)
    vars(made).update(values, **others)
    return made


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
    olds, news = shape.read(before), shape.read(after)
    others = compress(count(), map(is_not, olds, news))  # few of many: most are the very same
    row = {shape.plain[n]: news[n] for n in others if news[n] != olds[n]}
    for name, each in shape.parts:
        old, new = getattr(before, name), getattr(after, name)
        if new is not old and new != old:
            was: dict[str, Any] = {}
            now: dict[str, Any] = {}
            each.into(was, old)
            each.into(now, new)
            row |= {column: value for column, value in now.items() if was[column] != value}
    return row


def altered(value: Value, changes: Mapping[str, Any]) -> Value:
    """The same with other fields: what :func:`dataclasses.replace` does, for hundreds at once.
    Raises KeyError for a field that there is not."""
    was = vars(value)
    if unknown := changes.keys() - was.keys():
        raise KeyError(*unknown)
    made: Value = _made(value.__class__, was, **changes)
    return made

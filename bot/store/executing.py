"""Statements that are asked all the time, with what SQLAlchemy works out anew for each kept.

It makes a context, a result and its rows at each, which takes longer than to carry most of them
out. Of a prepared one the text, the order of its parameters, and how its values are written and
read are always the same: SQLAlchemy works them out once, and the driver's cursor does the rest.
Errors are those of SQLAlchemy, and whoever listens to a connection sees everything: then each goes
the long way.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from itertools import accumulate
from operator import itemgetter
from typing import Any, NamedTuple, ParamSpec, TypeVar

from sqlalchemy import Connection, Dialect, Executable

Given = ParamSpec("Given")
Statement = TypeVar("Statement", bound=Executable)
Process = Callable[[Any], Any]
Take = Callable[[Mapping[str, Any]], Any]

LISTS = (list, tuple)
LIST = "IN (__[POSTCOMPILE_{}])"  # as SQLAlchemy writes it, before each value has a parameter,
AS_ONE = {  # and where all have one together
    "sqlite": "IN (SELECT value FROM json_each(__[POSTCOMPILE_{}]))",
    "postgresql": "= ANY (__[POSTCOMPILE_{}])",
}
WHOLE = -1  # in place of the place of a value
_ANY = re.compile(r"(= ANY \(\$[0-9]+)(::VARCHAR)?\)")
TEXTS = r"\1::TEXT[])"  # of other arrays asyncpg has to ask what they are
WITH = "WITH "
_PLACE = re.compile(r"\$([0-9]+)")  # of a parameter, as PostgreSQL is told
IS_PREPARED = "is_prepared"  # an execution option
KEPT = 2_000  # texts; a statement with a list has one for each length of it,
MANY = 5  # values, and one for all from this on: of so many texts the list is one parameter
AT_ONCE = 32_766  # parameters that SQLite takes (sqlite.org/limits.html)
LENGTHS = 20  # of what adds many rows: most times it is one
_dialects: dict[tuple[str, str], Dialect] = {}  # the first of each kind


class Outcome(NamedTuple):
    """The rows that came back, with the names of their columns, and else how many were changed."""

    rows: Sequence[Sequence[Any]]
    names: Sequence[str]
    changed: int

    @property
    def mappings(self) -> Sequence[Mapping[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    @property
    def scalar(self) -> Any:
        """The first value of the first row; None where there is none."""
        return self.rows[0][0] if self.rows else None


class Asked(NamedTuple):
    """A prepared statement, and what it is asked with."""

    statement: Executable
    parameters: Mapping[str, Any]


class _Told(NamedTuple):
    """What those are told who count statements (``bot.store.only_reads``), as by SQLAlchemy."""

    root_connection: Connection
    is_crud: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """A statement as its driver takes it: from what each parameter is taken, part by part, and how
    those values of a row are read that the driver gives in another form."""

    text: str
    takes: Sequence[Sequence[Take]]
    reads: Sequence[tuple[int, Process]]
    is_crud: bool


def prepared(make: Callable[Given, Statement]) -> Callable[Given, Statement]:
    """For a statement that is asked all the time: it is put together once, with parameters. That
    takes ten times as long as to ask it."""
    return cache(lambda *given, **named: _marked(make(*given, **named)))  # type: ignore[return-value]  # mypy knows no parameters of what is cached


def _marked(statement: Statement) -> Statement:
    return statement.execution_options(**{IS_PREPARED: True})


def execute(
    connection: Connection, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> Outcome:
    """Carry out one statement, and read all that comes back. Raises as SQLAlchemy does."""
    given = parameters or {}
    known = _found(connection, Asked(statement, given))
    if known is not None:
        return _carried_out(connection, known, given)
    result = connection.execute(statement, given)
    if not result.returns_rows:
        return Outcome((), (), result.rowcount)
    return Outcome(result.all(), tuple(result.keys()), result.rowcount)


def execute_together(connection: Connection, *writes: Asked) -> None:
    """Carry out some that write, none of which has to see what another writes; only the last may
    have others within. PostgreSQL takes them in one go: each way there and back takes longer than
    what is done there. Raises as SQLAlchemy does."""
    known: tuple[_Known, ...] = ()
    if connection.dialect.name == "postgresql" and len(writes) > 1:
        known = tuple(filter(None, (_found(connection, each) for each in writes)))
    if known and len(known) == len(writes):
        _carried_out(connection, _joined(known), *(each.parameters for each in writes))
        return
    for each in writes:
        execute(connection, *each)


def execute_each(
    connection: Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]
) -> Sequence[Sequence[Any]]:
    """Add each of these rows, which have the same columns, and read all that comes back, in any
    order. SQLite is told of many at once. Raises as SQLAlchemy does."""
    known = _found(connection, Asked(statement, rows[0]))
    if known is not None and connection.dialect.name == "sqlite":
        most = AT_ONCE // len(known.takes[0])
        many = [rows[start : start + most] for start in range(0, len(rows), most)]
        each = [_carried_out(connection, _repeated(known, len(some)), *some) for some in many]
        return [found for outcome in each for found in outcome.rows]
    result = connection.execute(statement, rows)
    return result.all() if result.returns_rows else ()


def _found(connection: Connection, asked: Asked) -> _Known | None:
    """How its driver takes it; None where it goes the long way."""
    statement, given = asked
    is_known = statement.get_execution_options().get(IS_PREPARED)
    if not is_known or connection.dispatch.before_cursor_execute:
        return None
    sizes = [min(len(v), MANY) if isinstance(v, LISTS) else None for v in given.values()]
    return _known(statement, _first_like(connection.dialect), tuple(given), tuple(sizes))


def _first_like(dialect: Dialect) -> Dialect:
    """What is worked out for one engine is so for all that speak to the same kind of database: each
    has a dialect of its own, and those that read and the one that writes are asked the same."""
    return _dialects.setdefault((dialect.name, dialect.driver), dialect)


def _carried_out(connection: Connection, known: _Known, *given: Mapping[str, Any]) -> Outcome:
    if not connection.in_transaction():
        connection.begin()
    for tell in connection.dialect.dispatch.do_execute:
        tell(None, known.text, (), _Told(connection, known.is_crud))
    cursor: Any = connection.connection.cursor()
    try:
        parts = zip(known.takes, given, strict=True)
        cursor.execute(known.text, tuple([take(each) for takes, each in parts for take in takes]))
        if cursor.description is None:
            return Outcome((), (), cursor.rowcount)
        rows = [_read(known.reads, row) for row in cursor.fetchall()]
        return Outcome(rows, [each[0] for each in cursor.description], cursor.rowcount)
    except BaseException as error:  # noqa: BLE001 - it is made SQLAlchemy's, and raised
        connection._handle_dbapi_exception(error, known.text, None, cursor, None)  # noqa: SLF001 - what becomes of the connection, and of the pool, is decided in one place
    finally:
        cursor.close()


def _read(reads: Sequence[tuple[int, Process]], row: Sequence[Any]) -> Sequence[Any]:
    values = list(row)
    for place, read in reads:
        if values[place] is not None:  # what is empty is so whatever it could be
            values[place] = read(values[place])
    return values


@lru_cache(KEPT)
def _known(
    statement: Any, dialect: Dialect, names: tuple[str, ...], sizes: tuple[int | None, ...]
) -> _Known:
    compiled = statement.compile(dialect=dialect, column_keys=names)
    as_one = [name for name, size in zip(names, sizes, strict=True) if size == MANY]
    for name in as_one:
        told = AS_ONE[dialect.name].format(name)
        compiled.string = compiled.string.replace(LIST.format(name), told)
    sample = {
        name: None if size is None else [None] * (1 if name in as_one else size)
        for name, size in zip(names, sizes, strict=True)
    }
    expanded = compiled.construct_expanded_state(sample, escape_names=False)
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    of_lists = {
        one: (name, WHOLE if name in as_one else place)
        for name, several in expanded.parameter_expansion.items()
        for place, one in enumerate(several)
    }
    takes: list[Take] = []
    for name in expanded.positiontup or ():
        own, place = of_lists.get(name, (name, None))
        takes.append(_take(binds[own], dialect, names, place))
    processes = (_processor(each.type, dialect) for each in statement.exported_columns)
    reads = tuple((place, each) for place, each in enumerate(processes) if each is not None)
    return _Known(_ANY.sub(TEXTS, expanded.statement), (takes,), reads, statement.is_dml)


@lru_cache(KEPT)
def _joined(writes: tuple[_Known, ...]) -> _Known:
    """One statement, of which all but the last are parts."""
    counts = accumulate((len(takes) for each in writes for takes in each.takes), initial=0)
    *parts, last = (_moved(each.text, by) for each, by in zip(writes, counts, strict=False))
    named = ", ".join(f"part_{number} AS ({text})" for number, text in enumerate(parts))
    text = f"WITH {named}, {last[len(WITH) :]}" if last.startswith(WITH) else f"WITH {named} {last}"
    takes = [takes for each in writes for takes in each.takes]
    return _Known(text, takes, writes[-1].reads, is_crud=True)


@lru_cache(LENGTHS)
def _repeated(adding: _Known, number: int) -> _Known:
    """The same for so many rows."""
    [takes] = adding.takes
    row = f"({', '.join('?' * len(takes))})"
    text = adding.text.replace(row, ", ".join([row] * number))
    return replace(adding, text=text, takes=[takes] * number)


def _moved(text: str, by: int) -> str:
    """With the numbers of its parameters after those of others."""
    return _PLACE.sub(lambda place: f"${int(place[1]) + by}", text)


def _take(bind: Any, dialect: Dialect, names: tuple[str, ...], place: int | None) -> Take:
    """Where a parameter comes from: what is given, or what the statement has itself; of a list the
    value in this place, or the whole list."""
    process: Process | None = bind.type.dialect_impl(dialect).bind_processor(dialect)
    found: Take = itemgetter(bind.key) if bind.key in names else partial(_own, bind)
    of_one = process or _same
    if place == WHOLE:
        written = json.dumps if dialect.name == "sqlite" else _same
        return lambda given: written([of_one(each) for each in found(given)])
    if place is not None:
        return lambda given: of_one(found(given)[place])
    return found if process is None else lambda given: process(found(given))


def _own(bind: Any, _given: Mapping[str, Any]) -> Any:
    return bind.effective_value


def _processor(kind: Any, dialect: Dialect) -> Process | None:
    process: Process | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return process


def _same(value: Any) -> Any:
    return value

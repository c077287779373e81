"""The statements of an order's way: SQLite is given their text, for SQLAlchemy's own execution costs ten times that."""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar, cast

from sqlalchemy import CompoundSelect, Connection, Delete, Insert, Select, Update
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from ordo.adapters.sql.medium import Link

S = TypeVar("S", bound="Select[Any] | CompoundSelect[Any] | Insert | Update | Delete | ReturningInsert[Any]")
Convert = Callable[[Any], Any]
Told = Sequence[Any]
Values = Callable[[Mapping[str, object]], Sequence[object]]

_SQLITE: Final[DefaultDialect] = sqlite_dialect(paramstyle="qmark")


class Prepared(Generic[S]):
    """A statement, and the columns that it writes where it does not name them itself. It must not hold a list of values
    (`in_`), whose text depends on their number.
    """

    def __init__(self, statement: S, writes: Iterable[str] | None = None) -> None:
        self._statement = statement
        self._writes = None if writes is None else list(writes)

    def told(self, connection: Link, named: Mapping[str, object]) -> Sequence[Told]:
        """Every row as the database tells it: good for comparing with what it told before, and for `row`."""
        driver = connection if isinstance(connection, sqlite3.Connection) else _driver(connection)
        if driver is None:
            return cast("Connection", connection).execute(self._statement, named).all()
        form = self._form
        return driver.execute(form.text, form.values(named)).fetchall()

    def row(self, told: Told) -> Any:  # noqa: ANN401  (a row)
        """What the database told, in values of Python's, its columns as attributes."""
        return self._form.row(told) if type(told) is tuple else told

    def all(self, connection: Link, named: Mapping[str, object]) -> Sequence[Any]:
        """Every row, its columns as attributes."""
        return [self.row(told) for told in self.told(connection, named)]

    def one(self, connection: Link, named: Mapping[str, object]) -> Any | None:  # noqa: ANN401  (a row)
        """The only row, if there is one: the statement names a whole key."""
        told = self.told(connection, named)
        return self.row(told[0]) if told else None

    def change(self, connection: Link, named: Mapping[str, object]) -> int:
        """How many rows were changed."""
        driver = connection if isinstance(connection, sqlite3.Connection) else _driver(connection)
        if driver is None:
            return cast("Connection", connection).execute(self._statement, named).rowcount
        form = self._form
        return driver.execute(form.text, form.values(named)).rowcount

    @cached_property
    def _form(self) -> _Form:
        compiled = self._statement.compile(dialect=_SQLITE, column_keys=self._writes)
        return _Form(compiled)


class _Form:
    """A statement's text, and what turns Python's values into SQLite's and back."""

    def __init__(self, compiled: SQLCompiler) -> None:
        self.text = str(compiled)
        names = compiled.positiontup or ()
        kinds = (compiled.binds[name].type.dialect_impl(_SQLITE).bind_processor(_SQLITE) for name in names)
        written = [(place, convert) for place, convert in enumerate(kinds) if convert is not None]
        constants = {name: compiled.params[name] for name in names if not compiled.binds[name].required}
        # What is bound to the places of the text.
        self.values = _values(names, constants, written)
        columns = compiled._result_columns  # noqa: SLF001  (there is no public name for it)
        self._row: Any = namedtuple("Row", [column.keyname for column in columns])  # type: ignore[misc]  # noqa: PYI024
        self._read = [
            (place, convert) for place, column in enumerate(columns) if (convert := _reader(column.type)) is not None
        ]

    def row(self, values: Sequence[Any]) -> Any:  # noqa: ANN401  (a named tuple)
        if self._read:
            values = list(values)
            for place, convert in self._read:
                values[place] = convert(values[place])
        return self._row._make(values)


def _values(names: Sequence[str], constants: Mapping[str, object], written: Sequence[tuple[int, Convert]]) -> Values:
    # Of one name alone an itemgetter gives no sequence.
    in_order: Values = itemgetter(*names) if len(names) > 1 else lambda named: [named[name] for name in names]
    if not constants and not written:
        return in_order

    def converted(named: Mapping[str, object]) -> Sequence[object]:
        values = list(in_order({**constants, **named} if constants else named))
        for place, convert in written:
            values[place] = convert(values[place])
        return values

    return converted


def _driver(connection: Connection) -> sqlite3.Connection | None:
    """SQLite's own connection, where there is one behind this."""
    if connection.dialect.name != "sqlite":
        return None
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _reader(kind: TypeEngine[Any]) -> Convert | None:
    return kind.dialect_impl(_SQLITE).result_processor(_SQLITE, None)

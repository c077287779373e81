"""A SQLite file: one thread writes to it and one reads. What is small is read where it is wanted."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Coroutine
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ordo.adapters.sql import sqlite
from ordo.adapters.sql.medium import Job, Look, Medium
from ordo.adapters.sql.schema import bring_up_to_date
from ordo.adapters.sql.worker import Lastly, Worker
from ordo.domain.errors import ErrorCode, Unavailable

T = TypeVar("T")
_LOOK_SECONDS = 2.0


class SqliteFile(Medium):
    """Jobs take effect in the order of the calls, many in one transaction when many wait."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Worker | None = None
        self._reader: Worker | None = None
        self._glancing: _Glancing | None = None

    async def open(self) -> None:
        await self._open()

    async def upgrade(self) -> tuple[str | None, str]:
        try:
            return await self._open()
        finally:
            await self.close()

    async def close(self) -> None:
        glancing, self._glancing = self._glancing, None
        if glancing is not None:
            glancing.close()
        for worker in (self._writer, self._reader):
            if worker is not None:
                await worker.stop()

    def write(self, job: Job[T], undo: Job[object] | None, *, lasting: bool) -> Coroutine[Any, Any, T]:  # noqa: ARG002  (a file always knows)
        return _opened(self._writer).run(job, lasting=lasting)

    def read(self, job: Job[T]) -> Coroutine[Any, Any, T]:
        return _opened(self._reader).run(job)

    async def glance(self, look: Look[T]) -> T:
        glancing = self._glancing
        if glancing is None or glancing.thread != threading.get_ident():
            return await _opened(self._reader).run(look)
        try:
            return look(glancing.connection or glancing.connect())
        except Exception:  # noqa: BLE001  (whatever it is, the reader meets it too, waits where it must, and explains it)
            glancing.close()
            return await _opened(self._reader).run(look)

    async def _open(self) -> tuple[str | None, str]:
        explain = partial(sqlite.explain, path=self._path)
        self._writer = Worker(
            "ordo-sql-writer",
            partial(sqlite.connect_for_writing, self._path),
            begin=sqlite.BEGIN_WRITE,
            explain=explain,
            lastly=Lastly(begin=sqlite.LASTING, ease=sqlite.EASED, sync=partial(sqlite.sync, self._path)),
        )
        self._reader = Worker(
            "ordo-sql-reader",
            partial(sqlite.connect_for_reading, self._path),
            begin=sqlite.BEGIN_READ,
            explain=explain,
        )
        try:
            told = await self._writer.run(bring_up_to_date)
            self._glancing = _Glancing(self._path)
        except BaseException:
            await self.close()
            raise
        return told


class _Glancing:
    """A connection of the event loop's own thread, for reads that take less than handing them to another thread does.
    It waits for nothing: what can't be read at once is an error.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.thread = threading.get_ident()
        self.connection: sqlite3.Connection | None = None

    def connect(self) -> sqlite3.Connection:
        self.connection = sqlite.connect_for_glancing(self._path)
        return self.connection

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()


def _opened(worker: Worker | None) -> Worker:
    if worker is None:
        raise Unavailable(ErrorCode.STORE_UNAVAILABLE, "The database is not open yet. Nothing was written.")
    return worker


def revision_of(path: Path) -> str | None:
    """The revision of the tables in a file, `None` where it has none of Ordo's. Changes nothing, and makes no file.

    Raises `Unavailable` where it can't be read.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_LOOK_SECONDS)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise _unread(path, error) from None
    except sqlite3.Error as error:
        raise _unread(path, error) from None
    return None if row is None else str(row[0])


def _unread(path: Path, error: sqlite3.Error) -> Unavailable:
    return Unavailable(ErrorCode.STORE_UNAVAILABLE, f"The database {path} can't be read: {error}. Nothing was changed.")

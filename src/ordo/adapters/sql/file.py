"""A SQLite file: one thread writes to it and one reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from ordo.adapters.sql import sqlite
from ordo.adapters.sql.medium import Job, Medium
from ordo.adapters.sql.schema import bring_up_to_date
from ordo.adapters.sql.worker import Worker
from ordo.domain.errors import ErrorCode, Unavailable

T = TypeVar("T")
_LOOK_SECONDS = 2.0


class SqliteFile(Medium):
    """Jobs take effect in the order of the calls, many in one transaction when many wait."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Worker | None = None
        self._reader: Worker | None = None

    async def open(self) -> None:
        await self._open()

    async def upgrade(self) -> tuple[str | None, str]:
        try:
            return await self._open()
        finally:
            await self.close()

    async def close(self) -> None:
        for worker in (self._writer, self._reader):
            if worker is not None:
                await worker.stop()

    async def write(self, job: Job[T], undo: Job[object] | None) -> T:  # noqa: ARG002  (a file always knows)
        return await _opened(self._writer).run(job)

    async def read(self, job: Job[T]) -> T:
        return await _opened(self._reader).run(job)

    async def _open(self) -> tuple[str | None, str]:
        explain = partial(sqlite.explain, path=self._path)
        self._writer = Worker(
            "ordo-sql-writer",
            partial(sqlite.connect_for_writing, self._path),
            begin=sqlite.BEGIN_WRITE,
            explain=explain,
        )
        self._reader = Worker(
            "ordo-sql-reader",
            partial(sqlite.connect_for_reading, self._path),
            begin=sqlite.BEGIN_READ,
            explain=explain,
        )
        try:
            return await self._writer.run(bring_up_to_date)
        except BaseException:
            await self.close()
            raise


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

"""The one door to the database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from ordo.adapters.sql import sqlite
from ordo.adapters.sql.schema import bring_up_to_date
from ordo.adapters.sql.worker import Worker
from ordo.domain.errors import ErrorCode, Invalid, Unavailable

T = TypeVar("T")


class Database:
    """A SQLite file, given as `sqlite:///path` or `sqlite+aiosqlite:///path`: one thread writes to it and one reads.

    A job is a plain function over a connection, in a transaction that is not its to begin or end. It may be run
    more than once before its effect is committed once, so it must do nothing but use the connection. A caller
    that is cancelled loses the answer; the job, once queued, is carried out all the same.

    Failure: `Unavailable` (`STORE_UNAVAILABLE`), naming the condition, and then the job changed nothing. What
    else a job raises reaches its own caller only.
    """

    def __init__(self, url: str) -> None:
        self._path = _path(url)
        self._writer: Worker | None = None
        self._reader: Worker | None = None

    async def open(self) -> None:
        """Open the file, create it where there is none, and bring its tables up to date."""
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
            await self._writer.run(bring_up_to_date)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Carry out what is queued, then close the file. Closing what is closed is success."""
        for worker in (self._writer, self._reader):
            if worker is not None:
                await worker.stop()

    async def write(self, job: Callable[[Connection], T]) -> T:
        """What the job returns, once its changes are safe on the disk. Jobs take effect in the order of the calls."""
        return await _opened(self._writer).run(job)

    async def read(self, job: Callable[[Connection], T]) -> T:
        """What the job returns. It sees every write that returned before this call, and one state throughout."""
        return await _opened(self._reader).run(job)


def _opened(worker: Worker | None) -> Worker:
    if worker is None:
        raise Unavailable(ErrorCode.STORE_UNAVAILABLE, "The database is not open yet. Nothing was written.")
    return worker


def _path(url: str) -> Path:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _bad_url("is not a database URL") from None
    if parsed.drivername not in ("sqlite", "sqlite+aiosqlite"):
        raise _bad_url(f"names {parsed.drivername}, which this version of Ordo does not speak")
    if parsed.host is not None or parsed.query or parsed.database in (None, "", ":memory:"):
        raise _bad_url("must name a file and nothing else")
    return Path(str(parsed.database))


def _bad_url(reason: str) -> Invalid:
    return Invalid.field(
        "ORDO_DATABASE_URL",
        f"{reason}; write sqlite:///ordo.db for a file in the working folder, or sqlite:////var/lib/ordo/ordo.db",
        code=ErrorCode.VALIDATION_ERROR,
    )

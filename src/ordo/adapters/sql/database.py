"""The one door to the database."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ordo.adapters.sql.file import SqliteFile
from ordo.adapters.sql.medium import Job, Look, Medium
from ordo.domain.errors import ErrorCode, Invalid

T = TypeVar("T")

_SQLITE = ("sqlite", "sqlite+aiosqlite")
_POSTGRES = ("postgresql", "postgresql+asyncpg")


class Database:
    """A SQLite file, given as `sqlite:///path` or `sqlite+aiosqlite:///path`, or a PostgreSQL database, given as
    `postgresql+asyncpg://user:password@host/name`.

    A job is a plain function over a connection, in a transaction that is not its to begin or end. It may be run
    more than once before its effect is committed once, so it must do nothing but use the connection. A caller
    that is cancelled loses the answer; the job, once queued, is carried out all the same.

    Other jobs write to the same file one after the other, but to the same server at the same time, and each statement
    of a writing job sees what was committed before it began. A job that decides by what it has read, beyond what one
    statement does, must take a turn first (`turns`).

    Failure: `Unavailable` (`STORE_UNAVAILABLE`), naming the condition, and then the job changed nothing; or
    `CommitUnknown`, where only a server can leave it open. What else a job raises reaches its own caller only.
    """

    def __init__(self, url: str) -> None:
        self._medium = _medium(url)

    async def open(self) -> None:
        """Make ready to serve. A file is created where there is none, and its tables are brought up to date; those of
        a server must be already, and are refused otherwise.
        """
        await self._medium.open()

    async def close(self) -> None:
        """Carry out what is queued, then let go of the file or the server. Closing what is closed is success."""
        await self._medium.close()

    async def upgrade(self) -> tuple[str | None, str]:
        """Bring the tables up to date; the revision that they were of (`None`: there were none) and the one that they
        are of now. All or nothing; of several at once one does the work.
        """
        return await self._medium.upgrade()

    def write(self, job: Job[T], *, undo: Job[object] | None = None, lasting: bool = True) -> Coroutine[Any, Any, T]:
        """What the job returns, once its changes are safe on the disk; or, where they need not be `lasting`, once
        everybody sees them and the death of this process can't undo them. A file has those on the disk a moment later.

        `undo` is carried out, as soon as that is possible, where `CommitUnknown` is raised: it must do no harm where
        the job had no effect.
        """
        return self._medium.write(job, undo, lasting=lasting)

    def read(self, job: Job[T]) -> Coroutine[Any, Any, T]:
        """What the job returns. It sees every write that returned before this call, and one state throughout."""
        return self._medium.read(job)

    def glance(self, look: Look[T]) -> Coroutine[Any, Any, T]:
        """Like `read`, for a few rows that are named by their keys: a file is asked at once, without another thread.
        Each statement, all of them `Prepared`, sees every write that returned before this call, but two may see two
        states.
        """
        return self._medium.glance(look)


def _medium(url: str) -> Medium:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise _bad_url("is not a database URL") from None
    if parsed.drivername in _POSTGRES:
        if not parsed.database:
            raise _bad_url("must name a database")
        # SQLAlchemy's asyncio takes a while to load, and a file needs none of it.
        from ordo.adapters.sql.server import PostgresServer

        return PostgresServer(parsed.set(drivername="postgresql+asyncpg"))
    return SqliteFile(_path(parsed))


def _path(url: URL) -> Path:
    if url.drivername not in _SQLITE:
        raise _bad_url(f"names {url.drivername}, which this version of Ordo does not speak")
    if url.host is not None or url.query or url.database in (None, "", ":memory:"):
        raise _bad_url("must name a file and nothing else")
    return Path(str(url.database))


def _bad_url(reason: str) -> Invalid:
    return Invalid.field(
        "ORDO_DATABASE_URL",
        f"{reason}; write sqlite:///ordo.db for a file in the working folder, sqlite:////var/lib/ordo/ordo.db, or"
        " postgresql+asyncpg://user:password@host:5432/ordo for a server",
        code=ErrorCode.VALIDATION_ERROR,
    )

"""A PostgreSQL server: jobs run at the same time, each on a connection of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from ordo.adapters.sql import postgres
from ordo.adapters.sql.medium import CommitUnknown, Job, Look, Medium
from ordo.adapters.sql.schema import bring_up_to_date, require_up_to_date
from ordo.domain.errors import ErrorCode, Unavailable

T = TypeVar("T")
_log = logging.getLogger(__name__)

_CONNECTIONS = 10
_MORE_CONNECTIONS = 5
_CONNECT_SECONDS = 3
_ANSWER_SECONDS = postgres.STATEMENT_SECONDS + 1
_POOL_SECONDS = 3
_UPGRADE_CONNECT_SECONDS = 30
_TRIES = 5
_UNDO_PAUSE_SECONDS = 0.5


class PostgresServer(Medium):
    """A job whose connection was lost before its commit began is repeated on a new one, and so is one that met another
    job half-way. Nothing is repeated once a commit has begun.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine: AsyncEngine | None = None
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None
        self._was_open = False
        self._jobs: set[asyncio.Task[Any]] = set()
        self._undoing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._engine = create_async_engine(
            self._url,
            pool_size=_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            pool_timeout=_POOL_SECONDS,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args=connect_args(),
        )
        self._writer = self._engine.execution_options(isolation_level="READ COMMITTED")
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            await self.read(postgres.require_fit)
            await self.read(require_up_to_date)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        writer, self._writer, self._reader = self._writer, None, None
        self._was_open = self._was_open or writer is not None
        while self._jobs:
            await asyncio.wait(self._jobs)
        for task in tuple(self._undoing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._engine is not None:
            await self._engine.dispose()

    async def upgrade(self) -> tuple[str | None, str]:
        # Migrations may take long, so they have a thread and an event loop of their own.
        return await asyncio.to_thread(lambda: asyncio.run(_upgraded(self._url)))

    async def write(self, job: Job[T], undo: Job[object] | None, *, lasting: bool) -> T:  # noqa: ARG002  (all of it is)
        return await self._carried_out(self._repeated(self._opened(self._writer), job, undo))

    async def read(self, job: Job[T]) -> T:
        return await self._carried_out(self._repeated(self._opened(self._reader), job, None))

    async def glance(self, look: Look[T]) -> T:
        return await self.read(look)

    async def _carried_out(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.get_running_loop().create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._jobs.discard(task)
        if not task.cancelled():
            task.exception()  # A caller that was cancelled does not hear of it.

    async def _repeated(self, engine: AsyncEngine, job: Job[T], undo: Job[object] | None) -> T:
        left = _TRIES
        while True:
            left -= 1
            try:
                return await _once(engine, job)
            except CommitUnknown:
                if undo is not None:
                    self._undo(undo)
                raise
            except Exception as error:
                if left and postgres.may_be_repeated(error):
                    continue
                explained = postgres.explain(error)
                if explained is None:
                    raise
                raise explained from error

    def _undo(self, undo: Job[object]) -> None:
        task = asyncio.get_running_loop().create_task(self._undone(undo))
        self._undoing.add(task)
        task.add_done_callback(self._undoing.discard)

    async def _undone(self, undo: Job[object]) -> None:
        while self._writer is not None:
            try:
                await self._repeated(self._writer, undo, None)
            except Unavailable:
                await asyncio.sleep(_UNDO_PAUSE_SECONDS)
            else:
                return

    def _opened(self, engine: AsyncEngine | None) -> AsyncEngine:
        if engine is not None:
            return engine
        if self._was_open:
            reason = "The database is closed: the gateway is stopping. Nothing was written."
        else:
            reason = "The database is not open yet. Nothing was written."
        raise Unavailable(ErrorCode.STORE_UNAVAILABLE, reason)


def connect_args() -> dict[str, object]:
    """How every connection to a server is made."""
    return {
        "timeout": _CONNECT_SECONDS,
        # A server that hangs does not keep its own time limit, so there is one on this side too.
        "command_timeout": _ANSWER_SECONDS,
        "server_settings": postgres.SETTINGS,
        # Of several hosts in the URL, the one that takes writes.
        "target_session_attrs": "read-write",
    }


async def _once(engine: AsyncEngine, job: Job[T]) -> T:
    """Carry out one job in one transaction."""
    async with engine.connect() as connection:
        value = await connection.run_sync(job)
        try:
            await connection.commit()
        except Exception as error:
            if _is_certain(error):
                raise
            _log.warning("the database was lost during a commit: %s", type(error).__name__)
            await connection.invalidate()
            raise CommitUnknown from error
        return value


def _is_certain(error: Exception) -> bool:
    """Whether the server itself said that the transaction was not committed."""
    state = postgres.state_of(error)
    return state is not None and state[:2] in ("23", "25", "40")


async def _upgraded(url: URL) -> tuple[str | None, str]:
    args = connect_args() | {"timeout": _UPGRADE_CONNECT_SECONDS, "command_timeout": None}
    # The tables may be large, and other gateways' upgrades are waited for.
    args["server_settings"] = postgres.SETTINGS | {
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
    }
    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=args)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(postgres.require_fit)
            return await connection.run_sync(bring_up_to_date)
    except Exception as error:
        explained = postgres.explain(error)
        if explained is None:
            raise
        raise explained from error
    finally:
        await engine.dispose()

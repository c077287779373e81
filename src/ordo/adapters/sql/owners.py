"""The gateways of all machines on one PostgreSQL database: each holds a lock there, which the server drops when its
connection ends.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial

from sqlalchemy import Connection, bindparam, func, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import BigInteger, Float

from ordo.adapters.sql import postgres
from ordo.adapters.sql.database import Database
from ordo.adapters.sql.server import connect_args
from ordo.adapters.sql.turns import number_of
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.ports.owners import Owners

_log = logging.getLogger(__name__)

_LOOK_EVERY_SECONDS = 1.0

_LOCK = select(func.pg_try_advisory_lock(bindparam("number", type_=BigInteger)))
_PING = text("SELECT 1")
# A server that has just started has forgotten all locks, and the living are on their way back to it.
_IS_HELD = text(
    "SELECT pg_postmaster_start_time() > now() - make_interval(secs => :grace) OR EXISTS ("
    "SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (classid::bigint << 32) | objid::bigint = :number)"
).bindparams(bindparam("number", type_=BigInteger), bindparam("grace", type_=Float))


class PostgresOwners(Owners):
    """`kill -9` ends a connection, and with it the lock; stopping or suspending a process does not, and a machine that
    fell silent keeps it until the server's operating system gives the connection up.
    """

    def __init__(self, database: Database, url: str, *, grace_seconds: float = 5) -> None:
        self._database = database
        self._grace_seconds = grace_seconds
        self._url = make_url(url).set(drivername="postgresql+asyncpg")
        self._held: dict[str, asyncio.Task[None]] = {}

    async def is_alive(self, owner: str) -> bool:
        return await self._database.read(partial(_is_held, number=_number(owner), grace=self._grace_seconds))

    async def join(self, owner: str) -> None:
        """Let a gateway of this process be alive; raises `Unavailable` where the server does not serve."""
        engine = create_async_engine(
            self._url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args=connect_args(),
        )
        try:
            connection = await _locked(engine, owner)
        except Exception as error:
            explained = postgres.explain(error)
            if explained is None:
                raise
            raise explained from error
        self._held[owner] = asyncio.get_running_loop().create_task(_keep(engine, connection, owner))

    async def leave(self, owner: str) -> None:
        """Let it be gone; being gone already is success."""
        task = self._held.pop(owner, None)
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _number(owner: str) -> int:
    return number_of(f"gateway {owner}")


def _is_held(connection: Connection, number: int, grace: float) -> bool:
    return bool(connection.execute(_IS_HELD, {"number": number, "grace": grace}).scalar_one())


async def _locked(engine: AsyncEngine, owner: str) -> AsyncConnection:
    """A connection that holds the lock for as long as it lives."""
    connection = await engine.connect()
    try:
        is_held = (await connection.execute(_LOCK, {"number": _number(owner)})).scalar_one()
    except BaseException:
        await connection.close()
        raise
    if not is_held:
        await connection.close()
        raise Unavailable(
            ErrorCode.STORE_UNAVAILABLE,
            "Another connection still holds this gateway's lock in the database. Nothing was written.",
        )
    return connection


async def _keep(engine: AsyncEngine, connection: AsyncConnection, owner: str) -> None:
    """Notice that the lock is lost, and take it again, until cancelled."""
    held: AsyncConnection | None = connection
    try:
        while True:
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            try:
                if held is None:
                    held = await _locked(engine, owner)
                    _log.warning("this gateway's lock in the database was lost, and is held again")
                else:
                    await held.execute(_PING)
            except Exception as error:  # noqa: BLE001  (whatever it is, the lock is to be taken anew)
                _log.warning("this gateway's lock in the database is lost: %s", type(error).__name__)
                former, held = held, None
                await _closed(former)
    finally:
        await _closed(held)
        await engine.dispose()


async def _closed(connection: AsyncConnection | None) -> None:
    if connection is not None:
        with suppress(Exception):
            await connection.invalidate()
            await connection.close()

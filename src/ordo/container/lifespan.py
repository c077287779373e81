"""Opening the house in the right order, and closing it in the reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from ordo.adapters.owners import FileOwners
from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.application.context import Context
from ordo.application.gateway import Gateway
from ordo.application.master_sync import MasterSync
from ordo.container.root import Container
from ordo.container.together import Job, follow, only_here
from ordo.domain.audit import AuditKind
from ordo.domain.errors import OrdoError
from ordo.domain.masters import MasterState
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 5
_FIRST_LOAD_SECONDS = 10


@asynccontextmanager
async def running(container: Container) -> AsyncIterator[Gateway]:
    """Open stores and trail, take up what a crash left behind, and give the gateway; close everything at the
    end.

    Raises `Unavailable` (`STORE_UNAVAILABLE`) when a store can't be opened. Writes under way are carried to
    their end before the stores close.
    """
    async with AsyncExitStack() as stack:
        audit = container.audit()
        if isinstance(audit, FileAuditLog):
            audit.open()
            stack.callback(audit.close)
        database = container.database()
        await database.open()
        stack.push_async_callback(database.close)
        await _open_redis(container, stack)
        await container.keys().require()
        await container.instruments().open()
        await _join(container, stack)
        stack.push_async_callback(container.broker_wire().aclose)
        stack.callback(container.traces().close)
        gateway = container.gateway()
        await gateway.safety.open()
        stack.push_async_callback(container.once().drain)
        trail = container.trail()
        trail.write(AuditKind.GATEWAY_STARTED, Context())
        stack.callback(trail.write, AuditKind.GATEWAY_STOPPED, Context())
        left = await container.reconciler().recover()
        if left:
            _log.warning("%d writes have an unknown outcome; looking for them in the brokers' books", left)
        masters = container.master_sync()
        stack.push_async_callback(masters.close)
        jobs: list[Job] = [
            container.reconciler().watch,
            container.housekeeping().keep_tidy,
            container.session_guard().watch,
            container.keys().keep_sealed,
            partial(_indexed, container.instruments()),
        ]
        if masters.configured:
            jobs.append(_shared(container, masters.keep_current, "masters"))
        if container.settings().shares_state:
            jobs.append(partial(follow, container.instruments(), container.clock(), partial(_is_lacking, masters)))
        if container.settings().calendar.override is not None:
            jobs.append(container.calendar_watch().keep_fresh)
        for job in jobs:
            stack.push_async_callback(_ended, asyncio.create_task(_supervised(job, container.clock())))
        if masters.configured and not container.settings().shares_state:
            await _first_load(masters)
        yield gateway


async def _first_load(masters: MasterSync) -> None:
    """Wait a little for masters that were never loaded: a command that ends soon would never see them."""
    if not _is_lacking(masters):
        return
    with suppress(TimeoutError, OrdoError):  # A failure was told where it happened, and is tried again in time.
        await asyncio.wait_for(masters.sync(), _FIRST_LOAD_SECONDS)


async def _indexed(instruments: InstrumentStore) -> None:
    """Prepare the rarer look-ups beside what else goes on: no order waits for them."""
    await asyncio.to_thread(instruments.directory().index)


def _is_lacking(masters: MasterSync) -> bool:
    return any(one.state is MasterState.ABSENT for one in masters.standings())


async def _open_redis(container: Container, stack: AsyncExitStack) -> None:
    redis, kept = container.redis(), container.settings().stores
    if redis is None:
        return
    from ordo.adapters.redis.durability import require_durable
    from ordo.adapters.redis.idempotency import RedisIdempotencyStore

    await redis.open()
    stack.push_async_callback(redis.close)
    if "redis" in (kept.sessions, kept.idempotency):
        await require_durable(redis, may_lose=kept.redis_may_lose)
    store = container.idempotency_store()
    if isinstance(store, RedisIdempotencyStore):
        stack.push_async_callback(store.close)


def _shared(container: Container, job: Job, name: str) -> Job:
    """The job, in one of the workers at a time where there may be several."""
    if not container.settings().shares_state:
        return job
    return partial(
        only_here,
        job,
        name=name,
        holder=container.owner(),
        leases=container.leases(),
        clock=container.clock(),
    )


async def _join(container: Container, stack: AsyncExitStack) -> None:
    owners, owner = container.owners(), container.owner()
    if isinstance(owners, FileOwners):
        owners.join(owner)
        stack.callback(owners.leave, owner)
    elif container.settings().is_on_a_server:
        # It loads what a file does without.
        from ordo.adapters.sql.owners import PostgresOwners

        if isinstance(owners, PostgresOwners):
            await owners.join(owner)
            stack.push_async_callback(owners.leave, owner)


async def _supervised(job: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Run a background job for ever. One that breaks is loud, and is started again after a pause."""
    while True:
        try:
            await job()
        except Exception:  # noqa: BLE001  (a job that ended unseen would be worse)
            _log.exception("a background job has broken and starts again in %d seconds", _PAUSE_SECONDS)
        await clock.sleep(_PAUSE_SECONDS)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

"""Opening the house in the right order, and closing it in the reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from ordo.adapters.owners import FileOwners
from ordo.adapters.telemetry.audit import FileAuditLog
from ordo.application.context import Context
from ordo.application.gateway import Gateway
from ordo.container.root import Container
from ordo.domain.audit import AuditKind
from ordo.ports.clock import Clock

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 5


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
        await container.keys().require()
        await container.instruments().open()
        owners, owner = container.owners(), container.owner()
        if isinstance(owners, FileOwners):
            owners.join(owner)
            stack.callback(owners.leave, owner)
        stack.callback(container.traces().close)
        gateway = container.gateway()
        stack.push_async_callback(container.once().drain)
        trail = container.trail()
        trail.write(AuditKind.GATEWAY_STARTED, Context())
        stack.callback(trail.write, AuditKind.GATEWAY_STOPPED, Context())
        left = await container.reconciler().recover()
        if left:
            _log.warning("%d writes have an unknown outcome; looking for them in the brokers' books", left)
        masters = container.master_sync()
        stack.push_async_callback(masters.close)
        jobs = [container.reconciler().watch, container.housekeeping().keep_tidy, container.keys().keep_sealed]
        if masters.configured:
            jobs.append(masters.keep_current)
        if container.settings().calendar.override is not None:
            jobs.append(container.calendar_watch().keep_fresh)
        for job in jobs:
            stack.push_async_callback(_ended, asyncio.create_task(_supervised(job, container.clock())))
        yield gateway


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

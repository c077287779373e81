"""What workers do together: some jobs in one of them at a time, and following what that one did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ordo.domain.errors import Unavailable
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.leases import Leases

_LEASE_SECONDS = 45.0
_RENEW_SECONDS = 15.0
_FOLLOW_SECONDS = 15.0
_FIRST_SECONDS = 2.0

Job = Callable[[], Awaitable[None]]


async def only_here(job: Job, *, name: str, holder: str, leases: Leases, clock: Clock) -> None:
    """Run a job that never ends for as long as this worker has its lease, and take the lease when it becomes free."""
    while True:
        if await _has(leases, name, holder):
            task = asyncio.ensure_future(job())
            try:
                while not task.done() and await _has(leases, name, holder):
                    await _either(task, asyncio.ensure_future(clock.sleep(_RENEW_SECONDS)))
                if task.done():
                    await task
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
                with suppress(Unavailable):
                    await leases.give_up(name, holder)
        await clock.sleep(_RENEW_SECONDS)


async def follow(instruments: InstrumentStore, clock: Clock, is_lacking: Callable[[], bool]) -> None:
    """Take up, again and again, the instruments that another worker has loaded; sooner while any are lacking."""
    while True:
        await clock.sleep(_FIRST_SECONDS if is_lacking() else _FOLLOW_SECONDS)
        with suppress(Unavailable):
            await instruments.open()


async def _has(leases: Leases, name: str, holder: str) -> bool:
    try:
        return await leases.take(name, holder, seconds=_LEASE_SECONDS)
    except Unavailable:
        return False


async def _either(task: asyncio.Future[None], pause: asyncio.Future[None]) -> None:
    try:
        await asyncio.wait({task, pause}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        pause.cancel()

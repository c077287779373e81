"""Reads that those who ask for the same thing in the same moment make together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from ordo.ports.clock import Clock

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

_HEADWAY = 0.25


class _Flight(Generic[T]):
    """One read, and everybody who waits for what it gives."""

    __slots__ = ("task", "waiting")

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.waiting: set[asyncio.Future[T]] = set()

    def land(self, found: T) -> None:
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_result(found)

    def crash(self, error: Exception) -> None:
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_exception(error)

    def vanish(self) -> None:
        """Leave nobody waiting; who has been answered stays so."""
        for waiter in self.waiting:
            waiter.cancel()


class Joint(Generic[K, T]):
    """Gives everybody what a read has found that began after he asked, so that it is as good as one of his own: those
    who ask while one is under way share the next. That begins when the one before it has ended, at the latest `headway`
    seconds after it could have begun, for a read that hangs must not hold up the others.

    What fails for one fails for all who wait for it. A caller that gives up leaves the read to the others; the last to
    do so ends it. Whether a caller may have what he asks for is looked at before: the read is made in the name of
    whoever came first.
    """

    def __init__(self, clock: Clock, *, headway: float = _HEADWAY) -> None:
        self._clock = clock
        self._headway = headway
        self._next: dict[K, _Flight[T]] = {}
        self._last: dict[K, asyncio.Task[None]] = {}

    async def ask(self, key: K, read: Callable[[], Awaitable[T]]) -> T:
        """What a read of `key` gives, which is `read` or that of another who asked for the same; raises what it
        raises.
        """
        loop = asyncio.get_running_loop()
        flight = self._next.get(key)
        if flight is None:
            flight = self._next[key] = _Flight()
            flight.task = loop.create_task(self._fly(key, flight, read))
        waiter: asyncio.Future[T] = loop.create_future()
        flight.waiting.add(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._leave(key, flight, waiter)
            raise

    def _leave(self, key: K, flight: _Flight[T], waiter: asyncio.Future[T]) -> None:
        flight.waiting.discard(waiter)
        if not flight.waiting and flight.task is not None:
            self._close(key, flight)
            flight.task.cancel()

    def _close(self, key: K, flight: _Flight[T]) -> None:
        """Whoever comes from now on waits for the next."""
        if self._next.get(key) is flight:
            del self._next[key]

    async def _fly(self, key: K, flight: _Flight[T], read: Callable[[], Awaitable[T]]) -> None:
        try:
            await self._headway_of(key)
            self._close(key, flight)
            if flight.task is not None:
                self._last[key] = flight.task
            flight.land(await read())
        except Exception as error:  # noqa: BLE001  (it is raised by everybody who waits)
            flight.crash(error)
        finally:
            self._close(key, flight)
            if self._last.get(key) is flight.task:
                del self._last[key]
            flight.vanish()

    async def _headway_of(self, key: K) -> None:
        before = self._last.get(key)
        if before is None:
            return
        timer = asyncio.ensure_future(self._clock.sleep(self._headway))
        try:
            await asyncio.wait((before, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()

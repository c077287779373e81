"""Ordo's own transport: connections of its own making, reused from the latest to the earliest."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from ordo.adapters.http.carrier import BrokenOff, Carrier, Evidence
from ordo.adapters.http.connection import Connection
from ordo.adapters.http.exchange import HttpReply, HttpRequest
from ordo.adapters.http.limits import HttpLimits
from ordo.adapters.http.wording import Origin, Worded


class OwnCarrier(Carrier):
    """Belongs to the event loop of its first call. Knows no proxy and asks for none."""

    def __init__(self, limits: HttpLimits, tls: Callable[[], ssl.SSLContext]) -> None:
        self._limits = limits
        self._tls = tls
        self._lanes: dict[Origin, _Lane] = {}

    def carry(
        self, request: HttpRequest, worded: Worded, sent: Evidence, total: float
    ) -> Coroutine[Any, Any, HttpReply]:
        del request
        lane = self._lanes.get(worded.origin)
        if lane is None:
            lane = self._lanes[worded.origin] = _Lane(worded.origin, self._limits, self._tls)
        return lane.carry(worded, sent, total)

    async def aclose(self) -> None:
        lanes, self._lanes = self._lanes, {}
        for lane in lanes.values():
            await lane.aclose()


class _Lane:
    """The connections to one host. Who comes when all are in use waits in turn."""

    def __init__(self, origin: Origin, limits: HttpLimits, tls: Callable[[], ssl.SSLContext]) -> None:
        self._origin = origin
        self._limits = limits
        self._tls = tls
        self._free = limits.connections
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._loop = asyncio.get_running_loop()

    async def carry(self, worded: Worded, sent: Evidence, total: float) -> HttpReply:
        now = self._loop.time()
        connected, answered = now + min(self._limits.connect, total), now + total
        if self._free:
            self._free -= 1
        else:
            await self._turn(connected)
        try:
            connection = self._kept()
            looked = connection is not None
            if connection is None:
                connection = await self._made(connected, answered)
            try:
                return await connection.exchange(worded, sent, answered, looked=looked)
            finally:
                if connection.leave():
                    self._idle.append(connection)
        finally:
            if self._waiting:
                self._give_back()
            else:
                self._free += 1

    async def aclose(self) -> None:
        leaving = [connection.gone for connection in self._open]
        for connection in tuple(self._open):
            connection.abort()
        if leaving:
            await asyncio.wait(leaving, timeout=self._limits.connect)

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_free:
                if connection.is_quiet():
                    return connection
                connection.abort()
        return None

    async def _turn(self, until: float) -> None:
        waiter = self._loop.create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout_at(until):
                await waiter
        except BaseException:
            if waiter.cancelled():
                with suppress(ValueError):  # Whoever gave back a place in the same moment has passed it over.
                    self._waiting.remove(waiter)
            else:
                self._give_back()  # The turn came, and nobody is there to take it.
            raise

    def _give_back(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1

    async def _made(self, connected: float, answered: float) -> Connection:
        connection = Connection(self._loop, self._limits)
        async with asyncio.timeout_at(connected):
            transport, _ = await self._loop.create_connection(lambda: connection, self._origin.host, self._origin.port)
        if self._origin.tls:
            await self._secure(connection, transport, answered)
        self._open.add(connection)
        connection.gone.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    async def _secure(self, connection: Connection, transport: asyncio.Transport, answered: float) -> None:
        if transport.is_closing():
            raise BrokenOff("the host hung up")
        tls, host = self._tls(), self._origin.host
        try:
            async with asyncio.timeout_at(min(self._loop.time() + self._limits.handshake, answered)):
                secured = await self._loop.start_tls(transport, connection, tls, server_hostname=host)
        except BaseException:
            transport.abort()
            raise
        if secured is None:
            raise BrokenOff("the host hung up")
        connection.secured(secured)

"""The memory stores, with something in the way: an outage, a pause, or the death of the process that uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.adapters.memory.leases import MemoryLeases
from ordo.adapters.memory.safety import MemorySafetyStore
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditEvent, AuditKind
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.idempotency import Apart, Intent, IntentKey
from ordo.domain.orders import Order
from ordo.domain.safety import KillSwitch
from ordo.ports.idempotency import IdempotencyStore

Hook = Callable[[], Awaitable[None]]
T = TypeVar("T")


def outage() -> Unavailable:
    return Unavailable(ErrorCode.STORE_UNAVAILABLE, "the disk is full")


async def fail() -> None:
    """Stand in the way of every call."""
    raise outage()


def fail_times(times: int) -> Hook:
    """Stand in the way of so many calls."""
    left = times

    async def hook() -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise outage()

    return hook


def wait_for(event: asyncio.Event) -> Hook:
    async def hook() -> None:
        await event.wait()

    return hook


class DisturbedStore(IdempotencyStore):
    """A store behind hooks that run `before` and `after` a call of a name.

    A hook that raises before the call leaves the store as it was, which is what the port promises of a failure.
    """

    def __init__(self, inner: IdempotencyStore) -> None:
        self.inner = inner
        self.before: dict[str, Hook] = {}
        self.after: dict[str, Hook] = {}

    async def reserve(
        self, intent: Intent, *, now: datetime, apart: Apart | None = None, instead_of: str | None = None
    ) -> Intent | None:
        return await self._call(
            "reserve", lambda: self.inner.reserve(intent, now=now, apart=apart, instead_of=instead_of)
        )

    async def settle(self, intent: Intent) -> Intent | None:
        return await self._call("settle", lambda: self.inner.settle(intent))

    async def release(self, key: IntentKey, order_id: str) -> None:
        await self._call("release", lambda: self.inner.release(key, order_id))

    async def find(self, key: IntentKey, *, now: datetime) -> Intent | None:
        return await self._call("find", lambda: self.inner.find(key, now=now))

    async def placement(self, account: Account, order_id: str) -> Intent | None:
        return await self._call("placement", lambda: self.inner.placement(account, order_id))

    async def placements(self, account: Account, *, since: datetime) -> tuple[Intent, ...]:
        return await self._call("placements", lambda: self.inner.placements(account, since=since))

    async def unsettled(self) -> tuple[Intent, ...]:
        return await self._call("unsettled", self.inner.unsettled)

    async def modifications(self, account: Account, order_id: str) -> int:
        return await self._call("modifications", lambda: self.inner.modifications(account, order_id))

    async def record(self, order: Order, *, replacing: Order) -> bool:
        return await self._call("record", lambda: self.inner.record(order, replacing=replacing))

    async def purge(self, *, now: datetime, limit: int) -> int:
        return await self._call("purge", lambda: self.inner.purge(now=now, limit=limit))

    async def _call(self, name: str, call: Callable[[], Awaitable[T]]) -> T:
        if name in self.before:
            await self.before[name]()
        answer = await call()
        if name in self.after:
            await self.after[name]()
        return answer


class DisturbedAuditLog(MemoryAuditLog):
    """A memory trail that can't be written for some kinds of event."""

    def __init__(self) -> None:
        super().__init__()
        self.fails_on: set[AuditKind] = set()

    def append(self, event: AuditEvent) -> None:
        if event.kind in self.fails_on:
            raise outage()
        super().append(event)

    def kinds(self, order_id: str | None = None) -> list[AuditKind]:
        """What was written, in order; of one order, or all."""
        return [event.kind for event in self.events if order_id is None or event.order_id == order_id]


class DisturbedSafetyStore(MemorySafetyStore):
    """Switches that can't be read while there is an `outage`; `hold` keeps a reader waiting with what it has read."""

    def __init__(self) -> None:
        super().__init__()
        self.outage: Unavailable | None = None
        self.hold: asyncio.Event | None = None

    async def all(self) -> tuple[KillSwitch, ...]:
        if self.outage is not None:
            raise self.outage
        found = await super().all()
        if self.hold is not None:
            await self.hold.wait()
        return found


class LostLeases(MemoryLeases):
    """Leases behind a server that is away."""

    async def take(self, name: str, holder: str, *, seconds: float) -> bool:  # noqa: ARG002  (nobody is asked)
        raise outage()

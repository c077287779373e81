"""Gateways with one load-bearing part taken out, to see which test notices. They exist in the tests only."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ordo.application.books import Books
from ordo.application.context import Context
from ordo.application.reconcile import Reconciler
from ordo.domain.accounts import Account
from ordo.domain.idempotency import Apart, Intent, IntentKey
from ordo.domain.matching import BookRead
from ordo.ports.idempotency import IdempotencyStore
from tests.support.house import House, Services
from tests.support.stores import DisturbedStore


class LateStore(DisturbedStore):
    """Without the first commit: a write is on record only when its outcome is."""

    def __init__(self, inner: IdempotencyStore) -> None:
        super().__init__(inner)
        self._later: dict[IntentKey, Intent] = {}

    async def reserve(
        self,
        intent: Intent,
        *,
        now: datetime,
        apart: Apart | None = None,  # noqa: ARG002
        instead_of: str | None = None,  # noqa: ARG002
    ) -> Intent | None:
        holder = await self.inner.find(intent.key, now=now)
        if holder is None:
            self._later[intent.key] = intent
        return holder

    async def settle(self, intent: Intent) -> Intent | None:
        later = self._later.pop(intent.key, None)
        if later is not None:
            await self.inner.reserve(later, now=later.created_at)
        return await super().settle(intent)

    async def release(self, key: IntentKey, order_id: str) -> None:
        self._later.pop(key, None)
        await super().release(key, order_id)


class BlindBooks(Books):
    """Without the search by tag."""

    async def read(self, account: Account, context: Context) -> BookRead:
        read = await super().read(account, context)
        return replace(read, index=replace(read.index, by_tag={}))


class IdleReconciler(Reconciler):
    """Without the start-up pass: what gateways that are gone left open stays open."""

    async def recover(self) -> int:
        return 0

    async def _is_abandoned(self, intent: Intent) -> bool:
        return intent.owner == self._owner and await super()._is_abandoned(intent)


class _WithoutFirstCommit(Services):
    store_of: type[DisturbedStore] = LateStore


class _WithoutTagSearch(Services):
    books_of: type[Books] = BlindBooks


class _WithoutStartUpPass(Services):
    reconciler_of: type[Reconciler] = IdleReconciler


class HouseWithoutFirstCommit(House):
    services: type[Services] = _WithoutFirstCommit


class HouseWithoutTagSearch(House):
    services: type[Services] = _WithoutTagSearch


class HouseWithoutStartUpPass(House):
    services: type[Services] = _WithoutStartUpPass

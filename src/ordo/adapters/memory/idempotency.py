"""Intents for as long as this process runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from heapq import nsmallest

from ordo.domain.accounts import Account
from ordo.domain.copying import replace
from ordo.domain.idempotency import Apart, Intent, IntentKey, IntentState, Operation, likeness
from ordo.domain.orders import Order
from ordo.ports.idempotency import ChangeUnderWay, IdempotencyStore, LooksLikeAnother, OrderIdTaken


class MemoryIdempotencyStore(IdempotencyStore):
    """For one event loop, where each method is atomic because none of them waits. A restart forgets every
    intent, so a repeated call then sends a second order: fit for tests and play.
    """

    def __init__(self) -> None:
        self._intents: dict[IntentKey, Intent] = {}
        self._placed_by: dict[str, IntentKey] = {}
        self._likeness: dict[str, str] = {}

    async def reserve(
        self, intent: Intent, *, now: datetime, apart: Apart | None = None, instead_of: str | None = None
    ) -> Intent | None:
        before = self._intents.get(intent.key)
        gives_up = before is not None and _gives_up(before, intent, instead_of)
        if before is not None and not (gives_up or _is_expired(before, now)):
            return before
        self._find_room(intent, apart)
        if before is not None:
            self._drop(before)
            if gives_up and not _is_expired(before, now):
                self._keep(replace(before, key=before.key.given_up(before.order_id)))
        self._keep(intent)
        if intent.operation is Operation.PLACE:
            self._likeness[intent.order_id] = likeness(intent.order)
        return None

    def _find_room(self, intent: Intent, apart: Apart | None) -> None:
        if intent.operation is Operation.PLACE:
            if self._placed_by.get(intent.order_id, intent.key) != intent.key:
                raise OrderIdTaken
            if apart is not None:
                self._keep_apart(intent, apart)
        if intent.operation is Operation.MODIFY and self._is_changing(intent):
            raise ChangeUnderWay

    def _keep_apart(self, intent: Intent, apart: Apart) -> None:
        wanted = likeness(intent.order)
        alike = (self._intents[self._placed_by[order_id]] for order_id, one in self._likeness.items() if one == wanted)
        for other in _oldest_first(one for one in alike if one.key.account == intent.key.account):
            if apart.forbids(intent, other):
                raise LooksLikeAnother(other)

    def _is_changing(self, intent: Intent) -> bool:
        return any(
            other.operation is Operation.MODIFY and other.order_id == intent.order_id and not other.state.is_settled
            for other in self._intents.values()
        )

    async def settle(self, intent: Intent) -> Intent | None:
        held = self._intents.get(intent.key)
        if held is None or held.order_id != intent.order_id:
            raise LookupError(f"order {intent.order_id} is not reserved under the key that it is settled for")
        if held.state.is_settled:
            return held
        self._keep(replace(held, state=intent.state, order=intent.order, answer=intent.answer, failure=intent.failure))
        return None

    async def release(self, key: IntentKey, order_id: str) -> None:
        held = self._intents.get(key)
        if held is not None and held.order_id == order_id:
            self._drop(held)

    async def find(self, key: IntentKey, *, now: datetime) -> Intent | None:
        holder = self._intents.get(key)
        return None if holder is None or _is_expired(holder, now) else holder

    async def placement(self, account: Account, order_id: str) -> Intent | None:
        key = self._placed_by.get(order_id)
        return None if key is None or key.account != account else self._intents[key]

    async def placements(self, account: Account, *, since: datetime) -> tuple[Intent, ...]:
        placed = (self._intents[key] for key in self._placed_by.values() if key.account == account)
        return _oldest_first(intent for intent in placed if intent.created_at >= since)

    async def unsettled(self) -> tuple[Intent, ...]:
        return _oldest_first(intent for intent in self._intents.values() if not intent.state.is_settled)

    async def modifications(self, account: Account, order_id: str) -> int:
        return sum(
            intent.operation is Operation.MODIFY
            and (intent.key.account, intent.order_id) == (account, order_id)
            and intent.state is not IntentState.FAILED
            for intent in self._intents.values()
        )

    async def record(self, order: Order, *, replacing: Order) -> bool:
        held = await self.placement(order.account, order.order_id)
        if held is None or held.state is IntentState.OPEN or held.order.updated_at != replacing.updated_at:
            return False
        self._keep(replace(held, order=order))
        return True

    async def purge(self, *, now: datetime, limit: int) -> int:
        expired = (intent for intent in self._intents.values() if _is_expired(intent, now))
        oldest = nsmallest(limit, expired, key=lambda intent: (intent.expires_at, str(intent.key)))
        for intent in oldest:
            self._drop(intent)
        return len(oldest)

    def _drop(self, intent: Intent) -> None:
        del self._intents[intent.key]
        if intent.operation is Operation.PLACE:
            del self._placed_by[intent.order_id]
            self._likeness.pop(intent.order_id, None)

    def _keep(self, intent: Intent) -> None:
        order, answer = intent.order, intent.answer
        if order.replayed or (answer is not None and answer.replayed):
            intent = replace(
                intent,
                order=replace(order, replayed=False),
                answer=None if answer is None else replace(answer, replayed=False),
            )
        self._intents[intent.key] = intent
        if intent.operation is Operation.PLACE:
            self._placed_by[intent.order_id] = intent.key


def _gives_up(holder: Intent, intent: Intent, instead_of: str | None) -> bool:
    is_failed_placement = holder.operation is Operation.PLACE and holder.state is IntentState.FAILED
    return is_failed_placement and holder.order_id == instead_of != intent.order_id


def _is_expired(intent: Intent, now: datetime) -> bool:
    return intent.state.is_settled and intent.expires_at <= now


def _oldest_first(intents: Iterable[Intent]) -> tuple[Intent, ...]:
    return tuple(sorted(intents, key=lambda intent: (intent.created_at, str(intent.key))))

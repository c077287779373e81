"""What Ordo knows of the orders it placed, kept up to date by whoever learns something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ordo.domain.copying import replace
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.idempotency import Intent
from ordo.domain.orders import Order
from ordo.ports.idempotency import IdempotencyStore

_TRIES = 8
_TICK = timedelta(microseconds=1)


class Knowledge:
    """Changes the kept state of placed orders without losing what somebody else learnt meanwhile."""

    def __init__(self, store: IdempotencyStore) -> None:
        self._store = store

    async def learn(self, intent: Intent, change: Callable[[Order], Order]) -> Order:
        """Apply a change to the kept order that an intent is about, and return it as it then stands.

        `change` may be called several times, with ever newer knowledge; returning its argument means that
        there is nothing to learn.
        """
        account, order_id = intent.order.account, intent.order_id
        for _ in range(_TRIES):
            placement = await self._store.placement(account, order_id)
            if placement is None:
                return change(intent.order)
            after = change(placement.order)
            if after == placement.order or not placement.state.is_settled:
                return after
            # The store tells versions apart by their time, and a wall clock may stand still or step back.
            if after.updated_at <= placement.order.updated_at:
                after = replace(after, updated_at=placement.order.updated_at + _TICK)
            if await self._store.record(after, replacing=placement.order):
                return after
        raise Unavailable(
            ErrorCode.STORE_UNAVAILABLE,
            f"What is known of order {order_id} changes too fast to be written down; ask again.",
        )

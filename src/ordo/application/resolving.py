"""What nobody can find out any more, settled by an operator who asked the broker. Never automatic."""

from __future__ import annotations

import re
from datetime import timedelta

from ordo.application.context import Context
from ordo.application.knowledge import Knowledge
from ordo.application.listing import OrderReader
from ordo.application.reconcile import Reconciler
from ordo.application.trail import Trail
from ordo.application.verdicts import after_word, by_word
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, InFlight, Invalid, OrdoError
from ordo.domain.idempotency import Finding, Intent, IntentState, Operation
from ordo.domain.orders import Order
from ordo.ports.clock import Clock
from ordo.ports.idempotency import IdempotencyStore

_WORDS = re.compile(r"\S.{1,498}\S")
_BROKER_ID = re.compile(r"[\x21-\x7e]{1,64}")
_RETRY_AFTER_MS = 2000
_AROUND = timedelta(days=1)


class Resolver:
    """Settles unknown writes by an operator's word, which is audited before it counts."""

    def __init__(
        self,
        store: IdempotencyStore,
        reader: OrderReader,
        reconciler: Reconciler,
        knowledge: Knowledge,
        clock: Clock,
        trail: Trail,
    ) -> None:
        self._store = store
        self._reader = reader
        self._reconciler = reconciler
        self._knowledge = knowledge
        self._clock = clock
        self._trail = trail

    async def resolve(
        self,
        account: Account,
        order_id: str,
        finding: Finding,
        *,
        why: str,
        broker_order_id: str | None = None,
        context: Context | None = None,
    ) -> Order:
        """Settle what is unknown of an order: the placement, or the changes of it, and return the order as it stands.

        The broker's book is asked once more, and what it shows counts more than `finding`. `why` is 3 to 500
        characters for the audit trail; `broker_order_id` goes with a placement that is found placed. Raises `Invalid`:
        `ORDER_NOT_FOUND`, `ORDER_NOT_MODIFIABLE` where nothing is unknown, `INVALID_ORDER` for a field that can't be;
        `InFlight` while a write is at work; `Unavailable` where the word could not be recorded, and then it does not
        count.
        """
        context = context or Context()
        context.permit(account)
        placement = await self._reader.placement(account, order_id)
        _check(finding, why, broker_order_id)
        unknown = await self._unknown(account, order_id, context)
        if not unknown:
            order = (await self._reader.placement(account, order_id)).order
            if placement.state.is_settled and order == placement.order:
                raise Invalid(
                    ErrorCode.ORDER_NOT_MODIFIABLE,
                    f"Nothing was settled, for nothing is unknown of order {order_id}: it is {order.status}.",
                    order=order,
                )
            return order  # The book has settled it meanwhile.
        if broker_order_id is not None:
            await self._refuse_claimed(account, placement, broker_order_id)
        words = {"finding": str(finding), "why": why, "operation": ", ".join(one.operation for one in unknown)}
        if broker_order_id is not None:
            words["broker_order_id"] = broker_order_id
        self._trail.resolved(context, placement.order, words)
        for intent in unknown:
            await self._settle(intent, finding, why, broker_order_id)
        try:
            return await self._reader.get(account, order_id, context)
        except OrdoError:  # The book can't be read just now.
            return (await self._reader.placement(account, order_id)).order

    async def _unknown(self, account: Account, order_id: str, context: Context) -> list[Intent]:
        """What is still unknown of an order after a look into the book."""
        found = []
        for intent in await self._store.unsettled():
            if (intent.order.account, intent.order_id) != (account, order_id):
                continue
            looked = await self._reconciler.look(intent, context)
            if looked.state is IntentState.OPEN:
                raise InFlight(
                    f"Nothing was settled: the {intent.operation} of order {order_id} is still at work. Wait for it.",
                    retry_after_ms=_RETRY_AFTER_MS,
                )
            if looked.state is IntentState.UNKNOWN:
                found.append(looked)
        return found

    async def _refuse_claimed(self, account: Account, placement: Intent, broker_order_id: str) -> None:
        if placement.state.is_settled:
            raise Invalid.field("broker_order_id", "must be absent: the order's own is known", seen=broker_order_id)
        for other in await self._store.placements(account, since=placement.created_at - _AROUND):
            if other.order.broker_order_id == broker_order_id:
                raise Invalid.field("broker_order_id", f"is that of order {other.order_id}", seen=broker_order_id)

    async def _settle(self, intent: Intent, finding: Finding, why: str, broker_order_id: str | None) -> None:
        now = self._clock.now()
        took_effect = finding is Finding.PLACED
        settled = by_word(intent, why, now, took_effect=took_effect, broker_order_id=broker_order_id)
        if intent.operation is not Operation.PLACE:
            await self._knowledge.learn(intent, lambda kept: after_word(settled, kept, now))
        await self._store.settle(settled)


def _check(finding: Finding, why: str, broker_order_id: str | None) -> None:
    if not _WORDS.fullmatch(why) or not why.isprintable():
        raise Invalid.field("why", "must say why, in 3 to 500 printable characters", seen=why)
    if broker_order_id is None:
        return
    if finding is not Finding.PLACED:
        raise Invalid.field("broker_order_id", "must be absent for an order that was not placed", seen=broker_order_id)
    if not _BROKER_ID.fullmatch(broker_order_id):
        raise Invalid.field("broker_order_id", "must be the broker's own id", seen=broker_order_id)

"""At most once: every write is recorded before it is sent, and its outcome is told the same way ever after.

`Once.run` is the whole promise. Reserve the key durably; ask the gate again; send; settle. Whatever is not
proven to have had no effect stays recorded. The work goes on to its end in a task of its own even when the
caller stops waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from ordo.application.answers import change_under_way, instead_of, looks_like, may_be_repeated, reason, told
from ordo.application.context import Context
from ordo.application.knowledge import Knowledge
from ordo.application.order_ids import OrderIds
from ordo.application.reconcile import Reconciler
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.book import Acknowledged
from ordo.domain.copying import replace
from ordo.domain.errors import (
    ErrorCode,
    InFlight,
    Invalid,
    NotSent,
    OrdoError,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unsendable,
)
from ordo.domain.idempotency import Apart, Failure, Intent, IntentKey, IntentState, Operation
from ordo.domain.orders import ModifyOrder, Order, OrderStatus
from ordo.ports.clock import Clock
from ordo.ports.idempotency import ChangeUnderWay, IdempotencyStore, LooksLikeAnother, OrderIdTaken

_log = logging.getLogger(__name__)
_RETRY_AFTER_MS = 500
SEND_WITHIN = timedelta(seconds=10)
_SEND_WITHIN_SECONDS = SEND_WITHIN.total_seconds()


class Write(NamedTuple):
    """One write, ready to be made: what is recorded, the last gate, the call, and what a good answer means
    for the order. `apart`: how far a placement must stand from others that look like it; `None` where it is meant to
    look like one.
    """

    intent: Intent
    gate: Callable[[], Awaitable[None]]
    send: Callable[[Intent], Awaitable[Acknowledged]]
    accepted: Callable[[Order, Acknowledged], Order]
    apart: Apart | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    submitted: AuditKind
    done: AuditKind


_WORDS = {
    Operation.PLACE: _Words(submitted=AuditKind.ORDER_SUBMITTED, done=AuditKind.ORDER_PLACED),
    Operation.MODIFY: _Words(submitted=AuditKind.ORDER_MODIFY_SUBMITTED, done=AuditKind.ORDER_MODIFIED),
    Operation.CANCEL: _Words(submitted=AuditKind.ORDER_CANCEL_SUBMITTED, done=AuditKind.ORDER_CANCELLED),
}


class Once:
    """Carries out writes, each at most once a key."""

    def __init__(
        self,
        store: IdempotencyStore,
        reconciler: Reconciler,
        knowledge: Knowledge,
        order_ids: OrderIds,
        clock: Clock,
        trail: Trail,
        *,
        owner: str,
        keep: timedelta,
    ) -> None:
        self._store = store
        self._reconciler = reconciler
        self._knowledge = knowledge
        self._order_ids = order_ids
        self._clock = clock
        self._trail = trail
        self._owner = owner
        self._keep = keep
        self._tasks: set[asyncio.Task[Order]] = set()

    def new_order_id(self, now: datetime) -> str:
        """An order id that this gateway has not made before."""
        return self._order_ids.next(now)

    def intent(
        self,
        operation: Operation,
        order: Order,
        key: str,
        fingerprint: str,
        context: Context,
        change: ModifyOrder | None = None,
    ) -> Intent:
        """The record to be of a write that is asked for now; raises what `scope` does."""
        route = operation if operation is Operation.PLACE else f"{operation} {order.order_id}"
        scope = self.scope(order.account, route, key, context)
        return self._intent(operation, order, scope, fingerprint, context, at=self._clock.now(), change=change)

    def placement(
        self, order: Order, scope: IntentKey, fingerprint: str, context: Context, *, findable: bool = False
    ) -> Intent:
        """The record to be of a new order, asked for when it was made."""
        at = order.created_at
        return self._intent(Operation.PLACE, order, scope, fingerprint, context, at=at, findable=findable)

    def scope(self, account: Account, route: str, key: str, context: Context) -> IntentKey:
        """What a caller's key stands for; raises `Invalid` when the key is not 1 to 255 printable characters, or when
        the account is not the caller's.
        """
        context.permit(account)
        return IntentKey(principal=context.principal, account=account, route=route, key=key)

    async def run(self, write: Write, context: Context) -> Order:
        """Make the write, or repeat the answer of the call that made it.

        Raises `Refused`, `NotSent` or `Invalid` where nothing was placed, `InFlight` where the first call is
        still at work, and `OutcomeUnknown` with the order where nobody can know yet.
        """
        loop = asyncio.get_running_loop()
        task, ended = loop.create_task(self._run(write, context)), loop.create_future()
        self._tasks.add(task)
        task.add_done_callback(partial(self._finished, ended))
        await ended  # A caller who stops waiting ends this, not the task.
        return task.result()

    async def find(self, intent: Intent, context: Context) -> Order | None:
        """The answer of an earlier call with this key, if there was one; raises its error, or that the key is
        reused.
        """
        holder = await self._store.find(intent.key, now=self._clock.now())
        if holder is None or may_be_repeated(holder, intent):
            return None
        return await self._replay(holder, intent, context)

    async def holder(self, key: IntentKey) -> Intent | None:
        """The record that holds a key."""
        return await self._store.find(key, now=self._clock.now())

    async def modifications(self, order: Order) -> int:
        """How many changes of an order were made, or may have been."""
        return await self._store.modifications(order.account, order.order_id)

    async def drain(self) -> None:
        """Wait until every write under way has come to its end."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _intent(
        self,
        operation: Operation,
        order: Order,
        scope: IntentKey,
        fingerprint: str,
        context: Context,
        *,
        at: datetime,
        change: ModifyOrder | None = None,
        findable: bool = False,
    ) -> Intent:
        return Intent(
            key=scope,
            operation=operation,
            fingerprint=fingerprint,
            order=order,
            state=IntentState.OPEN,
            correlation_id=context.correlation_id,
            owner=self._owner,
            created_at=at,
            expires_at=at + self._keep,
            change=change,
            findable=findable,
        )

    def _finished(self, ended: asyncio.Future[None], task: asyncio.Task[Order]) -> None:
        self._tasks.discard(task)
        if not ended.done():
            ended.set_result(None)
        if not task.cancelled():
            task.exception()  # The caller may have gone: an error that nobody awaits is no warning.

    async def _run(self, write: Write, context: Context) -> Order:
        began = self._clock.monotonic()
        intent, holder = await self._reserve(write.intent, write.apart, context)
        if holder is not None and may_be_repeated(holder, intent):
            given_up = None
            if await self._reconciler.is_still_absent(holder, context):
                intent, given_up = instead_of(holder, intent), holder.order_id
            intent, holder = await self._reserve(intent, write.apart, context, instead_of=given_up)
        if holder is not None:
            return await self._replay(holder, intent, context)
        try:
            return await self._carry_out(write, intent, began, context)
        except OrdoError:
            raise
        except BaseException:  # A mistake, or the end of the event loop: what was done is no longer known here.
            self._reconciler.abandon(intent)
            raise

    async def _reserve(
        self, intent: Intent, apart: Apart | None, context: Context, *, instead_of: str | None = None
    ) -> tuple[Intent, Intent | None]:
        try:
            while True:
                now = self._clock.now()
                try:
                    return intent, await self._store.reserve(intent, now=now, apart=apart, instead_of=instead_of)
                except OrderIdTaken:
                    order = replace(intent.order, order_id=self.new_order_id(now))
                    intent = replace(intent, order=order)
        except LooksLikeAnother as found:
            order = intent.order.moved(OrderStatus.NOT_PLACED, at=self._clock.now(), message="looks like another order")
            raise self._kept_apart(looks_like(found.other, order, now=self._clock.now()), order, context) from None
        except ChangeUnderWay:
            raise self._kept_apart(change_under_way(intent.order), intent.order, context) from None

    def _kept_apart(self, error: Invalid, order: Order, context: Context) -> Invalid:
        self._trail.told(AuditKind.ORDER_DENIED, context, order, error)
        return error

    async def _carry_out(self, write: Write, intent: Intent, began: float, context: Context) -> Order:
        try:
            if intent.operation is Operation.PLACE:
                self._trail.order(AuditKind.ORDER_RECEIVED, context, intent.order)
            await write.gate()
            self._trail.order(_WORDS[intent.operation].submitted, context, intent.order)
            self._refuse_late(intent, began)
        except OrdoError as error:
            raise await self._undone(intent, error, context) from None
        try:
            answer = await write.send(intent)
        except (Unsendable, NotSent) as error:
            raise await self._undone(intent, error, context) from None
        except Refused as error:
            raise await self._refused(intent, error, context) from None
        except asyncio.CancelledError:
            await self._reconciler.lose(intent, "the gateway stopped while the broker was working", context)
            raise
        except Exception as error:  # noqa: BLE001  (whatever went wrong, the order may be at the broker)
            return await self._lost(intent, error, context)
        return await self._accepted(write, intent, answer, context)

    def _refuse_late(self, intent: Intent, began: float) -> None:
        """A machine that slept, or a disk that was slow, must not send what was meant for another moment."""
        waited, passed = self._clock.monotonic() - began, self._clock.now() - intent.created_at
        if waited > _SEND_WITHIN_SECONDS or passed > SEND_WITHIN:
            waited = max(waited, passed.total_seconds())
            raise NotSent(
                ErrorCode.BROKER_UNAVAILABLE,
                f"The {intent.operation} was not sent: {waited:.0f} s went by between writing it down"
                " and sending it, and the market has moved on. Nothing happened; the same key may be used again.",
            )

    async def _accepted(self, write: Write, intent: Intent, answer: Acknowledged, context: Context) -> Order:
        order = intent.order
        try:
            order = write.accepted(order, answer)
            if intent.operation is not Operation.PLACE:
                order = await self._knowledge.learn(intent, lambda kept: write.accepted(kept, answer))
            holder = await self._store.settle(replace(intent, state=IntentState.DONE, order=order, answer=order))
            if holder is not None:
                # Another gateway has settled it first. If it found it in the book, replays will say what it wrote down;
                # if it had given it up, it was wrong, and this is no answer to tell as it stands.
                order = told(holder)
        except Exception as error:  # It is accepted, whatever comes of writing it down.
            self._reconciler.abandon(intent)
            order = self._unwritten(intent, order, answer)
            self._trail.told(AuditKind.ORDER_UNKNOWN, context, order)
            raise OutcomeUnknown(
                f"The broker accepted the {intent.operation} of order {order.order_id}, but it could not be"
                f" written down ({reason(error)}). Do not repeat it: Ordo will find it in the broker's book.",
                broker_id=order.account.adapter_id,
                order=order,
            ) from error
        self._trail.told(_WORDS[intent.operation].done, context, order)
        return order

    def _unwritten(self, intent: Intent, order: Order, answer: Acknowledged) -> Order:
        """What can be said of an accepted write that left no record: the book has the last word on it."""
        if intent.operation is not Operation.PLACE:
            return order
        now = self._clock.now()
        return intent.order.moved(
            OrderStatus.UNKNOWN,
            at=now,
            message="accepted, but not written down",
            broker_order_id=answer.broker_order_id,
        )

    async def _undone(self, intent: Intent, error: OrdoError, context: Context) -> OrdoError:
        try:
            await self._store.release(intent.key, intent.order_id)
        except Unavailable:  # An intent that stays is taken for unknown, and found absent from the book.
            self._reconciler.abandon(intent)
        order = intent.order
        if intent.operation is Operation.PLACE:
            order = order.moved(OrderStatus.NOT_PLACED, at=self._clock.now(), message=error.message)
        self._trail.told(AuditKind.ORDER_NOT_SENT, context, order, error)
        error.order = order
        return error

    async def _refused(self, intent: Intent, error: Refused, context: Context) -> OrdoError:
        order = intent.order
        if intent.operation is Operation.PLACE:
            order = order.moved(OrderStatus.REJECTED, at=self._clock.now(), message=error.native_error or error.message)
        error.order = order
        error.broker_id = order.account.adapter_id
        try:
            await self._store.settle(
                replace(intent, state=IntentState.FAILED, order=order, answer=order, failure=Failure.of(error))
            )
        except Unavailable:  # The refusal is true all the same; the book will show it again.
            self._reconciler.abandon(intent)
        self._trail.told(AuditKind.ORDER_REFUSED, context, order, error)
        return error

    async def _lost(self, intent: Intent, error: Exception, context: Context) -> Order:
        intent = await self._reconciler.lose(intent, reason(error), context)
        try:
            intent = await self._reconciler.pursue(intent, context)
        except Exception:  # noqa: BLE001  (a search that breaks off leaves the order as unknown as it was)
            _log.exception("Looking for order %s failed; it will be looked for again.", intent.order_id)
        return told(intent)

    async def _replay(self, holder: Intent, intent: Intent, context: Context) -> Order:
        if holder.fingerprint != intent.fingerprint:
            raise Invalid(
                ErrorCode.IDEMPOTENCY_KEY_REUSED,
                "Nothing was sent: this idempotency key was used for another request. Use a new key for a new order.",
                order=holder.order,
            )
        if not holder.state.is_settled:
            holder = await self._reconciler.look(holder, context)
        if holder.state is IntentState.OPEN:
            raise InFlight(
                "Nothing more was sent: the first request with this key is still at work. Ask again with the same key.",
                retry_after_ms=_RETRY_AFTER_MS,
            )
        self._trail.told(AuditKind.ORDER_REPLAYED, context, holder.answer or holder.order)
        try:
            return replace(told(holder), replayed=True)
        except OrdoError as error:
            error.replayed = holder.state.is_settled
            raise

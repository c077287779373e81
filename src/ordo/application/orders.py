"""Placing, changing and finding orders."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from ordo.application.checks import CheckResult
from ordo.application.context import Context
from ordo.application.departure import Departures
from ordo.application.listing import OrderReader
from ordo.application.once import Once, Write
from ordo.application.reading import BrokerCalls
from ordo.application.screening import Screening
from ordo.application.sessions import SessionService
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.book import Acknowledged, Snapshot, observe
from ordo.domain.copying import replace
from ordo.domain.errors import ErrorCode, Invalid, OrdoError
from ordo.domain.idempotency import Apart, Intent, Operation, digest, fingerprint
from ordo.domain.orders import (
    MAX_MODIFICATIONS,
    MatchedBy,
    ModifyOrder,
    Order,
    OrderEvent,
    OrderStatus,
    OrderTerms,
    PendingOp,
    PlaceOrder,
)
from ordo.domain.portfolio import Trade
from ordo.ports.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would happen to an order: whether it would be sent, and what each check says."""

    would_send: bool
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The place of an order in something larger that has one key: a basket and its leg. `route` scopes the key to the
    part, `whole` is a print of the whole, so that the same key can't serve another.
    """

    route: str
    whole: str


class OrderService:
    """The use cases of orders. Every write needs a key, and a key makes its write happen at most once. `apart`: how
    soon a second order that looks like another is taken for a slip.
    """

    def __init__(  # noqa: PLR0913  (the parts of the order's way)
        self,
        once: Once,
        reader: OrderReader,
        screening: Screening,
        departures: Departures,
        sessions: SessionService,
        calls: BrokerCalls,
        clock: Clock,
        trail: Trail,
        *,
        apart: timedelta = timedelta(seconds=2),
    ) -> None:
        self._once = once
        self._reader = reader
        self._screening = screening
        self._departures = departures
        self._sessions = sessions
        self._calls = calls
        self._apart = apart
        self._clock = clock
        self._trail = trail

    async def place(
        self,
        account: Account,
        command: PlaceOrder,
        *,
        key: str,
        context: Context | None = None,
        part: Part | None = None,
    ) -> Order:
        """Place one order, or repeat the answer of the call that placed it under this key.

        `key` is 1 to 255 printable ASCII characters and stands for this order for at least seven days; `part` says of
        what larger thing the order is a part. An order that looks like another of the last moments, under another key,
        is refused unless it allows that it is a duplicate. Raises
        `Invalid` or `NotSent` (nothing happened, the key is free), `Refused` (the broker said no), or
        `OutcomeUnknown` with `.order`: then never place it again, but ask for the order or call once more
        with the same key.
        """
        context = context or Context()
        broker, now = self._calls.broker(account), self._clock.now()
        order_id, asked, route = self._once.new_order_id(now), fingerprint(command), str(Operation.PLACE)
        if part is not None:
            asked, route = digest(asked, part.whole), part.route
        scope = self._once.scope(account, route, key, context)
        try:
            cleared = await self._screening.require(account, command, context)
        except OrdoError as error:
            order = Order.received(command, order_id=order_id, account=account, at=now)
            return await self._denied(self._once.placement(order, scope, asked, context), error, context)
        order = Order.received(command, order_id=order_id, account=account, at=now, sending=self._clock.now())
        departure, echoes = self._departures.of(cleared, context), self._reader.echoes(account)
        return await self._once.run(
            Write(
                intent=self._once.placement(cleared.marked(order), scope, asked, context, findable=echoes),
                gate=departure.gate,
                send=lambda reserved: departure.send(
                    reserved.order, lambda: broker.place(cleared.session, cleared.terms, tag=reserved.order_id)
                ),
                accepted=self._placed,
                apart=self._apartness(command, echoes=echoes),
            ),
            context,
        )

    async def modify(
        self,
        account: Account,
        order_id: str,
        change: ModifyOrder,
        *,
        key: str,
        context: Context | None = None,
    ) -> Order:
        """Change a live order. Raises like `place`; also `ORDER_NOT_MODIFIABLE` and `OPERATION_PENDING`."""
        context = context or Context()
        order = (await self._reader.placement(account, order_id)).order
        if order.pending_op is not None:  # The exchange may have settled it since.
            with suppress(OrdoError):
                order = await self._reader.get(account, order_id, context)
        intent = self._once.intent(Operation.MODIFY, order, key, fingerprint(change), context, change)
        try:
            target = _live(order)
            if order.pending_op is not None:
                raise _pending(order, f"a {order.pending_op} of it is still under way")
            self._calls.broker(account).capabilities.require_modify(broker_id=account.adapter_id)
            terms = change.applied_to(order)
            if terms.quantity <= order.filled_quantity:
                filled = f"must be more than the {order.filled_quantity} units that are filled"
                raise Invalid.field("quantity", filled, seen=terms.quantity)
            if await self._once.modifications(order) >= MAX_MODIFICATIONS:
                raise Invalid(
                    ErrorCode.ORDER_NOT_MODIFIABLE,
                    f"Nothing was sent: order {order.order_id} has been modified {MAX_MODIFICATIONS} times, and"
                    " exchanges take no more. It stands as it is; cancel it and place another to go on.",
                    order=order,
                )
            cleared = await self._screening.require(account, terms, context, changing=order)
        except OrdoError as error:
            return await self._denied(intent, error, context)
        broker, departure = self._calls.broker(account), self._departures.of(cleared, context)
        return await self._once.run(
            Write(
                intent=intent,
                gate=departure.gate,
                send=lambda _: departure.send(order, lambda: broker.modify(cleared.session, target, cleared.terms)),
                accepted=lambda kept, answer: cleared.marked(self._modified(kept, answer, terms)),
            ),
            context,
        )

    async def cancel(
        self, account: Account, order_id: str, *, key: str, force: bool = False, context: Context | None = None
    ) -> Order:
        """Cancel a live order; may be repeated under a new key. Passes every kill switch, but while trading is not
        `ACTIVE` an order that protects an open position needs `force`. Raises like `modify`.
        """
        context = context or Context()
        order = (await self._reader.placement(account, order_id)).order
        intent = self._once.intent(Operation.CANCEL, order, key, fingerprint(None), context)
        try:
            target = _live(order)
            session = await self._sessions.require(account, context)
            await self._screening.require_cancel(account, order, context, force=force)
        except OrdoError as error:
            return await self._denied(intent, error, context)
        broker = self._calls.broker(account)
        departure = self._departures.of_cancellation(session, context, lambda: broker.cancel(session, target))
        return await self._once.run(
            Write(
                intent=intent,
                gate=departure.gate,
                send=lambda _: departure.send(),
                accepted=self._cancelled,
            ),
            context,
        )

    async def preview(self, account: Account, command: PlaceOrder, context: Context | None = None) -> Preview:
        """Run every check that `place` would run. Sends nothing and keeps nothing."""
        checks = await self._screening.review(account, command, context or Context())
        return Preview(would_send=not any(check.blocks for check in checks), checks=checks)

    async def list(self, account: Account, context: Context | None = None) -> Snapshot[Order]:
        """The trading day's orders, oldest first: what the broker's book shows, and what it does not show
        yet.
        """
        return await self._reader.list(account, context or Context())

    async def get(self, account: Account, order_id: str, context: Context | None = None) -> Order:
        """One order as it stands now, with its history; raises `Invalid` (`ORDER_NOT_FOUND`)."""
        return await self._reader.get(account, order_id, context or Context())

    async def trades(self, account: Account, context: Context | None = None) -> Snapshot[Trade]:
        """The trading day's executions, oldest first."""
        return await self._calls.read(account, context or Context(), lambda broker, session: broker.trades(session))

    async def _denied(self, intent: Intent, error: OrdoError, context: Context) -> Order:
        """A check has failed. If the key has been used, its first answer counts all the same."""
        earlier = await self._once.find(intent, context)
        if earlier is not None:
            return earlier
        order = intent.order
        if intent.operation is Operation.PLACE:
            order = order.moved(OrderStatus.DENIED, at=self._clock.now(), message=error.message)
        self._trail.told(AuditKind.ORDER_DENIED, context, order, error)
        raise error

    def _apartness(self, command: PlaceOrder, *, echoes: bool) -> Apart | None:
        """Orders that only their terms tell apart are never both in the dark, whatever the caller allows."""
        if echoes and (command.allow_duplicate or not self._apart):
            return None
        within = timedelta() if command.allow_duplicate else self._apart
        return Apart(within=within, settled=not echoes)

    def _placed(self, order: Order, answer: Acknowledged) -> Order:
        now = self._clock.now()
        if answer.row is not None:
            return observe(order, answer.row, at=now, matched_by=MatchedBy.ANSWER)
        return order.moved(
            OrderStatus.ACKNOWLEDGED,
            at=now,
            broker_order_id=answer.broker_order_id,
            matched_by=MatchedBy.ANSWER,
        )

    def _modified(self, order: Order, answer: Acknowledged, terms: OrderTerms) -> Order:
        now = self._clock.now()
        order = order.with_terms(terms)
        if answer.row is not None:
            order = observe(order, answer.row, at=now, matched_by=MatchedBy.ANSWER)
        if order.status.is_terminal:
            return order
        event = OrderEvent(at=now, status=order.status, filled_quantity=order.filled_quantity, message="modified")
        return replace(order, updated_at=now, history=(*order.history, event))

    def _cancelled(self, order: Order, answer: Acknowledged) -> Order:
        now = self._clock.now()
        if answer.row is not None:
            order = observe(order, answer.row, at=now, matched_by=MatchedBy.ANSWER)
        if order.status.is_terminal:
            return order
        return replace(order, pending_op=PendingOp.CANCEL, updated_at=now)


def _live(order: Order) -> str:
    if order.status.is_terminal:
        raise Invalid(
            ErrorCode.ORDER_NOT_MODIFIABLE,
            f"Nothing was sent: order {order.order_id} is {order.status} and can't be changed any more.",
            order=order,
        )
    if order.broker_order_id is None:
        raise _pending(order, "it is not known yet whether it was placed")
    return order.broker_order_id


def _pending(order: Order, why: str) -> Invalid:
    return Invalid(
        ErrorCode.OPERATION_PENDING,
        f"Nothing was sent: order {order.order_id} can't be changed now, because {why}. Ask for the order first.",
        order=order,
    )

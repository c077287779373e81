"""What a look into the broker's book proves about a write whose answer was lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ordo.domain.book import BrokerOrder, observe, shows
from ordo.domain.errors import ErrorCode, Outcome
from ordo.domain.idempotency import Failure, Intent, IntentState, Operation
from ordo.domain.orders import MatchedBy, Order, OrderStatus


def verdict(intent: Intent, row: BrokerOrder, at: datetime, matched_by: MatchedBy) -> Intent | None:
    """What a row proves about an intent; `None` where it proves nothing."""
    seen = observe(intent.order, row, at=at, matched_by=matched_by)
    if intent.operation is Operation.PLACE:
        done = seen.status is not OrderStatus.REJECTED
    elif intent.change is not None:
        done = shows(row, intent.change)
    else:
        done = seen.status is OrderStatus.CANCELLED
    if not done and not seen.status.is_terminal:
        return None
    settled = replace(intent, state=IntentState.DONE) if done else _failed(intent, seen)
    order = after(settled, intent.order, row, at, matched_by)
    return replace(settled, order=order, answer=order)


def given_up(intent: Intent, row: BrokerOrder | None, at: datetime) -> Intent:
    """The intent after the book has proven that its write had no effect: `row` is its order as it still stands, or
    `None` where there is none.
    """
    what, again = ("does not show it", "the same") if row is None else ("still shows the order as it was", "a new")
    message = (
        f"It is proven that the {intent.operation} of order {intent.order_id} had no effect: the broker's order book,"
        f" read completely several times, {what}. Nothing is pending; to try again use {again} key."
    )
    failed = _without_effect(intent, message)
    if row is None:
        order = intent.order.moved(OrderStatus.NOT_PLACED, at=at, message="absent from the broker's book")
    else:
        order = after(failed, intent.order, row, at)
    return replace(failed, order=order, answer=order)


def by_word(intent: Intent, why: str, at: datetime, *, took_effect: bool, broker_order_id: str | None) -> Intent:
    """The intent as an operator settles it, who knows what the book does not show."""
    message = f"by an operator: {why}"
    if took_effect:
        settled = replace(intent, state=IntentState.DONE)
    else:
        settled = _without_effect(
            intent,
            f"An operator has settled that the {intent.operation} of order {intent.order_id} had no effect: {why}",
        )
    order = intent.order
    if intent.operation is not Operation.PLACE:
        order = after_word(settled, order, at)
    elif took_effect:
        order = replace(
            order.moved(OrderStatus.ACKNOWLEDGED, at=at, message=message),
            broker_order_id=broker_order_id,
            matched_by=MatchedBy.OPERATOR,
        )
    else:
        order = order.moved(OrderStatus.NOT_PLACED, at=at, message=message)
    return replace(settled, order=order, answer=order)


def after_word(settled: Intent, order: Order, at: datetime) -> Order:
    """An order as it stands once a change of it is settled without a look at its row."""
    if settled.state is IntentState.DONE and settled.change is not None:
        order = order.with_terms(settled.change.applied_to(settled.order))
    return _no_longer_pending(order, at)


def after(
    settled: Intent, order: Order, row: BrokerOrder, at: datetime, matched_by: MatchedBy = MatchedBy.TAG
) -> Order:
    """An order as it stands once an intent about it is settled by a look at its row."""
    if settled.state is IntentState.DONE and settled.change is not None:
        order = order.with_terms(settled.change.applied_to(settled.order))
    return observe(_no_longer_pending(order, at), row, at=at, matched_by=matched_by)


def _no_longer_pending(order: Order, at: datetime) -> Order:
    """What was said of a change whose outcome nobody knew is no longer true."""
    return order if order.pending_op is None else replace(order, pending_op=None, status_message=None, updated_at=at)


def _without_effect(intent: Intent, message: str) -> Intent:
    failure = Failure(code=ErrorCode.BROKER_UNAVAILABLE, message=message, outcome=Outcome.NOT_SENT)
    return replace(intent, state=IntentState.FAILED, failure=failure)


def _failed(intent: Intent, order: Order) -> Intent:
    placing = intent.operation is Operation.PLACE
    native = order.status_message if placing else None
    message = (
        f"The broker rejected the order: {native or 'without a reason'}."
        if placing
        else f"The {intent.operation} had no effect: the order is {order.status}."
    )
    code = ErrorCode.ORDER_REJECTED if placing else ErrorCode.ORDER_NOT_MODIFIABLE
    failure = Failure(code=code, message=message, outcome=Outcome.REFUSED, native_error=native)
    return replace(intent, state=IntentState.FAILED, failure=failure)

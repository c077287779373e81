"""What the record of a write tells those who ask again under its key."""

from __future__ import annotations

from dataclasses import replace

from ordo.domain.errors import OrdoError, Outcome, OutcomeUnknown
from ordo.domain.idempotency import Intent, IntentState, Operation
from ordo.domain.orders import Order, OrderStatus


def told(intent: Intent) -> Order:
    """The answer of a settled write, or its error raised again; `OutcomeUnknown` while it is not settled."""
    if intent.state is IntentState.DONE and intent.answer is not None:
        return intent.answer
    if intent.failure is not None and intent.operation is Operation.PLACE and _has_turned_up(intent.order):
        return intent.order
    if intent.failure is not None:
        raise intent.failure.error(intent.answer or intent.order, intent.correlation_id)
    raise OutcomeUnknown(
        f"It is not known yet whether the {intent.operation} of order {intent.order_id} reached the broker. Do not"
        " repeat it under another key: ask for the order, or repeat the call with the same key, and Ordo looks again.",
        broker_id=intent.order.account.adapter_id,
        order=intent.order,
    )


def may_be_repeated(holder: Intent, intent: Intent) -> bool:
    """Whether the same placement has been proven to have had no effect, so that its key may serve it again.

    Only a placement, whose order is held for not placed: its order id tells the record that is given up from one
    that somebody has made since.
    """
    unsent = holder.failure is not None and holder.failure.outcome is Outcome.NOT_SENT
    return unsent and not _has_turned_up(holder.order) and holder.fingerprint == intent.fingerprint


def instead_of(holder: Intent, intent: Intent) -> Intent:
    """A placement in place of one that is given up; its order names the other."""
    return replace(intent, order=replace(intent.order, metadata={"replaces": holder.order_id}))


def reason(error: Exception) -> str:
    """Why a write went wrong, for people. What is not Ordo's own error may hold anything, so only its kind shows."""
    return error.message if isinstance(error, OrdoError) else f"unexpected {type(error).__name__}"


def _has_turned_up(order: Order) -> bool:
    """Whether an order that was held for refused or not placed is in the book after all."""
    return order.status not in (OrderStatus.NOT_PLACED, OrderStatus.REJECTED)

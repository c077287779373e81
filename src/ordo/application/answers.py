"""What the record of a write tells those who ask again under its key."""

from __future__ import annotations

from datetime import datetime

from ordo.domain.copying import replace
from ordo.domain.errors import ErrorCode, FieldFault, Invalid, OrdoError, Outcome, OutcomeUnknown
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
    metadata = intent.order.metadata | {"replaces": holder.order_id}
    return replace(intent, order=replace(intent.order, metadata=metadata))


def looks_like(other: Intent, order: Order, *, now: datetime) -> Invalid:
    """Why a placement that looks like another must wait, or must say that it is meant."""
    ago = abs((now - other.created_at).total_seconds())
    if not other.state.is_settled and ago >= 1:
        return Invalid(
            ErrorCode.OPERATION_PENDING,
            f"Nothing was sent: order {other.order_id} looks just like it, its outcome is not known yet, and this"
            " broker's book could not tell the two apart. Wait until that one is settled, or settle it with"
            " `ordo resolve`.",
            order=order,
        )
    return Invalid(
        ErrorCode.RISK_LIMIT,
        f"Nothing was sent: order {other.order_id}, placed {ago:.1f} s ago under another key, is for the same"
        " instrument, side, quantity, type and price. If this is the same order, repeat that call with its own key; if"
        " you mean a second one, set allow_duplicate.",
        fields=(
            FieldFault(field="allow_duplicate", message="must be true for a second order like that", seen="false"),
        ),
        order=order,
    )


def change_under_way(order: Order) -> Invalid:
    """Why a modification must wait for another."""
    return Invalid(
        ErrorCode.OPERATION_PENDING,
        f"Nothing was sent: another modification of order {order.order_id} is not settled yet. Ask for the order, then"
        " repeat this one if it is still wanted.",
        order=order,
    )


def reason(error: Exception) -> str:
    """Why a write went wrong, for people. What is not Ordo's own error may hold anything, so only its kind shows."""
    return error.message if isinstance(error, OrdoError) else f"unexpected {type(error).__name__}"


def _has_turned_up(order: Order) -> bool:
    """Whether an order that was held for refused or not placed is in the book after all."""
    return order.status not in (OrderStatus.NOT_PLACED, OrderStatus.REJECTED)

"""The order state machine of domain facts 2.2, written down a second time."""

from __future__ import annotations

from ordo.domain.orders import OrderStatus

S = OrderStatus
TERMINAL = {S.DENIED, S.NOT_PLACED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED}
BROKER = {
    S.ACKNOWLEDGED,
    S.SCHEDULED,
    S.OPEN,
    S.TRIGGER_PENDING,
    S.PARTIALLY_FILLED,
    S.FILLED,
    S.CANCELLED,
    S.REJECTED,
    S.EXPIRED,
}
TABLE: dict[OrderStatus, set[OrderStatus]] = {
    S.RECEIVED: {S.DENIED, S.SUBMITTING},
    S.SUBMITTING: BROKER | {S.NOT_PLACED, S.UNKNOWN},
    S.UNKNOWN: BROKER | {S.NOT_PLACED},
    # The one addition to the table: an answer says no more than "acknowledged" where the book then says "scheduled".
    S.ACKNOWLEDGED: {
        S.SCHEDULED,
        S.OPEN,
        S.TRIGGER_PENDING,
        S.PARTIALLY_FILLED,
        S.FILLED,
        S.REJECTED,
        S.CANCELLED,
        S.EXPIRED,
    },
    S.SCHEDULED: {S.OPEN, S.TRIGGER_PENDING, S.PARTIALLY_FILLED, S.FILLED, S.REJECTED, S.CANCELLED, S.EXPIRED},
    S.TRIGGER_PENDING: {S.OPEN, S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED},
    S.OPEN: {S.PARTIALLY_FILLED, S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED, S.TRIGGER_PENDING},
    S.PARTIALLY_FILLED: {S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED},
    **{status: set() for status in TERMINAL},
}

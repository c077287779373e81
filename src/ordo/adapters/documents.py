"""Values of the domain as JSON text: decimals as strings, times with their offset from UTC (whole minutes, as in
RFC 3339). What was written reads back equal.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Generic, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.idempotency import Failure
from ordo.domain.orders import ModifyOrder, Order

T = TypeVar("T")


class Document(Generic[T]):
    """Reads and writes one kind of value. Raises `Unavailable` (`STORE_UNAVAILABLE`), and names no content."""

    def __init__(self, name: str, adapter: TypeAdapter[T], *, written: Callable[[T], bytes] | None = None) -> None:
        self._name = name
        self._adapter = adapter
        self._written = written or adapter.dump_json

    def dump(self, value: T) -> str:
        try:
            return self._written(value).decode()
        except (PydanticSerializationError, orjson.JSONEncodeError):
            raise Unavailable(
                ErrorCode.STORE_UNAVAILABLE,
                f"The {self._name} was not written down: it holds text that is not valid Unicode.",
            ) from None

    def load(self, text: str) -> T:
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            faults = ", ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'text'} ({fault['type']})" for fault in error.errors()
            )
            raise Unavailable(
                ErrorCode.STORE_UNAVAILABLE,
                f"A stored {self._name} can't be read: {faults}. Nothing was sent by this call. It was altered, or"
                " written by another version of Ordo; run that version, or restore the database from a backup.",
            ) from None


def _order(order: Order) -> bytes:
    """What pydantic would write, in half the time: every order is written down twice on its way."""
    key, account = order.instrument, order.account
    told = {
        "instrument": {
            "venue": key.venue,
            "root": key.root,
            "series": key.series,
            "expiry": key.expiry,
            "strike": key.strike,
            "right": key.right,
        },
        "side": order.side,
        "quantity": order.quantity,
        "order_type": order.order_type,
        "product": order.product,
        "price": order.price,
        "trigger_price": order.trigger_price,
        "validity": order.validity,
        "disclosed_quantity": order.disclosed_quantity,
        "after_market": order.after_market,
        "protection": order.protection,
        "order_id": order.order_id,
        "account": {"adapter_id": account.adapter_id, "account_id": account.account_id},
        "status": order.status,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "broker_order_id": order.broker_order_id,
        "pending_op": order.pending_op,
        "filled_quantity": order.filled_quantity,
        "average_price": order.average_price,
        "status_message": order.status_message,
        "sent_type": order.sent_type,
        "sent_price": order.sent_price,
        "matched_by": order.matched_by,
        "history": [
            {
                "at": event.at,
                "status": event.status,
                "filled_quantity": event.filled_quantity,
                "message": event.message,
                "anomaly": event.anomaly,
            }
            for event in order.history
        ],
        "metadata": order.metadata,
    }
    return orjson.dumps(told, default=_decimal, option=orjson.OPT_UTC_Z)


def _decimal(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in an order")


ORDER = Document("order", TypeAdapter(Order), written=_order)
CHANGE = Document("modification", TypeAdapter(ModifyOrder))
FAILURE = Document("failure", TypeAdapter(Failure))
METADATA = Document("session metadata", TypeAdapter(dict[str, str]))

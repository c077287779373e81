"""What can go wrong at the gateway, as it looks from outside.

OrdoApiError
├── GatewayUnreachable   no gateway answered; an order write certainly did not happen
├── OutcomeUnknown       the write may have been carried out; look, or repeat it with the same key
├── OrderNotFilled       an order that was waited for has ended otherwise
└── WaitTimedOut         an order that was waited for has not ended yet
"""

from __future__ import annotations

from ordo.schemas.v1.orders import Order


class OrdoApiError(Exception):
    """An answer that is not what was asked for.

    `error_code` is one of the codes of API v1, or `GATEWAY_UNREACHABLE`, `NOT_ORDO`, `ORDER_NOT_FILLED` or
    `WAIT_TIMED_OUT`, which are the client's own; an unknown code of a newer gateway is kept as it is. `details` holds
    what the gateway adds (`outcome`, `fields`, `retry_after_ms`, `broker_id`, `native_error`, `order`). `status` is the
    HTTP status, `None` where there was no answer. `key` is the idempotency key of the write, if it was one.
    """

    def __init__(
        self,
        error_code: str,
        message: str,
        *,
        details: dict[str, object] | None = None,
        correlation_id: str | None = None,
        status: int | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.message = message
        self.details = details or {}
        self.correlation_id = correlation_id
        self.status = status
        self.key = key

    def __str__(self) -> str:
        trace = f" (correlation id {self.correlation_id})" if self.correlation_id else ""
        return f"{self.error_code}: {self.message}{trace}"


class GatewayUnreachable(OrdoApiError):
    """No gateway answered. For an order write this proves that nothing was sent: the same call may be made again."""


class OutcomeUnknown(OrdoApiError):
    """Nobody knows yet whether the write was carried out. Never repeat it under another key.

    `order` is the order as the gateway knows it; `None` where the gateway itself was lost. Ask for the order, or
    repeat the call with `key`: a key makes its write happen at most once.
    """

    def __init__(
        self,
        message: str,
        *,
        order: Order | None = None,
        details: dict[str, object] | None = None,
        correlation_id: str | None = None,
        status: int | None = None,
        key: str | None = None,
    ) -> None:
        super().__init__(
            "OUTCOME_UNKNOWN", message, details=details, correlation_id=correlation_id, status=status, key=key
        )
        self.order = order


class OrderNotFilled(OrdoApiError):
    """The order that was waited for came to its end, and not by being filled: cancelled, rejected, expired, or never
    placed. `order` says which, why (`status_message`), and how much was filled before (`filled_quantity`).
    """

    def __init__(self, order: Order) -> None:
        why = f": {order.status_message}" if order.status_message else ""
        super().__init__(
            "ORDER_NOT_FILLED",
            f"Order {order.order_id} has ended as {order.status} with {order.filled_quantity} of {order.quantity} units"
            f" filled{why}. Nothing more of it will be filled.",
        )
        self.order = order


class WaitTimedOut(OrdoApiError, TimeoutError):
    """The order that was waited for has not ended in time. It may still fill: wait again, or cancel it.

    `order` is the order as it was seen last; where the last look failed, that failure is the cause.
    """

    def __init__(self, order: Order, *, timeout: float) -> None:
        super().__init__(
            "WAIT_TIMED_OUT",
            f"Order {order.order_id} was {order.status} with {order.filled_quantity} of {order.quantity} units filled"
            f" when it was seen last, and {timeout:g} seconds are over. It may still fill: wait again, or cancel it.",
        )
        self.order = order

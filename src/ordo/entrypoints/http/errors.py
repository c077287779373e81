"""Every failure as an `ApiError`. One row for each code; nothing else in Ordo knows an HTTP status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from litestar import Response
from litestar.enums import MediaType

from ordo.domain.errors import ErrorCode, FieldFault, OrdoError
from ordo.domain.orders import Order
from ordo.schemas.v1 import errors as v1
from ordo.schemas.v1.orders import Order as OrderView

_MOST_SHOWN = 100
_MS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """How a code is told over HTTP, and what it means."""

    status: int
    meaning: str


_C = ErrorCode
ROWS: Final[dict[ErrorCode, Row]] = {
    _C.VALIDATION_ERROR: Row(400, "the request can't be read as it stands; `details.fields` says where"),
    _C.IDEMPOTENCY_KEY_MISSING: Row(400, "a write needs an `Idempotency-Key`"),
    _C.UNAUTHENTICATED: Row(401, "Ordo's own token is missing or wrong"),
    _C.INVALID_SESSION: Row(401, "the broker's session is missing, over or rejected: log in again"),
    _C.INVALID_CREDENTIALS: Row(401, "the broker refused the password or the redirect"),
    _C.INVALID_OTP: Row(401, "the broker refused the one-time code"),
    _C.PERMISSION_DENIED: Row(403, "the token, or the broker, does not allow that"),
    _C.IP_NOT_ALLOWED: Row(403, "the broker does not know the address that Ordo calls from"),
    _C.KILL_SWITCH_ACTIVE: Row(403, "trading is halted; cancellations still pass"),
    _C.NOT_FOUND: Row(404, "there is nothing under this address"),
    _C.UNKNOWN_ACCOUNT: Row(404, "no broker is configured for this account"),
    _C.ORDER_NOT_FOUND: Row(404, "the account has no such order"),
    _C.METHOD_NOT_ALLOWED: Row(405, "the address exists, but not for this method; `Allow` lists those that do"),
    _C.IDEMPOTENCY_IN_FLIGHT: Row(409, "the first request with this key is still at work: ask again with the same key"),
    _C.ORDER_NOT_MODIFIABLE: Row(409, "the order has come to its end"),
    _C.OPERATION_PENDING: Row(409, "an earlier operation on the order is not settled yet"),
    _C.BODY_TOO_LARGE: Row(413, "the body is larger than the gateway reads"),
    _C.UNSUPPORTED_MEDIA_TYPE: Row(415, "the body is not `application/json`"),
    _C.IDEMPOTENCY_KEY_REUSED: Row(422, "the key was used for another request"),
    _C.INVALID_INSTRUMENT: Row(422, "the instrument is not known or can't be traded"),
    _C.INVALID_ORDER: Row(422, "the order breaks a rule; `details.fields` says which, and what would be right"),
    _C.UNSUPPORTED: Row(422, "the broker, or Ordo for now, does not offer this"),
    _C.INSUFFICIENT_FUNDS: Row(422, "the account can't pay for it"),
    _C.INSUFFICIENT_HOLDINGS: Row(422, "the account does not hold enough to sell"),
    _C.RISK_LIMIT: Row(422, "a risk limit of the broker or of Ordo stands against it"),
    _C.MARKET_CLOSED: Row(422, "the market does not take the order now"),
    _C.ORDER_REJECTED: Row(422, "the broker rejected the order; `details.native_error` has its words"),
    _C.RATE_LIMITED: Row(429, "the broker asks for fewer calls"),
    _C.ORDER_BUDGET: Row(429, "the account's own order budget is used up; nothing was sent"),
    _C.TOO_MANY_REQUESTS: Row(429, "this API asks for fewer calls"),
    _C.INTERNAL_ERROR: Row(500, "a fault of Ordo's; the correlation id finds it in the log"),
    _C.BROKER_ERROR: Row(502, "the broker answered something that can't be read"),
    _C.BROKER_UNAVAILABLE: Row(503, "the broker can't be reached"),
    _C.CIRCUIT_OPEN: Row(503, "the broker has failed too often; Ordo asks it again soon"),
    _C.STORE_UNAVAILABLE: Row(503, "Ordo can't read or write its own records, and does nothing without them"),
    _C.BROKER_TIMEOUT: Row(504, "the broker took too long to answer a read"),
    _C.OUTCOME_UNKNOWN: Row(
        202, "the write may or may not have been carried out; answered with the order, not with this"
    ),
}


def answer_to(error: OrdoError, *, correlation_id: str, order_write: bool) -> Response[bytes]:
    """The answer that tells a failure. An unknown outcome is told with the order itself."""
    headers = {}
    if error.replayed:
        headers["Idempotency-Replayed"] = "true"
    if error.retry_after_ms is not None:
        headers["Retry-After"] = str(max(1, -(-error.retry_after_ms // _MS)))
    if error.code is ErrorCode.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="ordo"'
    content: OrderView | v1.ApiError
    if error.code is ErrorCode.OUTCOME_UNKNOWN and error.order is not None:
        headers["Location"] = location(error.order)
        content = OrderView.of(error.order)
    else:
        content = told(error, correlation_id=error.correlation_id or correlation_id, order_write=order_write)
    return Response(
        content.__pydantic_serializer__.to_json(content),
        status_code=ROWS[error.code].status,
        headers=headers,
        media_type=MediaType.JSON,
    )


def location(order: Order) -> str:
    """The address of an order."""
    return f"/api/v1/accounts/{order.account}/orders/{order.order_id}"


def told(error: OrdoError, *, correlation_id: str, order_write: bool) -> v1.ApiError:
    """A failure in the one shape that all have."""
    return v1.ApiError(
        error_code=error.code,
        message=error.message,
        details=v1.ErrorDetails(
            broker_id=error.broker_id,
            native_error=error.native_error,
            outcome=error.outcome if order_write else None,
            fields=tuple(_fault(fault) for fault in error.fields) or None,
            retry_after_ms=error.retry_after_ms,
            order=None if error.order is None else OrderView.of(error.order),
        ),
        correlation_id=correlation_id,
    )


def _fault(fault: FieldFault) -> v1.FieldFault:
    seen = None if fault.seen is None else shortened(fault.seen)
    return v1.FieldFault(field=shortened(fault.field), message=fault.message, seen=seen)


def shortened(text: str) -> str:
    """A text of the caller's, short enough to be repeated."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"

"""Every failure as an `ApiError`. One row for each code; nothing else in Ordo knows an HTTP status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from litestar import Response
from litestar.enums import MediaType

from ordo.domain.advice import ADVICE
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
_STATUSES: Final[dict[ErrorCode, int]] = {
    _C.VALIDATION_ERROR: 400,
    _C.IDEMPOTENCY_KEY_MISSING: 400,
    _C.UNAUTHENTICATED: 401,
    _C.INVALID_SESSION: 401,
    _C.INVALID_CREDENTIALS: 401,
    _C.INVALID_OTP: 401,
    _C.PERMISSION_DENIED: 403,
    _C.IP_NOT_ALLOWED: 403,
    _C.KILL_SWITCH_ACTIVE: 403,
    _C.NOT_FOUND: 404,
    _C.UNKNOWN_ACCOUNT: 404,
    _C.ORDER_NOT_FOUND: 404,
    _C.METHOD_NOT_ALLOWED: 405,
    _C.IDEMPOTENCY_IN_FLIGHT: 409,
    _C.ORDER_NOT_MODIFIABLE: 409,
    _C.OPERATION_PENDING: 409,
    _C.BODY_TOO_LARGE: 413,
    _C.UNSUPPORTED_MEDIA_TYPE: 415,
    _C.IDEMPOTENCY_KEY_REUSED: 422,
    _C.INVALID_INSTRUMENT: 422,
    _C.INVALID_ORDER: 422,
    _C.UNSUPPORTED: 422,
    _C.INSUFFICIENT_FUNDS: 422,
    _C.INSUFFICIENT_HOLDINGS: 422,
    _C.RISK_LIMIT: 422,
    _C.MARKET_CLOSED: 422,
    _C.ORDER_REJECTED: 422,
    _C.RATE_LIMITED: 429,
    _C.ORDER_BUDGET: 429,
    _C.TOO_MANY_REQUESTS: 429,
    _C.INTERNAL_ERROR: 500,
    _C.BROKER_ERROR: 502,
    _C.BROKER_UNAVAILABLE: 503,
    _C.CIRCUIT_OPEN: 503,
    _C.STORE_UNAVAILABLE: 503,
    _C.BROKER_TIMEOUT: 504,
    _C.OUTCOME_UNKNOWN: 202,
}
ROWS: Final = {code: Row(status, ADVICE[code].happened) for code, status in _STATUSES.items()}


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

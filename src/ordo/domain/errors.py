"""Everything that can go wrong, grouped by what is then known about the caller's request.

OrdoError
├── Invalid          the request can't be carried out as it stands; nothing was sent
│   ├── Unsendable   the broker can't be asked for this; nothing was sent
│   │   └── Unsupported  the broker does not offer this
│   └── InFlight     another call with the same key is at work; nothing more was sent
├── Refused          the broker answered, and its answer proves that nothing was accepted
├── Unavailable      something that is needed did not serve; nothing was changed by this call
│   ├── NotSent      proof that not one byte of the request left this process
│   └── Unreadable   the broker's words make no sense
└── OutcomeUnknown   the request may have been carried out; only the broker's book can tell

The group says what happened; the code says why. No group and no code knows of HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from ordo.domain.secrecy import redact_text

if TYPE_CHECKING:
    from ordo.domain.orders import Order


class ErrorCode(StrEnum):
    """Why a request failed, in one vocabulary for all brokers (the public face, section 3)."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    IDEMPOTENCY_KEY_MISSING = "IDEMPOTENCY_KEY_MISSING"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    INVALID_SESSION = "INVALID_SESSION"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    INVALID_OTP = "INVALID_OTP"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    IP_NOT_ALLOWED = "IP_NOT_ALLOWED"
    KILL_SWITCH_ACTIVE = "KILL_SWITCH_ACTIVE"
    NOT_FOUND = "NOT_FOUND"
    UNKNOWN_ACCOUNT = "UNKNOWN_ACCOUNT"
    ORDER_NOT_FOUND = "ORDER_NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    IDEMPOTENCY_IN_FLIGHT = "IDEMPOTENCY_IN_FLIGHT"
    ORDER_NOT_MODIFIABLE = "ORDER_NOT_MODIFIABLE"
    OPERATION_PENDING = "OPERATION_PENDING"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    INVALID_INSTRUMENT = "INVALID_INSTRUMENT"
    INVALID_ORDER = "INVALID_ORDER"
    UNSUPPORTED = "UNSUPPORTED"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    INSUFFICIENT_HOLDINGS = "INSUFFICIENT_HOLDINGS"
    RISK_LIMIT = "RISK_LIMIT"
    MARKET_CLOSED = "MARKET_CLOSED"
    ORDER_REJECTED = "ORDER_REJECTED"
    RATE_LIMITED = "RATE_LIMITED"
    ORDER_BUDGET = "ORDER_BUDGET"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    BROKER_ERROR = "BROKER_ERROR"
    BROKER_UNAVAILABLE = "BROKER_UNAVAILABLE"
    CIRCUIT_OPEN = "CIRCUIT_OPEN"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    BROKER_TIMEOUT = "BROKER_TIMEOUT"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"


class Outcome(StrEnum):
    """What is known of a write that did not succeed."""

    NOT_SENT = "not_sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """One field of a request that is wrong: its dotted name, what was seen, and what would be right."""

    field: str
    message: str
    seen: str | None = None


class OrdoError(Exception):
    """Base of every failure that Ordo reports. `str()` is for people; the attributes are for programs."""

    outcome: ClassVar[Outcome] = Outcome.NOT_SENT

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        fields: tuple[FieldFault, ...] = (),
        broker_id: str | None = None,
        native_error: str | None = None,
        retry_after_ms: int | None = None,
        order: Order | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields
        self.broker_id = broker_id
        # A broker may repeat what it was sent.
        self.native_error = None if native_error is None else redact_text(native_error)
        self.retry_after_ms = retry_after_ms
        self.order = order
        self.correlation_id: str | None = None
        self.replayed = False


class Invalid(OrdoError, ValueError):
    """The request can't be carried out as it stands. Certainly nothing was sent."""

    @staticmethod
    def field(name: str, message: str, *, seen: object = None, code: ErrorCode | None = None) -> Invalid:
        """Name one faulty field; the code is `INVALID_ORDER` unless given."""
        fault = FieldFault(field=name, message=message, seen=None if seen is None else str(seen))
        return Invalid(code or ErrorCode.INVALID_ORDER, f"{name}: {message}", fields=(fault,))


class Unsendable(Invalid):
    """An adapter can't make a request of the broker of what was asked. Certainly nothing was sent."""


class Unsupported(Unsendable):
    """The broker does not offer what was asked. Certainly nothing was sent."""

    def __init__(self, message: str, *, field: str, seen: object, broker_id: str | None = None) -> None:
        fault = FieldFault(field=field, message=message, seen=str(seen))
        super().__init__(ErrorCode.UNSUPPORTED, message, fields=(fault,), broker_id=broker_id)


class InFlight(Invalid):
    """Another call with the same idempotency key is still at work. This one sent nothing more; what becomes of that one
    nobody knows yet.
    """

    outcome = Outcome.UNKNOWN

    def __init__(self, message: str, *, retry_after_ms: int) -> None:
        super().__init__(ErrorCode.IDEMPOTENCY_IN_FLIGHT, message, retry_after_ms=retry_after_ms)


class Refused(OrdoError):
    """The broker answered, and the answer proves that it accepted nothing."""

    outcome = Outcome.REFUSED


class Unavailable(OrdoError):
    """Something that is needed (a broker's read, a store) did not serve. This call changed nothing."""


class NotSent(Unavailable):
    """Proof that not one byte of the request left: it may be tried again with the same key."""


class Unreadable(Unavailable, ValueError):
    """The broker's words make no sense. Of a read, it gave nothing; of a write, the outcome is unknown."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.BROKER_ERROR, f"The broker can't be understood: {message}.")


class OutcomeUnknown(OrdoError):
    """The request may or may not have been carried out. Never repeat it; look into the broker's book."""

    outcome = Outcome.UNKNOWN

    def __init__(
        self,
        message: str,
        *,
        broker_id: str | None = None,
        native_error: str | None = None,
        order: Order | None = None,
    ) -> None:
        super().__init__(
            ErrorCode.OUTCOME_UNKNOWN, message, broker_id=broker_id, native_error=native_error, order=order
        )


class before_sending:  # noqa: N801  (read as a word of the `with`)
    """Where certainly nothing has been sent yet: what is `Invalid` in here is `Unsendable`, and what is `Unavailable`
    is `NotSent`.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None or isinstance(error, Unsendable | NotSent):
            return
        if isinstance(error, Invalid):
            raise Unsendable(error.code, error.message, fields=error.fields, broker_id=error.broker_id) from None
        if isinstance(error, Unavailable):
            raise NotSent(error.code, error.message, broker_id=error.broker_id) from error

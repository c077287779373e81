"""What a route promises beyond what its handler shows: its answers and its failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from litestar.handlers import BaseRouteHandler

from ordo.domain.errors import ErrorCode
from ordo.schemas.v1.base import Asked, View

_OPTION: Final = "contract"
PUBLIC_OPTION: Final = "public"
PUBLIC: Final = {PUBLIC_OPTION: True}
"""The options of a route that needs no token."""

_C = ErrorCode
COMMON: Final = (
    _C.VALIDATION_ERROR,
    _C.UNAUTHENTICATED,
    _C.PERMISSION_DENIED,
    _C.TOO_MANY_REQUESTS,
    _C.INTERNAL_ERROR,
    _C.STORE_UNAVAILABLE,
)
ACCOUNT: Final = (_C.NOT_FOUND, _C.UNKNOWN_ACCOUNT)
STORE: Final = (_C.STORE_UNAVAILABLE,)
BODY: Final = (_C.VALIDATION_ERROR, _C.BODY_TOO_LARGE, _C.UNSUPPORTED_MEDIA_TYPE)
BROKER: Final = (
    _C.INVALID_SESSION,
    _C.PERMISSION_DENIED,
    _C.IP_NOT_ALLOWED,
    _C.RATE_LIMITED,
    _C.BROKER_ERROR,
    _C.BROKER_UNAVAILABLE,
    _C.CIRCUIT_OPEN,
)
READ: Final = (*ACCOUNT, *STORE, *BROKER, _C.BROKER_TIMEOUT)
CHECKS: Final = (
    _C.KILL_SWITCH_ACTIVE,
    _C.INVALID_INSTRUMENT,
    _C.INVALID_ORDER,
    _C.UNSUPPORTED,
    _C.INSUFFICIENT_FUNDS,
    _C.INSUFFICIENT_HOLDINGS,
    _C.RISK_LIMIT,
    _C.MARKET_CLOSED,
    _C.ORDER_REJECTED,
    _C.ORDER_BUDGET,
)
KEYED: Final = (
    _C.IDEMPOTENCY_KEY_MISSING,
    _C.VALIDATION_ERROR,
    _C.IDEMPOTENCY_IN_FLIGHT,
    _C.IDEMPOTENCY_KEY_REUSED,
)
WRITE: Final = (*ACCOUNT, *STORE, *BROKER, *KEYED)
CHANGE: Final = (*WRITE, _C.ORDER_NOT_FOUND, _C.ORDER_NOT_MODIFIABLE, _C.OPERATION_PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One way in which a route succeeds. `many`: a bare array of the view; no view: no body. `links` are the operations
    on the order that it shows.
    """

    meaning: str
    view: type[View[Any]] | None = None
    many: bool = False
    headers: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """All that a route may answer. `keyed`: it is a write of an order, and needs an `Idempotency-Key`. `pages`: its
    answers, and the failures that it foresees, are pages for a person.
    """

    answers: Mapping[int, Answer]
    raises: tuple[ErrorCode, ...]
    query: type[Asked] | None
    keyed: bool
    pages: bool
    examples: Mapping[str, Mapping[str, object]]


def contract(
    *,
    answers: Mapping[int, Answer],
    raises: tuple[ErrorCode, ...] = (),
    query: type[Asked] | None = None,
    keyed: bool = False,
    pages: bool = False,
    examples: Mapping[str, Mapping[str, object]] | None = None,
) -> dict[str, Any]:
    """The options of a route that hold its contract."""
    return {
        _OPTION: Contract(
            answers=answers, raises=raises, query=query, keyed=keyed, pages=pages, examples=examples or {}
        ),
    }


def contract_of(handler: BaseRouteHandler | None) -> Contract | None:
    """The contract of a route; `None` for what Litestar adds of its own, and where there is no route."""
    return None if handler is None else cast("Contract | None", handler.opt.get(_OPTION))

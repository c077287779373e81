"""Circuits: what keeps a gateway from asking, again and again, a broker that does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ordo.domain.errors import ErrorCode, OutcomeUnknown, Refused, Unavailable

_OURS = frozenset({ErrorCode.STORE_UNAVAILABLE, ErrorCode.CIRCUIT_OPEN, ErrorCode.ORDER_BUDGET, ErrorCode.RATE_LIMITED})


class CallKind(StrEnum):
    """Calls that fail together: `READ`; `ORDER` (placing and modifying); `CANCEL`, which may always be tried."""

    READ = "READ"
    ORDER = "ORDER"
    CANCEL = "CANCEL"


class CircuitState(StrEnum):
    """`OPEN`: calls are refused here. `HALF_OPEN`: one call is under way to find out."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Circuit:
    """One kind of call at one broker."""

    adapter_id: str
    kind: CallKind

    def __str__(self) -> str:
        return f"{self.adapter_id}/{self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitRecord:
    """Where a circuit stands, since when, and how many calls in a row have failed."""

    circuit: Circuit
    state: CircuitState
    failures: int
    last_failure_at: datetime | None
    changed_at: datetime


def is_outage(error: BaseException) -> bool:
    """Whether an error says that a broker does not serve. A refusal never does, nor what Ordo itself lacked, nor that
    a caller gave up waiting.
    """
    if isinstance(error, OutcomeUnknown):
        return True
    return isinstance(error, Unavailable) and error.code not in _OURS


def proves_service(error: BaseException) -> bool:
    """Whether an error shows that the broker answered: it refused, or asked for fewer calls."""
    if isinstance(error, Refused):
        return True
    return isinstance(error, Unavailable) and error.code is ErrorCode.RATE_LIMITED

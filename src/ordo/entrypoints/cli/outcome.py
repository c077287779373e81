"""How a command ends: its exit code, and what it says of a failure."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from ordo.client import OrdoApiError, OutcomeUnknown
from ordo.domain.errors import ErrorCode, OrdoError
from ordo.entrypoints.cli.exits import ExitCode
from ordo.schemas.config.settings import ConfigurationError

__all__ = ["ENDINGS", "ExitCode", "InputError", "NotServed", "end"]


class InputError(Exception):
    """Something must be given, or given differently. Nothing was sent."""


class NotServed(Exception):
    """Something that the command needs does not serve. Nothing was sent."""


ENDINGS: dict[str, ExitCode] = {
    ErrorCode.VALIDATION_ERROR: ExitCode.INPUT,
    ErrorCode.IDEMPOTENCY_KEY_MISSING: ExitCode.INPUT,
    ErrorCode.UNAUTHENTICATED: ExitCode.INPUT,
    ErrorCode.INVALID_SESSION: ExitCode.REFUSED,
    ErrorCode.INVALID_CREDENTIALS: ExitCode.REFUSED,
    ErrorCode.INVALID_OTP: ExitCode.REFUSED,
    ErrorCode.PERMISSION_DENIED: ExitCode.REFUSED,
    ErrorCode.IP_NOT_ALLOWED: ExitCode.REFUSED,
    ErrorCode.KILL_SWITCH_ACTIVE: ExitCode.REFUSED,
    ErrorCode.NOT_FOUND: ExitCode.INPUT,
    ErrorCode.UNKNOWN_ACCOUNT: ExitCode.INPUT,
    ErrorCode.ORDER_NOT_FOUND: ExitCode.INPUT,
    ErrorCode.METHOD_NOT_ALLOWED: ExitCode.INPUT,
    # Another call with this key is still at work: what becomes of it is not known yet.
    ErrorCode.IDEMPOTENCY_IN_FLIGHT: ExitCode.UNKNOWN,
    ErrorCode.ORDER_NOT_MODIFIABLE: ExitCode.REFUSED,
    ErrorCode.OPERATION_PENDING: ExitCode.REFUSED,
    ErrorCode.BODY_TOO_LARGE: ExitCode.INPUT,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: ExitCode.INPUT,
    ErrorCode.IDEMPOTENCY_KEY_REUSED: ExitCode.REFUSED,
    ErrorCode.INVALID_INSTRUMENT: ExitCode.REFUSED,
    ErrorCode.INVALID_ORDER: ExitCode.REFUSED,
    ErrorCode.UNSUPPORTED: ExitCode.REFUSED,
    ErrorCode.INSUFFICIENT_FUNDS: ExitCode.REFUSED,
    ErrorCode.INSUFFICIENT_HOLDINGS: ExitCode.REFUSED,
    ErrorCode.RISK_LIMIT: ExitCode.REFUSED,
    ErrorCode.MARKET_CLOSED: ExitCode.REFUSED,
    ErrorCode.ORDER_REJECTED: ExitCode.REFUSED,
    ErrorCode.RATE_LIMITED: ExitCode.UNAVAILABLE,
    ErrorCode.ORDER_BUDGET: ExitCode.REFUSED,
    ErrorCode.TOO_MANY_REQUESTS: ExitCode.UNAVAILABLE,
    ErrorCode.INTERNAL_ERROR: ExitCode.UNAVAILABLE,
    ErrorCode.BROKER_ERROR: ExitCode.UNAVAILABLE,
    ErrorCode.BROKER_UNAVAILABLE: ExitCode.UNAVAILABLE,
    ErrorCode.CIRCUIT_OPEN: ExitCode.UNAVAILABLE,
    ErrorCode.STORE_UNAVAILABLE: ExitCode.UNAVAILABLE,
    ErrorCode.BROKER_TIMEOUT: ExitCode.UNAVAILABLE,
    ErrorCode.OUTCOME_UNKNOWN: ExitCode.UNKNOWN,
    # The two that the client finds by itself.
    "GATEWAY_UNREACHABLE": ExitCode.UNAVAILABLE,
    "NOT_ORDO": ExitCode.INPUT,
}
"""The ending of every code. One that a newer gateway may use and this table lacks ends as `UNAVAILABLE`, by name."""


def end(error: Exception, *, as_json: bool) -> ExitCode:
    """Say what failed, and return the exit code. What is none of Ordo's own failures is raised again.

    With `as_json` the one document is the order where it is known and its outcome is not, and otherwise has the shape
    of an API error; people read the same on standard error.
    """
    if isinstance(error, OrdoApiError):
        code, ending = error.error_code, ENDINGS.get(error.error_code, ExitCode.UNAVAILABLE)
    elif isinstance(error, OrdoError):
        code, ending = error.code, ENDINGS[error.code]
    elif isinstance(error, InputError | ConfigurationError):
        code, ending = ErrorCode.VALIDATION_ERROR, ExitCode.INPUT
    elif isinstance(error, NotServed):
        code, ending = "UNAVAILABLE", ExitCode.UNAVAILABLE
    else:
        raise error
    _tell(error, code, ending)
    if as_json:
        sys.stdout.write(_document(error, code) + "\n")
    return ending


def _tell(error: Exception, code: str, ending: ExitCode) -> None:
    # Only a failure needs it, and most commands don't fail.
    from rich.console import Console
    from rich.text import Text

    told = Console(file=sys.stderr, highlight=False, soft_wrap=True)
    if ending is ExitCode.UNKNOWN:
        told.print(Text(_UNKNOWN, style="bold white on red"))
        told.print(Text("\n".join((str(error), *_ways_on(error)))))
        return
    text = str(error) if isinstance(error, OrdoApiError) else f"{code}: {error}"
    words = error.details.get("native_error") if isinstance(error, OrdoApiError) else None
    if words is not None and str(words) not in text:
        text += f"\nThe broker says: {words}"
    shown = Text(text)
    if text.startswith(code):
        shown.stylize("bold red", 0, len(code))
    told.print(shown)


_UNKNOWN = " OUTCOME UNKNOWN: it may have happened. Do not repeat this under another key. "


def _ways_on(error: Exception) -> Iterator[str]:
    """What to do about an unknown outcome, as command lines."""
    order = error.order if isinstance(error, OutcomeUnknown) else None
    yield f"To look:    ordo orders {'ACCOUNT' if order is None else order.account}"
    key = error.key if isinstance(error, OrdoApiError) else None
    if key is not None:
        yield f"To repeat:  the same command with --key {key}, which never places a second order"


def _document(error: Exception, code: str) -> str:
    if isinstance(error, OutcomeUnknown) and error.order is not None:
        return error.order.model_dump_json()
    told = error if isinstance(error, OrdoApiError) else None
    details = told.details if told else {}
    if isinstance(error, OutcomeUnknown) and error.key is not None:
        details = {**details, "idempotency_key": error.key}
    return json.dumps(
        {
            "error_code": code,
            "message": told.message if told else str(error),
            "details": details,
            "correlation_id": told.correlation_id if told else None,
        }
    )

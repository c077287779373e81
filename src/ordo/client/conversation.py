"""One call to the gateway, without the sending: what to send when, what an answer means, when to try again.

A conversation is a generator. It yields what is to be done next (`Send`, `Wait`), is told what came of it (`Answer`,
`Unsent`, `Lost`), and returns the result or raises. Sync and async clients differ only in who carries it out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

from ordo.client.errors import GatewayUnreachable, OrdoApiError, OutcomeUnknown
from ordo.schemas.v1.orders import Order

T_co = TypeVar("T_co", covariant=True)

_UNKNOWN = 202
_FIRST_ERROR = 400
_FIRST_SERVER_ERROR = 500
_IN_FLIGHT = "IDEMPOTENCY_IN_FLIGHT"
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_UNSENT_TRIES = 5

# These are decided before the gateway looks at the key, so they say nothing of an earlier try with it.
_BEFORE_THE_KEY = frozenset({"UNAUTHENTICATED", "TOO_MANY_REQUESTS", "STORE_UNAVAILABLE", "INTERNAL_ERROR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T_co]):
    """One request, and how its answer is read.

    `key` is the idempotency key of an order write. What is not `repeatable` is tried once: sending it twice could do
    more than sending it once.
    """

    method: str
    path: str
    read: Callable[[bytes], T_co]
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    key: str | None = None
    repeatable: bool = True
    allow_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send the request, and give up on it after this many seconds."""

    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Do nothing for this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A complete answer came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """No connection: certainly not one byte of the request has left."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The request may have arrived, and no answer that can be read came back."""

    reason: str


Step = Send | Wait
Event = Answer | Unsent | Lost | None


def conversation(
    call: Call[T_co], *, timeout: float, now: Callable[[], float] = time.monotonic
) -> Generator[Step, Event, T_co]:
    """Make the call, and make it again where that is safe, for at most `timeout` seconds in all."""
    deadline = now() + timeout
    pause, tries, doubtful = _FIRST_PAUSE, 0, False
    while True:
        told = yield Send(timeout=max(deadline - now(), _FIRST_PAUSE))
        event = _understood(call, told, doubtful=doubtful)
        tries += 1
        if isinstance(event, Answer):
            wait = _in_flight(event) if call.key is not None else None
            if wait is None or now() + wait >= deadline:
                return _result(call, event, doubtful=doubtful)
            yield Wait(seconds=wait)
            continue
        doubtful = doubtful or isinstance(event, Lost)
        hopeless = not call.repeatable or (not doubtful and tries >= _UNSENT_TRIES)
        if hopeless or now() + pause >= deadline:
            _give_up(call, event.reason, doubtful=doubtful)
        yield Wait(seconds=pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _understood(call: Call[object], event: Event, *, doubtful: bool) -> Answer | Unsent | Lost:
    """An error answer may come from something that stands before the gateway; then the gateway's own is lost."""
    if event is None:
        raise TypeError("a request was sent and nothing is told of it")
    if not isinstance(event, Answer) or event.status < _FIRST_ERROR or "error_code" in _object(event):
        return event
    if event.status >= _FIRST_SERVER_ERROR or doubtful:
        return Lost(reason=f"HTTP {event.status}, not from Ordo")
    raise _not_ordo(call, event.status)


def _result(call: Call[T_co], answer: Answer, *, doubtful: bool) -> T_co:
    correlation_id = answer.headers.get("x-correlation-id")
    if answer.status >= _FIRST_ERROR:
        _refuse(call, answer, correlation_id, doubtful=doubtful)
    try:
        result = call.read(answer.body)
    except ValueError:
        if call.key is None:
            raise _not_ordo(call, answer.status) from None
        raise OutcomeUnknown(
            f"The answer (HTTP {answer.status}) can't be read, so it is not known what became of this write. Do not"
            " repeat it under another key: look into the account's orders, or repeat the call with the same key.",
            status=answer.status,
            key=call.key,
        ) from None
    if answer.status == _UNKNOWN and isinstance(result, Order) and not call.allow_unknown:
        raise OutcomeUnknown(
            f"It is not known yet whether the broker has carried out this write of order {result.order_id}."
            " Do not repeat it under another key: ask for the order, or repeat the call with the same key.",
            order=result,
            correlation_id=correlation_id,
            status=answer.status,
            key=call.key,
        )
    return result


def _refuse(call: Call[object], answer: Answer, correlation_id: str | None, *, doubtful: bool) -> NoReturn:
    told = _object(answer)
    code, message = str(told["error_code"]), str(told.get("message", ""))
    found = told.get("details")
    details = found if isinstance(found, dict) else {}
    trace = str(told.get("correlation_id") or correlation_id or "") or None
    outcome = details.get("outcome") or ("unknown" if code == "INTERNAL_ERROR" else None)
    if call.key is not None and (outcome == "unknown" or (doubtful and code in _BEFORE_THE_KEY)):
        raise OutcomeUnknown(
            f"It is not known whether this write was carried out; the gateway says {code}: {message} Do not repeat it"
            " under another key: look into the account's orders, or repeat the call with the same key.",
            order=_order(details.get("order")),
            details=details,
            correlation_id=trace,
            status=answer.status,
            key=call.key,
        )
    raise OrdoApiError(code, message, details=details, correlation_id=trace, status=answer.status, key=call.key)


def _give_up(call: Call[object], reason: str, *, doubtful: bool) -> NoReturn:
    if not doubtful:
        raise GatewayUnreachable(
            "GATEWAY_UNREACHABLE",
            f"The gateway could not be reached, and nothing was sent: {reason}. Does `ordo serve` run at this address?",
            details={"outcome": "not_sent"},
            key=call.key,
        )
    if call.key is not None:
        raise OutcomeUnknown(
            f"The gateway was lost before its answer came back ({reason}), so it is not known whether this write was"
            " carried out. Do not repeat it under another key: when the gateway is back, look into the account's"
            f" orders, or repeat the call with the same key, {call.key}.",
            key=call.key,
        )
    doubt = "" if call.method == "GET" else " Whether it did what it was asked is not known: look before you repeat it."
    raise GatewayUnreachable("GATEWAY_UNREACHABLE", f"The gateway gave no answer that can be read: {reason}.{doubt}")


def _in_flight(answer: Answer) -> float | None:
    """Seconds after which the first call with this key may have its answer."""
    if answer.status < _FIRST_ERROR or _object(answer)["error_code"] != _IN_FLIGHT:
        return None
    told = answer.headers.get("retry-after", "")
    return max(float(told), _FIRST_PAUSE) if told.isdecimal() else _LONGEST_PAUSE / 2


def _order(told: object) -> Order | None:
    try:
        return Order.model_validate_json(json.dumps(told))
    except ValueError:
        return None


def _object(answer: Answer) -> dict[str, object]:
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _not_ordo(call: Call[object], status: int) -> OrdoApiError:
    return OrdoApiError(
        "NOT_ORDO",
        f"HTTP {status} came back in a form that API v1 does not have. Is this the address of an Ordo gateway?",
        status=status,
        key=call.key,
    )

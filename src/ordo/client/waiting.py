"""Waiting for an order, without the waiting: when to look again, and when there is nothing left to wait for.

Like a conversation, a course is a generator: it yields what is to be done next, and is told what came of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from ordo.client.calls import get_order
from ordo.client.conversation import Call, Wait
from ordo.client.errors import OrderNotFilled, OrdoApiError, OutcomeUnknown, WaitTimedOut
from ordo.domain.orders import OrderStatus
from ordo.schemas.v1.orders import Order

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_MS = 1000

# Failures to look, which say nothing of the order and may be gone at the next look.
_PASSING = frozenset(
    {
        "BROKER_ERROR",
        "BROKER_TIMEOUT",
        "BROKER_UNAVAILABLE",
        "CIRCUIT_OPEN",
        "GATEWAY_UNREACHABLE",
        "RATE_LIMITED",
        "STORE_UNAVAILABLE",
        "TOO_MANY_REQUESTS",
    }
)
_NOT_KNOWN = frozenset({OrderStatus.RECEIVED, OrderStatus.SUBMITTING, OrderStatus.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Ask for the order, and give up on that after so many seconds."""

    call: Call[Order]
    within: float


Course = Generator[Look | Wait, Order | OrdoApiError | None, Order]


def until_filled(order: Order, *, timeout: float, now: Callable[[], float] = time.monotonic) -> Course:
    """Look at the order, less and less often, until it has ended or `timeout` seconds are over."""
    deadline, pause = now() + timeout, _FIRST_PAUSE
    failure: OrdoApiError | None = None
    while not order.status.is_terminal:
        told = yield Look(call=get_order(order.account, order.order_id), within=max(deadline - now(), 0.0))
        if isinstance(told, Order):
            order, failure = told, None
            if order.status.is_terminal:
                break
        else:
            failure = _passing(told)
        left = deadline - now()
        if left <= 0:
            raise _out_of_time(order, timeout) from failure
        yield Wait(seconds=min(max(pause, _asked_for(failure)), left))
        pause = min(2 * pause, _LONGEST_PAUSE)
    if order.status is not OrderStatus.FILLED:
        raise OrderNotFilled(order)
    return order


def _passing(told: OrdoApiError | None) -> OrdoApiError:
    if told is None:
        raise TypeError("an order was looked at and nothing is told of it")
    if told.error_code not in _PASSING:
        raise told
    return told


def _asked_for(failure: OrdoApiError | None) -> float:
    told = None if failure is None else failure.details.get("retry_after_ms")
    return told / _MS if isinstance(told, int) else 0.0


def _out_of_time(order: Order, timeout: float) -> OrdoApiError:
    if order.status not in _NOT_KNOWN:
        return WaitTimedOut(order, timeout=timeout)
    return OutcomeUnknown(
        f"After {timeout:g} seconds it is still not known whether the broker has order {order.order_id}. Do not place"
        " it again under another key: Ordo goes on looking for it, so ask for the order later.",
        order=order,
    )

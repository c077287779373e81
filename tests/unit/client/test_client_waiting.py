"""Waiting for an order and choosing among orders: whatever comes back, the end is told as it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordo.client import (
    AsyncOrdoClient,
    Order,
    OrderNotFilled,
    OrdoApiError,
    OrdoClient,
    OutcomeUnknown,
    WaitTimedOut,
)
from ordo.client.conversation import Wait
from ordo.client.waiting import _PASSING, Look, until_filled
from ordo.domain.orders import OrderStatus
from tests.support.orders import order_of
from tests.unit.client.conftest import Ask
from tests.unit.client.hostile_gateway import LOST, HostileGateway, answer


def order_at(status: OrderStatus) -> Order:
    filled = 10 if status is OrderStatus.FILLED else 0
    return Order.of(replace(order_of(), status=status, filled_quantity=filled))


def error(code: str, **details: object) -> OrdoApiError:
    return OrdoApiError(code, "so it is", details=details)


ORDERS = {status: order_at(status) for status in OrderStatus}
NOT_KNOWN = {OrderStatus.RECEIVED, OrderStatus.SUBMITTING, OrderStatus.UNKNOWN}
passing = st.builds(
    error, st.sampled_from(sorted(_PASSING)), retry_after_ms=st.none() | st.integers(min_value=0, max_value=90_000)
)
lasting = st.sampled_from(["INVALID_SESSION", "ORDER_NOT_FOUND", "UNAUTHENTICATED", "OF_A_LATER_VERSION"]).map(error)


class Life:
    """An order that is looked at: each look is answered by the next of what is told, the last one for ever."""

    def __init__(self, told: Sequence[Order | OrdoApiError], *, slow: float = 0.0) -> None:
        self.told = told
        self.slow = slow
        self.seconds = 0.0
        self.looks = 0
        self.pauses: list[float] = []

    def through(self, first: Order, timeout: float) -> Order:
        course = until_filled(first, timeout=timeout, now=lambda: self.seconds)
        answer: Order | OrdoApiError | None = None
        while True:
            try:
                step = course.send(answer)
            except StopIteration as end:
                result: Order = end.value
                return result
            if isinstance(step, Wait):
                self.pauses.append(step.seconds)
                self.seconds += step.seconds
                answer = None
            else:
                answer = self.look(step, timeout)

    def look(self, step: Look, timeout: float) -> Order | OrdoApiError:
        assert 0 <= step.within <= timeout
        self.seconds += min(self.slow, step.within)
        self.looks += 1
        return self.told[min(self.looks, len(self.told)) - 1]


@settings(max_examples=150, deadline=None)
@given(
    first=st.sampled_from(OrderStatus),
    told=st.lists(st.sampled_from(OrderStatus).map(ORDERS.__getitem__) | passing | lasting, min_size=1, max_size=12),
    timeout=st.floats(min_value=0, max_value=120),
    slow=st.floats(min_value=0, max_value=5),
)
def test_the_end_is_told_as_it_is(
    first: OrderStatus, told: list[Order | OrdoApiError], timeout: float, slow: float
) -> None:
    life = Life(told, slow=slow)
    outcome: Order | OrdoApiError
    try:
        outcome = life.through(ORDERS[first], timeout)
    except OrdoApiError as failure:
        outcome = failure
    seen = [told[min(look, len(told) - 1)] for look in range(life.looks)]
    known = [ORDERS[first], *(one for one in seen if isinstance(one, Order))]
    assert life.seconds <= timeout
    assert not any(one.status.is_terminal for one in known[:-1])
    last = known[-1].status
    if seen and isinstance(seen[-1], OrdoApiError) and seen[-1].error_code not in _PASSING:
        assert outcome is seen[-1]
    elif last is OrderStatus.FILLED:
        assert outcome is known[-1]
    elif last.is_terminal:
        assert isinstance(outcome, OrderNotFilled)
        assert outcome.order is known[-1]
    else:
        assert isinstance(outcome, OutcomeUnknown if last in NOT_KNOWN else WaitTimedOut)
        assert outcome.order is known[-1]
        assert life.seconds == pytest.approx(timeout)
        assert outcome.__cause__ is (seen[-1] if isinstance(seen[-1], OrdoApiError) else None)


def test_it_looks_less_and_less_often() -> None:
    life = Life([ORDERS[OrderStatus.OPEN]])
    with pytest.raises(WaitTimedOut):
        life.through(ORDERS[OrderStatus.OPEN], 60)
    assert life.pauses[:6] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 2.0])
    assert max(life.pauses) == 2.0
    assert life.looks < 40


def test_a_gateway_that_asks_for_patience_is_given_it() -> None:
    life = Life([error("TOO_MANY_REQUESTS", retry_after_ms=7_000), ORDERS[OrderStatus.FILLED]])
    assert life.through(ORDERS[OrderStatus.OPEN], 60).status is OrderStatus.FILLED
    assert life.pauses == [7.0]


def test_what_has_ended_is_not_asked_for() -> None:
    life = Life([ORDERS[OrderStatus.OPEN]])
    assert life.through(ORDERS[OrderStatus.FILLED], 60) is ORDERS[OrderStatus.FILLED]
    assert life.looks == 0


def shown(status: OrderStatus) -> bytes:
    return answer(200, ORDERS[status].model_dump_json())


def test_over_http_an_order_is_waited_for(ask: Ask) -> None:
    first = ORDERS[OrderStatus.UNKNOWN]
    with HostileGateway.serving(LOST, shown(OrderStatus.OPEN), shown(OrderStatus.FILLED)) as gateway:
        assert ask(gateway.url, lambda ordo: ordo.orders.wait_until_filled(first)) == ORDERS[OrderStatus.FILLED]
    assert {seen.target for seen in gateway.seen} == {f"/api/v1/accounts/{first.account}/orders/{first.order_id}"}


def test_over_http_a_rejection_is_an_error_with_the_order(ask: Ask) -> None:
    with HostileGateway.serving(shown(OrderStatus.REJECTED)) as gateway, pytest.raises(OrderNotFilled) as raised:
        ask(gateway.url, lambda ordo: ordo.orders.wait_until_filled(ORDERS[OrderStatus.OPEN], timeout=5))
    assert raised.value.order == ORDERS[OrderStatus.REJECTED]
    assert "REJECTED with 0 of 10 units filled" in str(raised.value)


def test_time_that_is_over_is_a_timeout(ask: Ask) -> None:
    with HostileGateway.serving(shown(OrderStatus.OPEN)) as gateway, pytest.raises(TimeoutError) as raised:
        ask(gateway.url, lambda ordo: ordo.orders.wait_until_filled(ORDERS[OrderStatus.OPEN], timeout=0))
    assert isinstance(raised.value, WaitTimedOut)


BOOK = [ORDERS[status] for status in (OrderStatus.FILLED, OrderStatus.OPEN, OrderStatus.UNKNOWN)]
LISTED = answer(200, json.dumps([json.loads(order.model_dump_json()) for order in BOOK]))


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, BOOK),
        ({"status": "OPEN"}, BOOK[1:2]),
        ({"status": ("FILLED", "UNKNOWN")}, [BOOK[0], BOOK[2]]),
        ({"ended": False}, BOOK[1:]),
        ({"ended": True, "side": "BUY", "instrument": str(BOOK[0].instrument)}, BOOK[:1]),
        ({"side": "SELL"}, []),
        ({"instrument": "NSE:NOTHERE"}, []),
    ],
)
def test_orders_are_iterated_over(chosen: dict[str, object], expected: list[Order]) -> None:
    with HostileGateway.serving(LISTED, LISTED) as gateway:
        with OrdoClient(gateway.url, "") as ordo:
            assert list(ordo.orders.iterate("paper/DEMO", **chosen)) == expected  # type: ignore[arg-type]

        async def awaited() -> list[Order]:
            async with AsyncOrdoClient(gateway.url, "") as ordo:
                return [one async for one in ordo.orders.iterate("paper/DEMO", **chosen)]  # type: ignore[arg-type]

        assert asyncio.run(awaited()) == expected


@pytest.mark.parametrize("wrong", [{"status": "FILED"}, {"side": "buy"}])
def test_a_word_that_there_is_not_chooses_nothing_silently(wrong: dict[str, str]) -> None:
    with OrdoClient("http://127.0.0.1:1", "") as ordo, pytest.raises(ValueError, match="is not a valid"):
        ordo.orders.iterate("paper/DEMO", **wrong)  # type: ignore[arg-type]

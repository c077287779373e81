from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.orders import LEGAL, IllegalTransition, Order, OrderStatus, valid_order_id
from tests.support.clock import MONDAY_MORNING
from tests.support.machine import BROKER, TABLE, TERMINAL
from tests.support.orders import order_of

_LATER = MONDAY_MORNING + timedelta(seconds=1)


def _standing(status: OrderStatus) -> Order:
    order = order_of()
    return replace(order, status=status, filled_quantity=order.quantity if status is OrderStatus.FILLED else 0)


def test_the_machine_is_that_of_the_domain_facts() -> None:
    assert LEGAL == TABLE


def test_what_each_status_is() -> None:
    for status in OrderStatus:
        assert status.is_terminal == (status in TERMINAL)
        assert status.is_broker_word == (status in BROKER)
        assert status.is_live == (status in BROKER - TERMINAL)


@pytest.mark.parametrize("before", OrderStatus)
@pytest.mark.parametrize("after", OrderStatus)
def test_an_order_moves_only_as_the_machine_allows(before: OrderStatus, after: OrderStatus) -> None:
    order = _standing(before)
    if after not in TABLE[before]:
        with pytest.raises(IllegalTransition) as refusal:
            order.moved(after, at=_LATER)
        assert refusal.value.code is ErrorCode.INTERNAL_ERROR
    elif after is OrderStatus.FILLED:
        with pytest.raises(Invalid, match="FILLED"):
            order.moved(after, at=_LATER)
    else:
        moved = order.moved(after, at=_LATER, message="why")
        assert moved == replace(
            order, status=after, status_message="why", updated_at=_LATER, history=(moved.history[-1],)
        )
        assert (moved.history[-1].status, moved.history[-1].at, moved.history[-1].message) == (after, _LATER, "why")


@pytest.mark.parametrize(
    "broken",
    [
        {"filled_quantity": -1},
        {"filled_quantity": 11},
        {"filled_quantity": 10},
        {"status": OrderStatus.FILLED},
        {"status": OrderStatus.FILLED, "filled_quantity": 9},
        {"order_id": "37500000000000"},
        {"order_id": "3750000000000001"},
        {"order_id": "075000000000001"},
        {"order_id": "37500000000000x"},
        {"order_id": "٣75000000000001"},
        {"created_at": datetime(2026, 11, 23)},  # noqa: DTZ001  (naive on purpose)
        {"updated_at": datetime(2026, 11, 23)},  # noqa: DTZ001
        {"quantity": 0},
    ],
)
def test_an_order_that_cannot_be_is_refused_also_by_replace(broken: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        replace(order_of(), **broken)  # type: ignore[arg-type]


def test_what_remains_is_what_is_not_filled() -> None:
    assert replace(order_of(), filled_quantity=3, status=OrderStatus.OPEN).remaining_quantity == 7


def test_a_replay_is_the_same_order() -> None:
    assert replace(order_of(), replayed=True) == order_of()


def test_an_order_id_is_fifteen_digits() -> None:
    assert valid_order_id("375000000000001") == "375000000000001"
    with pytest.raises(Invalid) as refusal:
        valid_order_id("1")
    assert refusal.value.code is ErrorCode.ORDER_NOT_FOUND

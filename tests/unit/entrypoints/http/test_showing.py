"""An order is written without its view, and so in the view's own bytes, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from ordo.domain.orders import Order
from ordo.entrypoints.http.showing import order_text, orders_text
from ordo.schemas.v1 import orders as v1
from tests.contract.strategies import orders
from tests.contract.values import order


@given(order=orders())
def test_an_order_is_shown_as_its_view_would_show_it(order: Order) -> None:
    assert order_text(order).decode() == v1.Order.of(order).model_dump_json()


@given(several=st.lists(orders(), max_size=3))
def test_so_are_several(several: list[Order]) -> None:
    views = TypeAdapter(tuple[v1.Order, ...])
    assert orders_text(several) == views.dump_json(tuple(map(v1.Order.of, several)))


@pytest.mark.parametrize(
    "changed",
    [
        {"price": Decimal(800)},
        {"price": Decimal("8E+2")},
        {"price": Decimal("0.0500")},
        {"average_price": Decimal("-0.00")},
        {"sent_price": Decimal("1E-4")},
        {"updated_at": datetime(2026, 11, 23, 9, 15, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))},
        {"updated_at": datetime(2026, 11, 23, 9, 15, 0, 7, tzinfo=timezone(timedelta(hours=5, minutes=45)))},
        {"status_message": 'a "quoted" \\ line\r\n\t\x00\x1f\x7f\u2028 é 😀'},
        {"metadata": {"": "", "ключ": "</script>"}},
    ],
)
def test_whatever_can_be_written_in_several_ways_is_written_in_one(changed: dict[str, object]) -> None:
    told = replace(order(), **changed)  # type: ignore[arg-type]
    assert order_text(told).decode() == v1.Order.of(told).model_dump_json()


def _by_view(order: Order) -> bytes:
    return v1.Order.of(order).model_dump_json().encode()


@pytest.mark.parametrize("write", [order_text, _by_view])
def test_what_is_no_text_is_shown_by_neither(write: Callable[[Order], bytes]) -> None:
    with pytest.raises((TypeError, PydanticSerializationError)):
        write(replace(order(), status_message="\ud800"))


def test_every_field_of_the_view_is_written() -> None:
    text = order_text(order())
    assert v1.Order.model_validate_json(text).model_dump_json().encode() == text

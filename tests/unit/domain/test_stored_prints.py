"""Prints are stored, and a repeated call is told from another request by them: they may never come out otherwise."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.idempotency import fingerprint, likeness
from ordo.domain.instruments import format_decimal
from ordo.domain.orders import ModifyOrder, OrderTerms, OrderType, PlaceOrder, Product, Side, Validity
from tests.support.orders import NIFTY_CALL, SBIN, prices, quantities, terms

_LIMIT = PlaceOrder(
    instrument=SBIN,
    side=Side.BUY,
    quantity=10,
    order_type=OrderType.LIMIT,
    product=Product.CNC,
    price=Decimal("800.00"),
)
_STOP = PlaceOrder(
    instrument=NIFTY_CALL,
    side=Side.SELL,
    quantity=65,
    order_type=OrderType.STOP_LIMIT,
    product=Product.NRML,
    price=Decimal("99.5"),
    trigger_price=Decimal("1E+2"),
    validity=Validity.IOC,
)
_MARKET = PlaceOrder(
    instrument=SBIN,
    side=Side.BUY,
    quantity=10,
    order_type=OrderType.MARKET,
    product=Product.MIS,
    disclosed_quantity=5,
    after_market=True,
    protection=Decimal("2.50"),
)
_CHANGE = ModifyOrder(
    order_type=OrderType.STOP_LIMIT,
    price=Decimal("801.50"),
    trigger_price=Decimal(801),
    validity=Validity.DAY,
)


@pytest.mark.parametrize(
    ("command", "stored"),
    [
        (_LIMIT, "91a9b6efc782ec9507389caefd6fc3ffdc029a3c0247c6f826e288333f7a3410"),
        (_STOP, "2084dfe414f2c58d539bf8b23dcb127378de8cd739a6b58c49fa3221315920d6"),
        (_MARKET, "885feeed8d5a98c3a6af9b2527c7ba935e67cdca7e13dff8578dab745a13b838"),
        (ModifyOrder(quantity=5), "9252f66bff743009462ba52da54f06ec27ce71c2ca16ed945afc64646a7f31b0"),
        (_CHANGE, "03f15ad152c52733116fe3bd7cd98f203c855d2a229202fcb371493d630d0314"),
        (None, "bbbc78b3708fe799ff1b12d9f870bbb2e38ac31cafee6232e08d6286df6d698c"),
    ],
)
def test_a_fingerprint_is_what_was_stored(command: PlaceOrder | ModifyOrder | None, stored: str) -> None:
    assert fingerprint(command) == stored


@pytest.mark.parametrize(
    ("order", "stored"),
    [
        (_LIMIT, "85ad4045e40333c6cada237b85caef30a454e74e6b34dcd01553160912a41ba6"),
        (_STOP, "060922549bff591cacf4aa5e02030cb1565a24f51762a0a2d927705b7e003937"),
        (_MARKET, "493727d213399d40d9123317be677841e06d40db9855e2f548d92808f040f992"),
    ],
)
def test_a_likeness_is_what_was_stored(order: PlaceOrder, stored: str) -> None:
    assert likeness(order) == stored


def _field_by_field(value: object) -> object:
    if not isinstance(value, Decimal):
        return value
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-0", "0")


def _first_print(command: PlaceOrder | ModifyOrder | None) -> str:
    """How prints were made when the first were stored: from every field that makes two commands differ."""
    parts = [type(command).__name__]
    if command is not None:
        compared = (item.name for item in fields(command) if item.compare)
        parts += (f"{name}={_field_by_field(getattr(command, name))}" for name in compared)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _first_likeness(asked: OrderTerms) -> str:
    seen = (asked.instrument, asked.side, asked.quantity, asked.order_type, asked.price)
    return hashlib.sha256("\n".join(str(_field_by_field(value)) for value in seen).encode()).hexdigest()


_changes = st.builds(
    ModifyOrder,
    quantity=quantities,
    order_type=st.none() | st.sampled_from(OrderType),
    price=st.none() | prices,
    trigger_price=st.none() | prices,
    validity=st.none() | st.sampled_from(Validity),
)


@given(command=terms() | _changes)
def test_every_print_is_made_of_the_same_text_as_the_first(command: PlaceOrder | ModifyOrder) -> None:
    assert fingerprint(command) == _first_print(command)
    if isinstance(command, PlaceOrder):
        assert likeness(command) == _first_likeness(command)


@given(
    value=st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(["1E+9", "1E-7", "-0", "0E+3", "-0.0"])
)
def test_a_number_is_written_without_exponent_and_trailing_zeros(value: Decimal | str) -> None:
    number = Decimal(value)
    written = format_decimal(number)
    assert Decimal(written) == number
    plain = f"{number:f}"
    assert written == ((plain.rstrip("0").rstrip(".") if "." in plain else plain) if number else "0")

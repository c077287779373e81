from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.idempotency import fingerprint
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import ModifyOrder, OrderType, PlaceOrder, Product, Side, Validity
from tests.support.orders import BUY_TEN, SBIN, prices, terms


@given(order=terms(), zeros=st.integers(0, 4))
def test_equal_commands_have_equal_prints_however_their_numbers_are_written(order: PlaceOrder, zeros: int) -> None:
    def longer(value: Decimal | None) -> Decimal | None:
        return None if value is None else Decimal(f"{value:f}" + ("" if "." in f"{value:f}" else ".") + "0" * zeros)

    written_otherwise = replace(order, price=longer(order.price), trigger_price=longer(order.trigger_price))
    assert written_otherwise == order
    assert fingerprint(written_otherwise) == fingerprint(order)


@given(one=terms(), other=terms())
def test_different_commands_have_different_prints(one: PlaceOrder, other: PlaceOrder) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (one == other)


_FULL = PlaceOrder(
    instrument=SBIN,
    side=Side.BUY,
    quantity=10,
    order_type=OrderType.STOP_LIMIT,
    product=Product.CNC,
    price=Decimal(800),
    trigger_price=Decimal(799),
    disclosed_quantity=5,
)
_OTHERWISE: dict[str, list[object]] = {
    "instrument": [InstrumentKey.parse("BSE:SBIN"), InstrumentKey.parse("NSE:SBIN:BE")],
    "side": [Side.SELL],
    "quantity": [11, 100],
    "order_type": [OrderType.STOP_MARKET],
    "product": [Product.MIS, Product.MTF],
    "price": [Decimal("800.05"), Decimal(8000)],
    "trigger_price": [Decimal("799.05")],
    "validity": [Validity.IOC],
    "disclosed_quantity": [None, 6],
    "after_market": [True],
    "protection": ["none", Decimal(5)],
}
_BESIDE: dict[str, dict[str, object]] = {
    "side": {"price": Decimal(798)},
    "order_type": {"price": None},
    "validity": {"disclosed_quantity": None},
}


def test_every_field_is_part_of_the_print() -> None:
    # Whether a look-alike is allowed is no term of the order.
    assert set(_OTHERWISE) == {item.name for item in fields(PlaceOrder)} - {"allow_duplicate"}
    assert fingerprint(replace(_FULL, allow_duplicate=True)) == fingerprint(_FULL)
    for name, values in _OTHERWISE.items():
        beside = _BESIDE.get(name, {})
        for value in values:
            changed = replace(_FULL, **{name: value, **beside})  # type: ignore[arg-type]
            assert fingerprint(changed) != fingerprint(_FULL), name


@given(price=prices, quantity=st.integers(1, 10**9))
def test_a_change_is_not_an_order_and_a_cancellation_neither(price: Decimal, quantity: int) -> None:
    change = ModifyOrder(price=price, quantity=quantity)
    prints = {
        fingerprint(change),
        fingerprint(ModifyOrder(price=price)),
        fingerprint(ModifyOrder(quantity=quantity)),
        fingerprint(ModifyOrder(trigger_price=price)),
        fingerprint(replace(BUY_TEN, price=price, quantity=quantity)),
        fingerprint(None),
    }
    assert len(prints) == 6
    assert fingerprint(None) == fingerprint(None)

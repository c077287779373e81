from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.errors import Invalid
from ordo.domain.orders import OrderType, Product, Side
from ordo.domain.protection import protected, slab
from tests.support.orders import BUY_TEN, NIFTY_CALL, option, share

MARKET = replace(BUY_TEN, order_type=OrderType.MARKET, price=None)
STOP = replace(MARKET, order_type=OrderType.STOP_MARKET, trigger_price=Decimal(810))
CALL = replace(MARKET, instrument=NIFTY_CALL, product=Product.NRML, quantity=65)


@pytest.mark.parametrize(
    ("price", "percent"),
    [("99.95", "2"), ("100", "1"), ("500", "1"), ("500.05", "0.5")],
)
def test_the_slabs_of_shares_and_futures(price: str, percent: str) -> None:
    assert slab(share(), Decimal(price)) == Decimal(percent)


@pytest.mark.parametrize(
    ("price", "percent"),
    [("9.95", "5"), ("10", "3"), ("99.95", "3"), ("100", "2"), ("500", "2"), ("500.05", "1")],
)
def test_the_slabs_of_options(price: str, percent: str) -> None:
    assert slab(option(), Decimal(price)) == Decimal(percent)


@pytest.mark.parametrize(
    ("side", "last", "price"),
    [(Side.BUY, "800", "804.00"), (Side.BUY, "801", "805.05"), (Side.SELL, "800", "796"), (Side.SELL, "801", "796.95")],
)
def test_a_market_order_becomes_a_limit_rounded_towards_the_market(side: Side, last: str, price: str) -> None:
    sent = protected(replace(MARKET, side=side), share(), Decimal(last))
    assert (sent.order_type, sent.price, sent.trigger_price) == (OrderType.LIMIT, Decimal(price), None)
    assert (sent.side, sent.quantity, sent.product) == (side, 10, MARKET.product)


def test_a_percentage_of_ones_own_counts_instead_of_the_slab() -> None:
    assert protected(replace(MARKET, protection=Decimal("2.5")), share(), Decimal(800)).price == Decimal(820)


def test_a_percentage_of_the_broker_counts_instead_of_the_slab_and_ones_own_before_it() -> None:
    assert protected(MARKET, share(), Decimal(800), Decimal(5)).price == Decimal(840)
    own = replace(MARKET, protection=Decimal("2.5"))
    assert protected(own, share(), Decimal(800), Decimal(5)).price == Decimal(820)


def test_the_limit_stays_inside_the_band() -> None:
    banded = replace(share(), band_low=Decimal("799.98"), band_high=Decimal("800.07"))
    assert protected(MARKET, banded, Decimal(800)).price == Decimal("800.05")
    assert protected(replace(MARKET, side=Side.SELL), banded, Decimal(800)).price == Decimal("800.00")


def test_a_stop_gets_a_limit_beyond_its_trigger_at_least_one_tick() -> None:
    sent = protected(STOP, share(), None)
    assert (sent.order_type, sent.price, sent.trigger_price) == (OrderType.STOP_LIMIT, Decimal("814.05"), Decimal(810))
    near = replace(STOP, protection=Decimal("0.0001"))
    assert protected(near, share(), None).price == Decimal("810.05")
    assert protected(replace(near, side=Side.SELL), share(), None).price == Decimal("809.95")


def test_a_sale_never_goes_to_zero() -> None:
    sale = replace(CALL, side=Side.SELL, protection=Decimal(100))
    assert protected(sale, option(), Decimal("0.05")).price == Decimal("0.05")


@pytest.mark.parametrize(
    "terms", [BUY_TEN, replace(BUY_TEN, order_type=OrderType.STOP_LIMIT, trigger_price=BUY_TEN.price)]
)
def test_what_has_a_limit_stays_as_it_is(terms: object) -> None:
    assert protected(terms, share(), None) is terms  # type: ignore[arg-type]


def test_without_a_price_or_a_bound_nothing_is_sent() -> None:
    with pytest.raises(Invalid, match="no fresh last price"):
        protected(MARKET, share(), None)
    with pytest.raises(Invalid, match="auto or a percentage"):
        protected(replace(MARKET, protection="none"), share(), Decimal(800))


@given(ticks=st.integers(1, 100_000), side=st.sampled_from(Side))
def test_the_limit_is_on_the_tick_and_never_worse_for_the_filling(ticks: int, side: Side) -> None:
    last = ticks * Decimal("0.05")
    price = protected(replace(MARKET, side=side), share(), last).price
    assert price is not None
    assert share().on_tick(price)
    assert price > 0
    assert (price - last) * side.sign >= 0 or price == Decimal("0.05")

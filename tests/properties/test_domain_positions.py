from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.orders import Product
from ordo.domain.portfolio import Position, open_side_value
from tests.support.orders import SBIN

_PAISA = Fraction(1, 100)
_prices = st.decimals(min_value=Decimal("0.05"), max_value=Decimal(100_000), places=4)
_fills = st.lists(st.tuples(st.integers(1, 100_000), _prices), max_size=5)
_multipliers = st.sampled_from([Decimal(1), Decimal(1000), Decimal("2.5")])


def _of(
    buys: list[tuple[int, Decimal]],
    sells: list[tuple[int, Decimal]],
    last_price: Decimal | None,
    multiplier: Decimal,
) -> Position:
    return Position.of_totals(
        instrument=SBIN,
        product=Product.MIS,
        buy_quantity=sum(quantity for quantity, _ in buys),
        buy_value=sum((quantity * price * multiplier for quantity, price in buys), Decimal(0)),
        sell_quantity=sum(quantity for quantity, _ in sells),
        sell_value=sum((quantity * price * multiplier for quantity, price in sells), Decimal(0)),
        last_price=last_price,
        multiplier=multiplier,
    )


@given(buys=_fills, sells=_fills, last_price=_prices, multiplier=_multipliers)
def test_profit_is_realised_and_unrealised_to_the_last_digit(
    buys: list[tuple[int, Decimal]], sells: list[tuple[int, Decimal]], last_price: Decimal, multiplier: Decimal
) -> None:
    position = _of(buys, sells, last_price, multiplier)
    assert position.pnl is not None
    assert position.realised_pnl is not None
    assert position.unrealised_pnl is not None
    assert position.pnl == position.realised_pnl + position.unrealised_pnl
    assert position.pnl == (position.sell_value - position.buy_value + position.quantity * last_price * multiplier)


@given(buys=_fills, sells=_fills, last_price=_prices, multiplier=_multipliers)
def test_the_parts_are_those_of_an_exact_reckoning_to_half_a_paisa(
    buys: list[tuple[int, Decimal]], sells: list[tuple[int, Decimal]], last_price: Decimal, multiplier: Decimal
) -> None:
    position = _of(buys, sells, last_price, multiplier)
    factor = Fraction(multiplier)
    bought, sold = (
        (sum(quantity for quantity, _ in fills), sum(quantity * Fraction(price) * factor for quantity, price in fills))
        for fills in (buys, sells)
    )
    buy_average = bought[1] / (bought[0] * factor) if bought[0] else Fraction(0)
    sell_average = sold[1] / (sold[0] * factor) if sold[0] else Fraction(0)
    net = bought[0] - sold[0]
    average = buy_average if net > 0 else sell_average if net < 0 else Fraction(0)
    realised = (sell_average - buy_average) * min(bought[0], sold[0]) * factor
    unrealised = (Fraction(last_price) - average) * net * factor
    assert position.quantity == net
    assert abs(Fraction(position.realised_pnl or 0) - realised) <= _PAISA / 2
    assert abs(Fraction(position.unrealised_pnl or 0) - unrealised) <= _PAISA / 2
    # The average is taken of a value that was rounded to the paisa, and is rounded to 0.0001 itself.
    tolerance = _PAISA / 2 / (abs(net) * factor) + Fraction(1, 20_000) if net else Fraction(0)
    assert abs(Fraction(position.average_price) - average) <= tolerance


@given(buys=_fills, sells=_fills, multiplier=_multipliers)
def test_without_a_last_price_only_what_is_realised_is_known(
    buys: list[tuple[int, Decimal]], sells: list[tuple[int, Decimal]], multiplier: Decimal
) -> None:
    position = _of(buys, sells, None, multiplier)
    assert (position.last_price, position.unrealised_pnl, position.pnl) == (None, None, None)
    assert position.realised_pnl == _of(buys, sells, Decimal(1), multiplier).realised_pnl


@given(buys=_fills, sells=_fills)
def test_buying_and_selling_mirror_each_other(
    buys: list[tuple[int, Decimal]], sells: list[tuple[int, Decimal]]
) -> None:
    long, short = _of(buys, sells, Decimal(100), Decimal(1)), _of(sells, buys, Decimal(100), Decimal(1))
    assert (short.quantity, short.average_price) == (-long.quantity, long.average_price)
    assert short.pnl == -(long.pnl or 0)
    assert short.realised_pnl == -(long.realised_pnl or 0)


@given(buys=_fills, sells=_fills)
def test_the_value_of_the_open_side_is_between_nothing_and_all_of_it(
    buys: list[tuple[int, Decimal]], sells: list[tuple[int, Decimal]]
) -> None:
    position = _of(buys, sells, None, Decimal(1))
    value = open_side_value(position.buy_quantity, position.buy_value, position.sell_quantity, position.sell_value)
    whole = position.buy_value if position.quantity > 0 else position.sell_value
    assert 0 <= value <= whole + Decimal("0.005")
    assert (value == 0) == (position.quantity == 0)

"""What an account may hold."""

from __future__ import annotations

from decimal import Decimal

from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import Product
from ordo.domain.portfolio import Holding, Position
from tests.support.orders import SBIN


def position(
    quantity: int,
    *,
    key: InstrumentKey = SBIN,
    product: Product = Product.MIS,
    price: str = "800",
    last: str | None = "800",
) -> Position:
    """Bought, or sold short, at one price, in one go."""
    value = abs(quantity) * Decimal(price)
    return Position.of_totals(
        instrument=key,
        product=product,
        buy_quantity=max(quantity, 0),
        buy_value=value if quantity > 0 else Decimal(0),
        sell_quantity=max(-quantity, 0),
        sell_value=value if quantity < 0 else Decimal(0),
        last_price=None if last is None else Decimal(last),
    )


def holding(quantity: int, *, key: InstrumentKey = SBIN, pledged: int | None = None) -> Holding:
    return Holding(instrument=key, quantity=quantity, average_price=Decimal(700), pledged_quantity=pledged)

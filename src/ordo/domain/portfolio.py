"""Money and possessions. The arithmetic of a position is written here once, for every broker (domain facts,
section 8).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from ordo.domain.errors import Invalid
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import Product, Side

PAISA = Decimal("0.01")
_AVERAGE = Decimal("0.0001")


def to_paisa(amount: Decimal) -> Decimal:
    """Round rupees half up to 0.01."""
    return amount.quantize(PAISA, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """What an account can spend, in rupees. `None` means that the broker did not say; it is never 0.

    `cash` is settled money without collateral, `available` what new orders may use, `utilised` what is
    blocked, `collateral` the value of pledged holdings after haircut, `opening` the day's first balance.
    """

    as_of: datetime
    cash: Decimal | None
    available: Decimal | None
    utilised: Decimal | None = None
    collateral: Decimal | None = None
    opening: Decimal | None = None
    realised_pnl: Decimal | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A day's dealings in one instrument under one product.

    `quantity` is net and signed, in units. `buy_value` and `sell_value` are rupees (units times price times
    multiplier). `average_price` is that of the open side, 0 when flat. Profit and loss are rupees; they are
    `None` where no last price is known, except `realised_pnl`, which needs none.
    """

    instrument: InstrumentKey
    product: Product
    quantity: int
    average_price: Decimal
    buy_quantity: int
    sell_quantity: int
    buy_value: Decimal
    sell_value: Decimal
    last_price: Decimal | None = None
    realised_pnl: Decimal | None = None
    unrealised_pnl: Decimal | None = None
    pnl: Decimal | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, count in (("buy_quantity", self.buy_quantity), ("sell_quantity", self.sell_quantity)):
            if count < 0:
                raise Invalid.field(name, "counts from 0", seen=count)
        if self.buy_quantity - self.sell_quantity != self.quantity:
            raise Invalid.field("quantity", "must be bought less sold", seen=self.quantity)

    @classmethod
    def of_totals(
        cls,
        *,
        instrument: InstrumentKey,
        product: Product,
        buy_quantity: int,
        buy_value: Decimal,
        sell_quantity: int,
        sell_value: Decimal,
        last_price: Decimal | None,
        multiplier: Decimal = Decimal(1),
    ) -> Position:
        """Derive a position from its totals, so that `pnl == realised_pnl + unrealised_pnl` holds to the last
        digit.

        The value of the open side is its share of all that was bought (or sold), rounded half up to the
        paisa; what is not open is realised.
        """
        net = buy_quantity - sell_quantity
        open_value = open_side_value(buy_quantity, buy_value, sell_quantity, sell_value)
        sign = (net > 0) - (net < 0)
        realised = sell_value - buy_value + sign * open_value
        unrealised = None if last_price is None else net * last_price * multiplier - sign * open_value
        average = (open_value / (abs(net) * multiplier)).quantize(_AVERAGE, ROUND_HALF_UP) if net else Decimal(0)
        return cls(
            instrument=instrument,
            product=product,
            quantity=net,
            average_price=average,
            buy_quantity=buy_quantity,
            sell_quantity=sell_quantity,
            buy_value=buy_value,
            sell_value=sell_value,
            last_price=last_price,
            realised_pnl=realised,
            unrealised_pnl=unrealised,
            pnl=None if unrealised is None else realised + unrealised,
        )


def open_side_value(buy_quantity: int, buy_value: Decimal, sell_quantity: int, sell_value: Decimal) -> Decimal:
    """What the open units cost (or brought, for a short position), in rupees to the paisa, never negative."""
    net = buy_quantity - sell_quantity
    if net > 0:
        return to_paisa(buy_value * net / buy_quantity)
    if net < 0:
        return to_paisa(sell_value * -net / sell_quantity)
    return Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Shares held for the long term. `quantity` counts settled and T1 units; `None` means that the broker did
    not say.
    """

    instrument: InstrumentKey
    quantity: int
    average_price: Decimal
    isin: str | None = None
    t1_quantity: int | None = None
    pledged_quantity: int | None = None
    last_price: Decimal | None = None
    pnl: Decimal | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """One account at one moment: `as_of` is the oldest of the reads that it is made of."""

    cash_balance: Decimal | None
    margin_available: Decimal | None
    positions: tuple[Position, ...]
    holdings: tuple[Holding, ...]
    as_of: datetime
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution. `price` in rupees, `quantity` in units; `order_id` is Ordo's where the order is Ordo's."""

    trade_id: str
    broker_order_id: str
    instrument: InstrumentKey
    side: Side
    product: Product
    quantity: int
    price: Decimal
    traded_at: datetime
    order_id: str | None = None

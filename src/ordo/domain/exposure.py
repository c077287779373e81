"""What an account has and has ordered, at one moment, and what one more order would make of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ordo.domain.book import BrokerOrder
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import Order, OrderTerms, Product, Side
from ordo.domain.portfolio import Funds, Holding, Position

Place = tuple[InstrumentKey, Product]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An order that may still fill: so many units, at that price where it has one."""

    instrument: InstrumentKey
    product: Product
    side: Side
    quantity: int
    price: Decimal | None

    @property
    def place(self) -> Place:
        """The position that it would change."""
        return self.instrument, self.product


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """Fresh reads of one account. `unsettled` are Ordo's own orders that the book may not show yet. Holdings and funds
    are `None` where nobody needed them.
    """

    positions: tuple[Position, ...]
    orders: tuple[BrokerOrder, ...]
    unsettled: tuple[Order, ...] = ()
    holdings: tuple[Holding, ...] | None = None
    funds: Funds | None = None

    def waiting(self, itself: Order | None = None) -> Iterator[Waiting]:
        """Every order that may still fill, but `itself`. A status that nobody knows may fill."""
        shown = {None if itself is None else itself.order_id}
        for row in self.orders:
            shown.add(row.tag)
            if (row.status is None or row.status.is_live) and not _is(row, itself):
                left = row.quantity - row.filled_quantity
                yield Waiting(
                    instrument=row.instrument, product=row.product, side=row.side, quantity=left, price=row.price
                )
        for order in self.unsettled:
            if order.order_id not in shown:
                yield Waiting(
                    instrument=order.instrument,
                    product=order.product,
                    side=order.side,
                    quantity=order.remaining_quantity,
                    price=order.price,
                )

    def net(self, place: Place) -> int:
        """Units held, negative for a short position; for CNC with what is held for delivery, where that was read."""
        held = sum(one.quantity for one in self.positions if (one.instrument, one.product) == place)
        if place[1] is not Product.CNC:
            return held
        return held + sum(one.quantity for one in self.holdings or () if one.instrument == place[0])

    def closes(self, terms: OrderTerms, itself: Order | None = None) -> bool:
        """Whether an order can only make a position smaller, even when every waiting order beside it fills: it must not
        turn a long position short, or a short one long. `itself` is the order that has these terms or shall get them;
        what is filled of it is in the position already.
        """
        place = (terms.instrument, terms.product)
        net = self.net(place) * terms.side.sign
        beside = sum(one.quantity for one in self.waiting(itself) if one.place == place and one.side is terms.side)
        filled = 0 if itself is None else itself.filled_quantity
        return net < 0 and terms.quantity - filled + beside <= -net

    def is_protective(self, order: OrderTerms) -> bool:
        """Whether an order stands against an open position, so that it ends the risk when it fills."""
        return self.net((order.instrument, order.product)) * order.side.sign < 0

    def exposure(
        self, added: Waiting, multipliers: Mapping[InstrumentKey, Decimal], itself: Order | None = None
    ) -> Decimal | None:
        """Rupees at risk in the day's positions when the worse side of all waiting orders, and of the one to be added,
        has filled. `None` where a price is missing.
        """
        buys: dict[Place, int] = defaultdict(int)
        sells: dict[Place, int] = defaultdict(int)
        nets: dict[Place, int] = defaultdict(int)
        prices: dict[Place, Decimal] = {}
        for one in self.positions:
            place = (one.instrument, one.product)
            nets[place] += one.quantity
            price = one.last_price or one.average_price
            prices[place] = max(prices.get(place, price), price)
        for order in (*self.waiting(itself), added):
            (buys if order.side is Side.BUY else sells)[order.place] += order.quantity
            if order.price is not None:
                prices[order.place] = max(prices.get(order.place, order.price), order.price)
        total = Decimal(0)
        for place in {*nets, *buys, *sells}:
            units = max(abs(nets[place] + buys[place]), abs(nets[place] - sells[place]))
            if units and not prices.get(place):
                return None
            total += units * prices.get(place, Decimal(0)) * multipliers.get(place[0], Decimal(1))
        return total

    def loss(self) -> Decimal | None:
        """Rupees that the day's positions have lost, negative for a profit; `None` where the broker does not say."""
        total = Decimal(0)
        for one in self.positions:
            pnl = one.pnl
            if pnl is None and not one.quantity:
                pnl = one.sell_value - one.buy_value
            if pnl is None:
                return None
            total += pnl
        return -total

    def sellable(self, key: InstrumentKey, itself: Order | None = None) -> int:
        """Units that a CNC sale may bring: held and not pledged, bought or sold today, less what is for sale."""
        held = sum(one.quantity - (one.pledged_quantity or 0) for one in self.holdings or () if one.instrument == key)
        today = sum(one.quantity for one in self.positions if (one.instrument, one.product) == (key, Product.CNC))
        for_sale = sum(
            one.quantity for one in self.waiting(itself) if one.place == (key, Product.CNC) and one.side is Side.SELL
        )
        return held + today - for_sale


def _is(row: BrokerOrder, order: Order | None) -> bool:
    return order is not None and (row.tag == order.order_id or row.broker_order_id == order.broker_order_id)

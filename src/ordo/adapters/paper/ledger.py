"""One account's money and possessions, to the paisa.

Delivery and options are paid and received in cash as they trade; intraday shares and futures pay and receive
only what they realise, against a margin that is blocked meanwhile. So at every moment

    opening cash + realised - charges == cash + cost of what was paid for and is still open

where `cash` is `available` plus everything blocked. Profit is realised by the averages of the domain's
`Position`: a purchase after a round trip on the same day averages with the earlier ones, as at the brokers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.orders import Product, Side
from ordo.domain.portfolio import Trade, open_side_value, to_paisa

ZERO = Decimal("0.00")


def _read_key(value: object) -> object:
    return InstrumentKey.parse(value) if isinstance(value, str) else value


Key = Annotated[InstrumentKey, PlainSerializer(str), BeforeValidator(_read_key)]


def in_cash(instrument: Instrument, product: Product) -> bool:
    """Whether trades are paid in full, rather than margined."""
    return instrument.kind is Kind.OPTION or (instrument.key.venue.is_cash and product is not Product.MIS)


def is_margined(instrument: Instrument, product: Product, side: Side) -> bool:
    """Whether a position opened on this side blocks margin for as long as it is open."""
    return not in_cash(instrument, product) or (instrument.kind is Kind.OPTION and side is Side.SELL)


@dataclass(slots=True, kw_only=True)
class Dealings:
    """What one account has bought and sold in one instrument under one product, since the day began or since
    it began to carry the position. `margin` is what the open units block, `last_price` that of the last deal.
    """

    instrument: Instrument
    product: Product
    last_price: Decimal
    buy_quantity: int = 0
    sell_quantity: int = 0
    buy_value: Decimal = ZERO
    sell_value: Decimal = ZERO
    margin: Decimal = ZERO

    @property
    def net(self) -> int:
        """Open units, negative when sold short."""
        return self.buy_quantity - self.sell_quantity

    @property
    def open_value(self) -> Decimal:
        """What the open units cost, or brought."""
        return open_side_value(self.buy_quantity, self.buy_value, self.sell_quantity, self.sell_value)

    @property
    def realised(self) -> Decimal:
        """Profit of the units that are no longer open."""
        signed = self.open_value if self.net > 0 else -self.open_value
        return self.sell_value - self.buy_value + signed

    @property
    def paid(self) -> Decimal:
        """What is tied up in the open units, negative where they brought money; 0 when they are margined."""
        if not in_cash(self.instrument, self.product):
            return ZERO
        return self.open_value if self.net > 0 else -self.open_value

    def closable(self, side: Side) -> int:
        """How many units an order of this side would close. Delivery is always paid, so it closes nothing."""
        return 0 if self.product is Product.CNC else max(0, -side.sign * self.net)

    def carry(self) -> None:
        """Begin a new day with nothing but the open units."""
        net, value = self.net, self.open_value
        self.buy_quantity, self.buy_value = max(net, 0), value if net > 0 else ZERO
        self.sell_quantity, self.sell_value = max(-net, 0), value if net < 0 else ZERO


@dataclass(slots=True, kw_only=True)
class Shares:
    """Shares held for delivery, as of the start of the day: all units, those of yesterday's purchases among
    them, and what they cost in rupees.
    """

    instrument: Instrument
    quantity: int = 0
    t1_quantity: int = 0
    cost: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class Account:
    """Rupees to the paisa. `blocked` is kept back for orders, `margin` for positions; `opening` is the day's
    first cash, `realised` the profit of the days before this one, `charges` all that was ever charged.
    """

    account_id: str
    opening: Decimal
    cash: Decimal
    blocked: Decimal = ZERO
    margin: Decimal = ZERO
    realised: Decimal = ZERO
    charges: Decimal = ZERO
    dealings: dict[Key, dict[Product, Dealings]] = field(default_factory=dict)
    shares: dict[Key, Shares] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)

    @property
    def available(self) -> Decimal:
        """What new orders may use. Losses and the charges of closing orders can take it below 0."""
        return self.cash - self.blocked - self.margin

    def all_dealings(self) -> Iterator[Dealings]:
        """Every row of the day, closed ones included."""
        for by_product in self.dealings.values():
            yield from by_product.values()

    def dealings_in(self, key: InstrumentKey, product: Product) -> Dealings | None:
        """The row of one instrument and product, if there is one."""
        by_product = self.dealings.get(key)
        return None if by_product is None else by_product.get(product)

    def closable(self, key: InstrumentKey, product: Product, side: Side) -> int:
        """How many open units an order of this side would close."""
        row = self.dealings_in(key, product)
        return 0 if row is None else row.closable(side)

    def deliverable(self, key: InstrumentKey) -> int:
        """Shares that could be sold for delivery if no order were open: held, and bought less sold today."""
        held, row = self.shares.get(key), self.dealings_in(key, Product.CNC)
        return (0 if held is None else held.quantity) + (0 if row is None else row.net)

    def deal(self, instrument: Instrument, product: Product, side: Side, *, quantity: int, price: Decimal) -> int:
        """Book one execution but for its charges and return how many of its units opened a position; their
        margin is the caller's to `add_margin`.
        """
        row = self.dealings.setdefault(instrument.key, {}).setdefault(
            product, Dealings(instrument=instrument, product=product, last_price=price)
        )
        closing = min(quantity, max(0, -side.sign * row.net))
        if closing:
            self._release(row, closing)
        value = to_paisa(price * quantity * instrument.multiplier)
        before = row.realised
        row.last_price = price
        if side is Side.BUY:
            row.buy_quantity += quantity
            row.buy_value += value
        else:
            row.sell_quantity += quantity
            row.sell_value += value
        self.cash += -side.sign * value if in_cash(instrument, product) else row.realised - before
        return quantity - closing

    def add_margin(self, key: InstrumentKey, product: Product, amount: Decimal) -> None:
        """Block an amount for the position that units have just opened."""
        self.dealings[key][product].margin += amount
        self.margin += amount

    def charge(self, amount: Decimal) -> None:
        """Take charges from the cash."""
        self.cash -= amount
        self.charges += amount

    def begin_day(self) -> None:
        """Forget the day that is over but for what lasts: delivery becomes holdings, open units are carried."""
        self.trades.clear()
        for held in self.shares.values():
            held.t1_quantity = 0
        for key, by_product in list(self.dealings.items()):
            for product, row in list(by_product.items()):
                self.realised += row.realised
                if product is Product.CNC:
                    self._deliver(row)
                row.carry()
                if row.net == 0 or product is Product.CNC:
                    del by_product[product]
            if not by_product:
                del self.dealings[key]
        self.opening = self.cash

    def leaving(self, day: date) -> tuple[Dealings, ...]:
        """The open rows that may not be held on a day: intraday ones, and contracts that have expired."""
        return tuple(
            row
            for row in self.all_dealings()
            if row.net and (row.product is Product.MIS or has_expired(row.instrument, day))
        )

    def _release(self, row: Dealings, closing: int) -> None:
        amount = to_paisa(row.margin * closing / abs(row.net))
        row.margin -= amount
        self.margin -= amount

    def _deliver(self, row: Dealings) -> None:
        net = row.net
        if net == 0:
            return
        held = self.shares.setdefault(row.instrument.key, Shares(instrument=row.instrument))
        if net > 0:
            held.t1_quantity = net
            held.cost += row.open_value
        else:
            cost = held.cost if -net == held.quantity else to_paisa(held.cost * -net / held.quantity)
            held.cost -= cost
            self.realised += row.open_value - cost
        held.quantity += net
        if held.quantity == 0:
            del self.shares[row.instrument.key]


def has_expired(instrument: Instrument, day: date) -> bool:
    """Whether a contract's last day lies before a day."""
    return instrument.key.expiry is not None and instrument.key.expiry < day

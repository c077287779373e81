"""A second, simple-minded account of the same trades. It shares no code with the paper broker and reads only trades."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from ordo.domain.orders import Product, Side
from ordo.domain.portfolio import Trade

PERCENT = Fraction(1, 100)


def paisa(amount: Fraction) -> Fraction:
    """Half up, away from nothing."""
    return Fraction((amount * 100 + Fraction(1, 2)).__floor__(), 100)


def charges(trade: Trade, value: Fraction, *, settled: bool, held: bool) -> Fraction:
    """Domain facts 7.1, once more, for NSE."""
    option, future = trade.instrument.strike is not None, trade.instrument.expiry is not None
    buy = trade.side is Side.BUY
    if settled:
        return paisa(value * Fraction(15, 100) * PERCENT) if option and held else Fraction(0)
    if option:
        fee, txn, stt, stamp = Fraction(20), "0.03553", "0" if buy else "0.15", "0.003"
    elif future:
        fee, txn, stt, stamp = value * Fraction(3, 100) * PERCENT, "0.00183", "0" if buy else "0.05", "0.002"
    elif trade.product is Product.MIS:
        fee, txn, stt, stamp = value * Fraction(3, 100) * PERCENT, "0.00307", "0" if buy else "0.025", "0.003"
    else:
        fee, txn, stt, stamp = value * Fraction(3, 10) * PERCENT, "0.00307", "0.1", "0.015"
    brokerage, exchange, sebi = (
        paisa(min(Fraction(20), fee)),
        paisa(value * Fraction(txn) * PERCENT),
        paisa(value / 1_000_000),
    )
    return (
        brokerage
        + exchange
        + sebi
        + paisa(value * Fraction(stt) * PERCENT)
        + (paisa(value * Fraction(stamp) * PERCENT) if buy else 0)
        + paisa((brokerage + exchange + sebi) * 18 * PERCENT)
    )


@dataclass
class Line:
    bought: int = 0
    paid: Fraction = Fraction(0)
    sold: int = 0
    got: Fraction = Fraction(0)

    @property
    def net(self) -> int:
        return self.bought - self.sold

    @property
    def cost(self) -> Fraction:
        """What is in the open units: paid for long ones, and below zero for short ones."""
        if self.net > 0:
            return paisa(self.paid * self.net / self.bought)
        return -paisa(self.got * -self.net / self.sold) if self.net < 0 else Fraction(0)

    @property
    def realised(self) -> Fraction:
        return self.got - self.paid + self.cost


@dataclass
class Bookkeeper:
    cash: Fraction
    lines: dict[tuple[str, Product], Line] = field(default_factory=lambda: defaultdict(Line))
    holdings: dict[str, list[Fraction]] = field(default_factory=lambda: defaultdict(lambda: [Fraction(0), Fraction(0)]))
    orders: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    charged: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    realised: Fraction = Fraction(0)

    def note(self, trade: Trade, *, settled: bool = False) -> None:
        line = self.lines[str(trade.instrument), trade.product]
        held = line.net > 0
        value = Fraction(trade.price) * trade.quantity
        if trade.side is Side.BUY:
            line.bought, line.paid = line.bought + trade.quantity, line.paid + value
        else:
            line.sold, line.got = line.sold + trade.quantity, line.got + value
        number = trade.broker_order_id
        self.orders[number] += value
        self.charged[number] = charges(trade, self.orders[number], settled=settled, held=held)

    def end_day(self) -> None:
        for (name, product), line in list(self.lines.items()):
            self.realised += line.realised
            net, cost = line.net, line.cost
            self.lines[name, product] = Line(
                bought=max(net, 0), paid=max(cost, Fraction(0)), sold=max(-net, 0), got=max(-cost, Fraction(0))
            )
            if product is Product.CNC:
                self._deliver(name, net, cost)
                del self.lines[name, product]

    def _deliver(self, name: str, net: int, cost: Fraction) -> None:
        quantity, paid = self.holdings[name]
        if net < 0:
            drawn = paisa(paid * -net / quantity)
            self.realised += -cost - drawn
            cost = -drawn
        self.holdings[name] = [quantity + net, paid + cost]

    @property
    def all_charges(self) -> Fraction:
        return sum(self.charged.values(), Fraction(0))

    @property
    def all_realised(self) -> Fraction:
        return self.realised + sum((line.realised for line in self.lines.values()), Fraction(0))

    @property
    def cost_of_what_is_open(self) -> Fraction:
        """What delivery and options have tied up; the rest is margined."""
        paid = (
            line.cost
            for (name, product), line in self.lines.items()
            if name.endswith(("CE", "PE")) or product is Product.CNC
        )
        return sum(paid, Fraction(0)) + sum((cost for _, cost in self.holdings.values()), Fraction(0))

    @property
    def money(self) -> Fraction:
        """What must be there, available or blocked: opening cash + realised - charges - cost of what is open."""
        return self.cash + self.all_realised - self.all_charges - self.cost_of_what_is_open


def as_decimal(amount: Fraction) -> Decimal:
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)

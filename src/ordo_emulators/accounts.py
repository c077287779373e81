"""An account at the emulated broker: cash, margin, positions and holdings.

Margins are plain percentages, near enough for a client to run short of money in a believable way.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from ordo_emulators.instruments import Instrument, Kind
from ordo_emulators.orders import Product, Side

_INTRADAY_SHARE: Final = Decimal("0.20")
_FINANCED_SHARE: Final = Decimal("0.25")
_DERIVATIVE_SHARE: Final = Decimal("0.15")


@dataclass(slots=True, kw_only=True)
class Position:
    """One instrument under one product. Quantities and values count what was carried too; `carried` is signed."""

    instrument: Instrument
    product: Product
    bought: int = 0
    bought_value: Decimal = Decimal(0)
    sold: int = 0
    sold_value: Decimal = Decimal(0)
    carried: int = 0
    carried_value: Decimal = Decimal(0)
    """The part of `bought_value` or `sold_value` that was carried."""
    average: Decimal = Decimal(0)
    """The average price of what is open, 0 when flat."""
    realised: Decimal = Decimal(0)

    @property
    def net(self) -> int:
        return self.bought - self.sold

    def trade(self, side: Side, quantity: int, price: Decimal) -> Decimal:
        """Returns the profit that this trade realised, in rupees."""
        before, realised = self.net, Decimal(0)
        closing = min(abs(before), quantity) if before * side.sign < 0 else 0
        if closing:
            direction = 1 if before > 0 else -1
            realised = (price - self.average) * closing * direction * self.instrument.multiplier
        opening = quantity - closing
        if opening:
            kept = abs(before) if before * side.sign > 0 else 0
            self.average = (self.average * kept + price * opening) / (kept + opening)
        self._count(side, quantity, price * quantity * self.instrument.multiplier)
        if self.net == 0:
            self.average = Decimal(0)
        self.realised += realised
        return realised

    def _count(self, side: Side, quantity: int, value: Decimal) -> None:
        if side is Side.BUY:
            self.bought += quantity
            self.bought_value += value
        else:
            self.sold += quantity
            self.sold_value += value

    def carried_over(self) -> "Position":
        """The same open quantity on the next day."""
        next_day = Position(instrument=self.instrument, product=self.product, carried=self.net)
        next_day.trade(Side.BUY if self.net > 0 else Side.SELL, abs(self.net), self.average)
        next_day.carried_value = next_day.bought_value + next_day.sold_value
        return next_day

    def unrealised(self, price: Decimal) -> Decimal:
        return (price - self.average) * self.net * self.instrument.multiplier


@dataclass(slots=True, kw_only=True)
class Holding:
    instrument: Instrument
    quantity: int
    """Settled, at the start of the day."""
    average: Decimal
    t1: int = 0
    """Bought yesterday, not yet delivered."""


@dataclass(slots=True, kw_only=True)
class Account:
    id: str
    cash: Decimal
    """In rupees, at the start of the day."""
    positions: dict[tuple[str, Product], Position] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    realised: Decimal = Decimal(0)
    blocked: Decimal = Decimal(0)
    """Held for open orders."""
    used: Decimal = Decimal(0)
    """Held for open positions."""

    @property
    def available(self) -> Decimal:
        return self.cash + self.realised - self.blocked - self.used

    def position(self, instrument: Instrument, product: Product) -> Position | None:
        return self.positions.get((instrument.key, product))

    def opened(self, instrument: Instrument, product: Product) -> Position:
        return self.positions.setdefault((instrument.key, product), Position(instrument=instrument, product=product))

    def net(self, instrument: Instrument, product: Product) -> int:
        position = self.position(instrument, product)
        return position.net if position else 0

    def deliverable(self, instrument: Instrument) -> int:
        """Shares that can be sold for delivery: held, plus today's purchases, less today's sales."""
        holding = self.holdings.get(instrument.key)
        held = holding.quantity + holding.t1 if holding else 0
        return held + self.net(instrument, Product.CNC)

    def book(self, position: Position, act: Callable[[], Decimal]) -> None:
        """Runs `act`, which changes the position and returns what it realised, and keeps the margin in step."""
        before = self.held_for(position)
        self.realised += act()
        self.used += self.held_for(position) - before

    def end_day(self, square: Callable[[Instrument], Decimal]) -> None:
        """Settles: `square` gives the price at which an intraday position that is still open is closed."""
        self.cash += self.realised
        self.realised, self.used = Decimal(0), Decimal(0)
        for holding in self.holdings.values():
            holding.quantity, holding.t1 = holding.quantity + holding.t1, 0
        positions, self.positions = self.positions, {}
        for key, position in positions.items():
            if position.product is Product.CNC:
                self._deliver(position)
            elif position.product is Product.MIS:
                self.cash += position.unrealised(square(position.instrument))
            elif position.net:
                self.positions[key] = position.carried_over()
                self.used += self.held_for(self.positions[key])
        self.holdings = {key: h for key, h in self.holdings.items() if h.quantity or h.t1}

    def _deliver(self, position: Position) -> None:
        self.cash -= position.average * position.net
        if position.net < 0:
            self.holdings[position.instrument.key].quantity += position.net
        elif position.net > 0:
            new = Holding(instrument=position.instrument, quantity=0, average=position.average)
            holding = self.holdings.setdefault(position.instrument.key, new)
            total = holding.quantity + position.net
            holding.average = (holding.average * holding.quantity + position.average * position.net) / total
            holding.t1 = position.net

    @staticmethod
    def held_for(position: Position) -> Decimal:
        side = Side.BUY if position.net > 0 else Side.SELL
        return margin(position.instrument, position.product, side, abs(position.net), position.average)


def margin(instrument: Instrument, product: Product, side: Side, quantity: int, price: Decimal) -> Decimal:
    """What opening `quantity` at `price` ties up, in rupees."""
    value = price * quantity * instrument.multiplier
    if instrument.kind is Kind.OPTION and side is Side.SELL:
        # The writer of an option answers for the underlying; without one, its strike stands in.
        spot = instrument.underlying.close if instrument.underlying else instrument.strike or price
        return spot * quantity * instrument.multiplier * _DERIVATIVE_SHARE
    if instrument.kind is Kind.FUTURE:
        return value * _DERIVATIVE_SHARE
    if not instrument.is_cash:
        return value
    if product is Product.MIS:
        return value * _INTRADAY_SHARE
    if product is Product.MTF:
        return value * _FINANCED_SHARE
    # A sale for delivery hands over shares that are owned.
    return value if side is Side.BUY else Decimal(0)

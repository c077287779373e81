"""What the market says of an instrument."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ordo.domain.errors import Invalid
from ordo.domain.instruments import InstrumentKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The last traded price of an instrument, in rupees, and when it was true. `extended` holds what a broker
    adds (bid, ask, volume).
    """

    instrument: InstrumentKey
    last_price: Decimal
    timestamp: datetime
    extended: dict[str, str] = field(default_factory=dict)

    @property
    def instrument_token(self) -> InstrumentKey:
        """The canonical key, under the name that the public face gives it."""
        return self.instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One price at which others would trade, in rupees, and how many units."""

    price: Decimal
    quantity: int

    def __post_init__(self) -> None:
        if self.quantity <= 0 or not self.price.is_finite() or self.price <= 0:
            raise Invalid.field("depth", "a level has a price and a quantity above 0", seen=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """An instrument's market at one moment: last price, and both sides of the book, best level first."""

    last_price: Decimal
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    at: datetime

    def __post_init__(self) -> None:
        bids = [level.price for level in self.bids]
        asks = [level.price for level in self.asks]
        if sorted(set(bids), reverse=True) != bids or sorted(set(asks)) != asks:
            raise Invalid.field("depth", "levels must be in order of price, each price once", seen=self.at)
        if bids and asks and bids[0] >= asks[0]:
            raise Invalid.field("depth", "the best bid must be below the best ask", seen=self.at)

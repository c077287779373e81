"""A market that is told by hand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Depth, Level
from ordo.ports.prices import PriceSource


class MemoryPrices(PriceSource):
    """Holds every depth that it is told, in order of time. An instrument has no price before its first."""

    def __init__(self) -> None:
        self._told: dict[InstrumentKey, list[Depth]] = {}

    def tell(self, key: InstrumentKey, depth: Depth) -> None:
        """Let the market of an instrument be so from `depth.at` on, until it is told otherwise."""
        told = self._told.setdefault(key, [])
        place = bisect_right(told, depth.at, key=lambda one: one.at)
        if place and told[place - 1].at == depth.at:
            told[place - 1] = depth
        else:
            told.insert(place, depth)

    def quote(
        self,
        key: InstrumentKey,
        at: datetime,
        last_price: str,
        *,
        bids: tuple[tuple[str, int], ...] = (),
        asks: tuple[tuple[str, int], ...] = (),
    ) -> None:
        """The same, with prices in rupees as text and levels as pairs of price and quantity, best first."""
        self.tell(
            key,
            Depth(
                last_price=Decimal(last_price),
                bids=tuple(Level(price=Decimal(price), quantity=quantity) for price, quantity in bids),
                asks=tuple(Level(price=Decimal(price), quantity=quantity) for price, quantity in asks),
                at=at,
            ),
        )

    def depth(self, key: InstrumentKey, at: datetime) -> Depth | None:
        told = self._told.get(key, [])
        place = bisect_right(told, at, key=lambda one: one.at)
        return told[place - 1] if place else None

    def moves(self, key: InstrumentKey, after: datetime, until: datetime) -> Iterator[Depth]:
        told = self._told.get(key, [])
        first = bisect_right(told, after, key=lambda one: one.at)
        last = bisect_right(told, until, key=lambda one: one.at)
        return iter(told[first:last])

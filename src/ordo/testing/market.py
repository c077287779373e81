"""A market that stands still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Final

from ordo.adapters.memory.prices import MemoryPrices
from ordo.adapters.paper.catalogue import load_listings
from ordo.adapters.paper.market import SeededMarket
from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Depth, Level
from ordo.ports.clock import Clock
from ordo.ports.prices import PriceSource

_SOON: Final = timedelta(microseconds=1)
_DEEP: Final = 1_000_000


class Market:
    """The prices that the paper broker's orders meet. They begin as a seed has them, and stay so."""

    def __init__(self, clock: Clock, *, seed: str = "ordo") -> None:
        self._clock = clock
        self._prices = MemoryPrices()
        self._ticks = {listing.instrument.key: listing.instrument.tick_size for listing in load_listings()}
        first, start = SeededMarket(load_listings(), seed=seed), clock.now()
        for key in self._ticks:
            depth = first.depth(key, start)
            if depth is not None:
                self._prices.tell(key, depth)
        self._at_home: Callable[[Callable[[], None]], None] = lambda act: act()

    @property
    def source(self) -> PriceSource:
        """What a paper broker is given."""
        return self._prices

    def lives_with(self, at_home: Callable[[Callable[[], None]], None]) -> None:
        """Have every move made by this function: in the thread of the gateway that looks at the prices."""
        self._at_home = at_home

    def price(self, instrument: str) -> Decimal:
        """The last price in rupees. Raises `LookupError` for what the paper broker does not list."""
        return self._depth(self._key(instrument)).last_price

    def move(self, instrument: str, price: str | Decimal, *, quantity: int = _DEEP) -> None:
        """Let an instrument trade at a price in rupees, with so many units on each side.

        Whoever waits at that price is served: when the price falls to it, sellers offer there, and the best bid is a
        tick below; when it rises to it, buyers bid there. So a limit order fills when the price comes to its limit,
        and a stop fires when it comes to its trigger. Raises `LookupError` as `price` does.
        """
        key, to = self._key(instrument), Decimal(price)
        tick = self._ticks[key]
        falls = to < self._depth(key).last_price
        bid, ask = (to - tick, to) if falls else (to, to + tick)

        def act() -> None:
            self._prices.tell(
                key,
                Depth(
                    last_price=to,
                    bids=(Level(price=bid, quantity=quantity),),
                    asks=(Level(price=ask, quantity=quantity),),
                    # What the broker has looked at already is behind it.
                    at=self._clock.now() + _SOON,
                ),
            )

        self._at_home(act)

    def _key(self, instrument: str) -> InstrumentKey:
        key = InstrumentKey.parse(instrument)
        if key not in self._ticks:
            raise LookupError(f"the paper broker does not list {instrument}")
        return key

    def _depth(self, key: InstrumentKey) -> Depth:
        depth = self._prices.depth(key, self._clock.now() + _SOON)
        if depth is None:
            raise LookupError(f"{key} has no price")
        return depth

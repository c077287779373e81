"""What an account owns and what the market says of it. Read from the broker, at most remembered for seconds, and never
written down.
"""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta

from ordo.application.aliases import advice, nearest
from ordo.application.context import Context
from ordo.application.joint import Joint
from ordo.application.reading import BrokerCalls
from ordo.domain.accounts import Account
from ordo.domain.book import Snapshot
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Quote
from ordo.domain.portfolio import Funds, Holding, Portfolio, Position
from ordo.ports.cache import PortfolioCache
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore


class PortfolioService:
    """Funds, positions and holdings of one account. A read that fails raises; it is never an empty portfolio.

    Those who ask at once share one read, which begins after each of them has asked. With a `ttl` above 0 a whole
    portfolio is remembered for so long, from the beginning of its read.
    """

    def __init__(
        self, calls: BrokerCalls, cache: PortfolioCache, clock: Clock, *, ttl: timedelta = timedelta()
    ) -> None:
        self._calls = calls
        self._clock = clock
        self._cache = cache if ttl > timedelta() else None
        self._ttl = ttl
        self._flights: dict[Account, asyncio.Task[Portfolio]] = {}
        self._whole: Joint[Account, Portfolio] = Joint(clock)
        self._funds: Joint[Account, Funds] = Joint(clock)
        self._positions: Joint[Account, Snapshot[Position]] = Joint(clock)
        self._holdings: Joint[Account, Snapshot[Holding]] = Joint(clock)

    async def portfolio(self, account: Account, context: Context | None = None) -> Portfolio:
        """Money, positions and holdings; as old as the oldest of the three reads."""
        context = context or Context()
        context.permit(account)  # What is remembered was read for another caller.
        if self._cache is None:
            return await self._whole.ask(account, lambda: self._fresh(account, context))
        while True:
            kept = await self._cache.get(account)
            if kept is not None:
                return kept
            flight = self._flights.get(account)
            if flight is None:
                return await asyncio.shield(self._begun(account, context, self._cache))
            await asyncio.wait((flight,))
            if not flight.cancelled() and flight.exception() is not None:
                return flight.result()  # Raises: what failed for one failed for all who waited for it.

    def age(self, portfolio: Portfolio) -> int:
        """Whole seconds since a portfolio was true, rounded up; never below 0."""
        return max(0, math.ceil((self._clock.now() - portfolio.as_of).total_seconds()))

    async def funds(self, account: Account, context: Context | None = None) -> Funds:
        context = context or Context()
        context.permit(account)
        return await self._funds.ask(
            account, lambda: self._calls.read(account, context, lambda broker, session: broker.funds(session))
        )

    async def positions(self, account: Account, context: Context | None = None) -> Snapshot[Position]:
        context = context or Context()
        context.permit(account)
        return await self._positions.ask(
            account, lambda: self._calls.read(account, context, lambda broker, session: broker.positions(session))
        )

    async def holdings(self, account: Account, context: Context | None = None) -> Snapshot[Holding]:
        context = context or Context()
        context.permit(account)
        return await self._holdings.ask(
            account, lambda: self._calls.read(account, context, lambda broker, session: broker.holdings(session))
        )

    def _begun(self, account: Account, context: Context, cache: PortfolioCache) -> asyncio.Task[Portfolio]:
        """One read for all, that goes on when whoever began it has gone."""
        flight = asyncio.get_running_loop().create_task(self._remembered(account, context, cache))
        self._flights[account] = flight
        flight.add_done_callback(lambda done: self._landed(account, done))
        return flight

    def _landed(self, account: Account, flight: asyncio.Task[Portfolio]) -> None:
        del self._flights[account]
        if not flight.cancelled():
            flight.exception()  # The caller may have gone: an error that nobody awaits is no warning.

    async def _remembered(self, account: Account, context: Context, cache: PortfolioCache) -> Portfolio:
        ticket = await cache.begin(account)
        portfolio = await self._fresh(account, context)
        await cache.keep(account, portfolio, ticket=ticket, ttl=self._ttl)
        return portfolio

    async def _fresh(self, account: Account, context: Context) -> Portfolio:
        read = self._calls.read
        funds, positions, holdings = await asyncio.gather(
            read(account, context, lambda broker, session: broker.funds(session)),
            read(account, context, lambda broker, session: broker.positions(session)),
            read(account, context, lambda broker, session: broker.holdings(session)),
        )
        return Portfolio(
            cash_balance=funds.cash,
            margin_available=funds.available,
            positions=positions.items,
            holdings=holdings.items,
            as_of=min(funds.as_of, positions.as_of, holdings.as_of),
            metadata=funds.metadata,
        )


class QuoteService:
    """Quotes through an account's broker. Those who ask for the same at once share one read, as for a portfolio."""

    def __init__(self, calls: BrokerCalls, instruments: InstrumentStore, clock: Clock) -> None:
        self._calls = calls
        self._instruments = instruments
        self._reads: Joint[tuple[Account, tuple[InstrumentKey, ...]], tuple[Quote, ...]] = Joint(clock)

    async def quotes(
        self, account: Account, keys: tuple[InstrumentKey, ...], context: Context | None = None
    ) -> tuple[Quote, ...]:
        """The last price of each instrument, in the order asked; raises when even one can't be had."""
        known = self._instruments.directory()
        for key in keys:
            if known.get(key) is None:
                raise Invalid.field(
                    "instrument",
                    f"is not known; {advice(nearest(known, str(key)))}",
                    seen=key,
                    code=ErrorCode.INVALID_INSTRUMENT,
                )
        context = context or Context()
        context.permit(account)
        return await self._reads.ask(
            (account, keys),
            lambda: self._calls.read(account, context, lambda broker, session: broker.quotes(session, keys)),
        )

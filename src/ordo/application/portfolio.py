"""What an account owns and what the market says of it. Read from the broker each time; never written down."""

from __future__ import annotations

import asyncio

from ordo.application.aliases import advice, nearest
from ordo.application.context import Context
from ordo.application.reading import BrokerCalls
from ordo.domain.accounts import Account
from ordo.domain.book import Snapshot
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Quote
from ordo.domain.portfolio import Funds, Holding, Portfolio, Position
from ordo.ports.instruments import InstrumentStore


class PortfolioService:
    """Funds, positions and holdings of one account. A read that fails raises; it is never an empty portfolio."""

    def __init__(self, calls: BrokerCalls) -> None:
        self._calls = calls

    async def portfolio(self, account: Account, context: Context | None = None) -> Portfolio:
        """All three reads at once; the portfolio is as old as the oldest of them."""
        context = context or Context()
        funds, positions, holdings = await asyncio.gather(
            self.funds(account, context), self.positions(account, context), self.holdings(account, context)
        )
        return Portfolio(
            cash_balance=funds.cash,
            margin_available=funds.available,
            positions=positions.items,
            holdings=holdings.items,
            as_of=min(funds.as_of, positions.as_of, holdings.as_of),
            metadata=funds.metadata,
        )

    async def funds(self, account: Account, context: Context | None = None) -> Funds:
        return await self._calls.read(account, context or Context(), lambda broker, session: broker.funds(session))

    async def positions(self, account: Account, context: Context | None = None) -> Snapshot[Position]:
        return await self._calls.read(account, context or Context(), lambda broker, session: broker.positions(session))

    async def holdings(self, account: Account, context: Context | None = None) -> Snapshot[Holding]:
        return await self._calls.read(account, context or Context(), lambda broker, session: broker.holdings(session))


class QuoteService:
    """Quotes through an account's broker."""

    def __init__(self, calls: BrokerCalls, instruments: InstrumentStore) -> None:
        self._calls = calls
        self._instruments = instruments

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
        return await self._calls.read(
            account, context or Context(), lambda broker, session: broker.quotes(session, keys)
        )

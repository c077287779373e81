"""Fresh reads of an account and a price, for the checks that need them. What can't be read is `None`, never empty."""

from __future__ import annotations

import asyncio

from ordo.application.context import Context
from ordo.application.reading import BrokerCalls
from ordo.domain.accounts import Account
from ordo.domain.book import Snapshot
from ordo.domain.errors import OrdoError
from ordo.domain.exposure import AccountFacts
from ordo.domain.idempotency import Operation
from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Quote
from ordo.domain.orders import Order
from ordo.domain.portfolio import Funds, Holding
from ordo.ports.idempotency import IdempotencyStore


class FactReader:
    """Reads at the broker each time: no check ever looks at what was remembered."""

    def __init__(self, calls: BrokerCalls, intents: IdempotencyStore) -> None:
        self._calls = calls
        self._intents = intents

    async def account(
        self, account: Account, context: Context, *, holdings: bool = False, funds: bool = False
    ) -> AccountFacts | None:
        """Positions and open orders, with holdings and funds where they are wanted; `None` where even one fails.

        Ordo's own orders are looked up first: one that is settled meanwhile stands in the book that is read after it.
        """
        try:
            unsettled = await self._unsettled(account)
            positions, book, held, money = await asyncio.gather(
                self._calls.read(account, context, lambda broker, session: broker.positions(session)),
                self._calls.read(account, context, lambda broker, session: broker.orders(session)),
                self._holdings(account, context, wanted=holdings),
                self._funds(account, context, wanted=funds),
            )
        except OrdoError:
            return None
        return AccountFacts(
            positions=positions.items,
            orders=book.items,
            unsettled=unsettled,
            holdings=None if held is None else held.items,
            funds=money,
        )

    async def quote(self, account: Account, key: InstrumentKey, context: Context) -> Quote | None:
        """The last price as the account's broker tells it, or `None`."""
        try:
            found = await self._calls.read(account, context, lambda broker, session: broker.quotes(session, (key,)))
        except OrdoError:
            return None
        return found[0]

    async def _unsettled(self, account: Account) -> tuple[Order, ...]:
        return tuple(
            intent.order
            for intent in await self._intents.unsettled()
            if intent.operation is Operation.PLACE and intent.order.account == account
        )

    async def _holdings(self, account: Account, context: Context, *, wanted: bool) -> Snapshot[Holding] | None:
        if not wanted:
            return None
        return await self._calls.read(account, context, lambda broker, session: broker.holdings(session))

    async def _funds(self, account: Account, context: Context, *, wanted: bool) -> Funds | None:
        if not wanted:
            return None
        return await self._calls.read(account, context, lambda broker, session: broker.funds(session))

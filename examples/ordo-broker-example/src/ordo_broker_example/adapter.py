"""Lotus as a broker: check, encode, call, decode."""

from __future__ import annotations

from typing import Final

from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.instruments import InstrumentKey, Venue
from ordo.domain.market import Quote
from ordo.domain.orders import OrderTerms, OrderType, Product, Validity
from ordo.domain.portfolio import Funds, Holding, Position, Trade
from ordo.domain.sessions import Session
from ordo.ports.broker import Broker
from ordo.ports.clock import Clock
from ordo_broker_example import words
from ordo_broker_example.client import LotusClient

CAPABILITIES: Final = Capabilities(
    venues=frozenset({Venue.NSE}),
    products=frozenset({Product.CNC}),
    order_types=frozenset({OrderType.LIMIT, OrderType.MARKET}),
    validities=frozenset({Validity.DAY}),
    after_market=False,
    disclosed_quantity=False,
    market_protection=False,
    modify=True,
    tag_echo=True,
    rejected_in_book=False,
    order_history_days=1,
)


class LotusBroker(Broker):
    def __init__(self, client: LotusClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        CAPABILITIES.require(terms, broker_id=session.account.adapter_id)
        return Acknowledged(broker_order_id=await self._client.place(session, words.request(terms, tag)))

    async def modify(self, session: Session, broker_order_id: str, terms: OrderTerms) -> Acknowledged:
        CAPABILITIES.require(terms, broker_id=session.account.adapter_id)
        await self._client.modify(session, broker_order_id, words.request(terms))
        return Acknowledged(broker_order_id=broker_order_id)

    async def cancel(self, session: Session, broker_order_id: str) -> Acknowledged:
        await self._client.cancel(session, broker_order_id)
        return Acknowledged(broker_order_id=broker_order_id)

    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        as_of = self._clock.now()
        return Snapshot(as_of=as_of, items=tuple(words.order(row) for row in await self._client.orders(session)))

    async def trades(self, session: Session) -> Snapshot[Trade]:
        as_of = self._clock.now()
        return Snapshot(as_of=as_of, items=tuple(words.trade(row) for row in await self._client.trades(session)))

    async def funds(self, session: Session) -> Funds:
        as_of, told = self._clock.now(), await self._client.money(session)
        return Funds(as_of=as_of, cash=told.cash, available=told.free)

    async def positions(self, session: Session) -> Snapshot[Position]:
        as_of = self._clock.now()
        return Snapshot(as_of=as_of, items=tuple(words.position(row) for row in await self._client.positions(session)))

    async def holdings(self, session: Session) -> Snapshot[Holding]:
        as_of = self._clock.now()
        rows = [words.position(row) for row in await self._client.holdings(session)]
        held = (
            Holding(
                instrument=row.instrument,
                quantity=row.quantity,
                average_price=row.average_price,
                last_price=row.last_price,
            )
            for row in rows
        )
        return Snapshot(as_of=as_of, items=tuple(held))

    async def quotes(self, session: Session, instruments: tuple[InstrumentKey, ...]) -> tuple[Quote, ...]:
        now = self._clock.now()
        rows = await self._client.quotes(session, [words.symbol(key) for key in instruments])
        if len(rows) != len(instruments):
            raise Unavailable(
                ErrorCode.BROKER_ERROR,
                f"Lotus gave {len(rows)} prices for {len(instruments)} instruments; ask again.",
                broker_id=session.account.adapter_id,
            )
        return tuple(words.quote(key, row, now) for key, row in zip(instruments, rows, strict=True))

"""HDFC InvestRight as a `Broker`: encode, call, decode."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal
from typing import Final

from ordo.adapters.brokers.hdfc.client import HdfcClient
from ordo.adapters.brokers.hdfc.errors import reading
from ordo.adapters.brokers.hdfc.mapping.books import oldest_first, order_of, trade_of
from ordo.adapters.brokers.hdfc.mapping.portfolio import funds_of, holding_of, position_of, prices_of
from ordo.adapters.brokers.hdfc.mapping.requests import modify_body, place_body
from ordo.adapters.brokers.hdfc.symbols import address_of, instrument_of, named_holding, quote_exchange
from ordo.adapters.brokers.hdfc.wire import OrderRow
from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import ErrorCode, Refused, Unavailable, Unsupported, before_sending
from ordo.domain.instruments import Instrument, InstrumentKey, Venue
from ordo.domain.market import Quote
from ordo.domain.orders import OrderTerms, OrderType, Product, Validity
from ordo.domain.portfolio import Funds, Holding, Position, Trade
from ordo.domain.protection import MarketOrders
from ordo.domain.sessions import Session
from ordo.ports.broker import Broker
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.schemas.config.brokers import HDFCConfig

_log = logging.getLogger(__name__)

CAPABILITIES: Final = Capabilities(
    # In what unit MCX and currency orders are counted is an open question, so none is sent.
    venues=frozenset({Venue.NSE, Venue.BSE, Venue.NFO, Venue.BFO}),
    products=frozenset(Product),
    order_types=frozenset(OrderType),
    validities=frozenset(Validity),
    after_market=True,
    disclosed_quantity=True,
    market_protection=False,
    modify=True,
    # Not promised: whether the book gives the reference back is learnt from the rows, which carry it where it does.
    tag_echo=False,
    rejected_in_book=True,
    rejects_in_answer=False,
    order_history_days=1,
)
CONVERTING: Final = replace(CAPABILITIES, market_protection=True, market_orders=MarketOrders.GATEWAY)
"""What is offered where Ordo makes limit orders of market orders before they come here."""

_MANY: Final = 200
_MOST_TOLD: Final = 1_000


class HdfcBroker(Broker):
    """One app of HDFC Securities InvestRight. Its account is hidden in the token, so that sessions of any number of
    accounts are served.
    """

    def __init__(
        self,
        *,
        adapter_id: str,
        config: HDFCConfig,
        client: HdfcClient,
        instruments: InstrumentStore,
        clock: Clock,
    ) -> None:
        self._adapter_id = adapter_id
        self._config = config
        self._client = client
        self._instruments = instruments
        self._clock = clock
        self._told: set[tuple[str, str]] = set()
        converts = config.market_orders == "limit"
        self._capabilities = replace(CONVERTING, auto_percent=config.protection_percent) if converts else CAPABILITIES

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        self._require(terms)
        with before_sending():
            address = address_of(self._instruments.directory(), terms.instrument)
            body = place_body(terms, address, tag=tag, sides=self._config.side_style)
        return Acknowledged(broker_order_id=await self._client.place(session.access_token, body))

    async def modify(self, session: Session, broker_order_id: str, terms: OrderTerms) -> Acknowledged:
        self._require(terms)
        with before_sending():
            address_of(self._instruments.directory(), terms.instrument)
            body = modify_body(terms)
        await self._client.modify(session.access_token, broker_order_id, body)
        return Acknowledged(broker_order_id=broker_order_id)

    async def cancel(self, session: Session, broker_order_id: str) -> Acknowledged:
        await self._client.cancel(session.access_token, broker_order_id)
        return Acknowledged(broker_order_id=broker_order_id)

    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        as_of = self._clock.now()
        rows = await self._client.orders(session.access_token)
        # A day of many thousand orders must not hold up the orders that are being sent.
        items = await asyncio.to_thread(self._read, rows) if len(rows) > _MANY else self._read(rows)
        return Snapshot(as_of=as_of, items=items)

    async def trades(self, session: Session) -> Snapshot[Trade]:
        as_of = self._clock.now()
        rows = await self._client.trades(session.access_token)
        if not rows:
            return Snapshot(as_of=as_of, items=())
        # Read after the trades, so that it has the order of each of them.
        book = {order.broker_order_id: order for order in (await self.orders(session)).items}
        directory = self._instruments.directory()
        with reading("the trade book"):
            found = [trade_of(row, book.get(row.order_id), directory) for row in rows]
        return Snapshot(as_of=as_of, items=tuple(sorted(found, key=lambda trade: trade.traded_at)))

    async def funds(self, session: Session) -> Funds:
        as_of = self._clock.now()
        margins = await self._client.margins(session.access_token)
        return funds_of(margins.equity, as_of)

    async def positions(self, session: Session) -> Snapshot[Position]:
        as_of = self._clock.now()
        rows = await self._client.positions(session.access_token)
        directory = self._instruments.directory()
        with reading("the positions"):
            named = [(row, instrument_of(directory, row)) for row in rows]
        prices = await self._marks(session, [found for _, found in named if found is not None])
        with reading("the positions"):
            items = [position_of(row, found, None if found is None else prices.get(found.key)) for row, found in named]
        return Snapshot(as_of=as_of, items=tuple(items))

    async def holdings(self, session: Session) -> Snapshot[Holding]:
        as_of = self._clock.now()
        rows = await self._client.holdings(session.access_token)
        directory = self._instruments.directory()
        with reading("the holdings"):
            named = [named_holding(directory, row.exchange, row.security_id, row.isin) for row in rows]
        prices = await self._marks(session, [found for _, found in named if found is not None])
        with reading("the holdings"):
            items = [
                holding_of(row, key, prices.get(key), listed=found is not None)
                for row, (key, found) in zip(rows, named, strict=True)
            ]
        return Snapshot(as_of=as_of, items=tuple(items))

    async def quotes(self, session: Session, instruments: tuple[InstrumentKey, ...]) -> tuple[Quote, ...]:
        directory = self._instruments.directory()
        listed = [directory.get(key) for key in instruments]
        prices = await self._prices(session, [one for one in listed if one is not None])
        now = self._clock.now()
        missing = [str(key) for key in instruments if key not in prices]
        if missing:
            raise Unavailable(
                ErrorCode.BROKER_ERROR,
                f"HDFC gave no price of {', '.join(missing[:5])}: it may not list it, or not have traded it.",
                broker_id=self._adapter_id,
            )
        return tuple(Quote(instrument=key, last_price=prices[key], timestamp=now) for key in instruments)

    def _read(self, rows: tuple[OrderRow, ...]) -> tuple[BrokerOrder, ...]:
        directory = self._instruments.directory()
        with reading("the order book"):
            orders = oldest_first(order_of(row, directory) for row in rows)
        for order in orders:
            if order.status is None:
                self._alert(order)
        return orders

    def _alert(self, order: BrokerOrder) -> None:
        """Be loud about a status that nobody knows, once for each word of an order."""
        mark = (order.broker_order_id, order.raw_status)
        if mark in self._told:
            return
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told.add(mark)
        _log.error(
            "%s: order %s has the status %r, which Ordo does not know beside %d of %d filled; it is held for live. Look"
            " at it at the broker, and report the word.",
            self._adapter_id,
            order.broker_order_id,
            order.raw_status,
            order.filled_quantity,
            order.quantity,
        )

    async def _marks(self, session: Session, listed: list[Instrument]) -> dict[InstrumentKey, Decimal]:
        """The prices that can be had. Without any, positions and holdings are still known: their value is not."""
        try:
            return await self._prices(session, listed)
        except (Unavailable, Refused) as error:
            if isinstance(error, Refused) and error.code is ErrorCode.INVALID_SESSION:
                raise
            _log.warning("%s: no last prices for the portfolio: %s", self._adapter_id, error.message)
            return {}

    async def _prices(self, session: Session, listed: list[Instrument]) -> dict[InstrumentKey, Decimal]:
        parent = self._config.quote_exchanges == "parent"
        wanted = {one.key: (quote_exchange(one.key, parent=parent), one.exchange_token) for one in listed}
        prices: dict[InstrumentKey, Decimal] = {}
        keys = list(wanted)
        for start in range(0, len(keys), self._config.quote_batch):
            if start:
                await self._clock.sleep(self._config.quote_pause_ms / 1000)
            chunk = {key: wanted[key] for key in keys[start : start + self._config.quote_batch]}
            rows = await self._client.ltp(session.access_token, tuple(dict.fromkeys(chunk.values())))
            prices |= prices_of(rows, chunk)
        return prices

    def _require(self, terms: OrderTerms) -> None:
        """Raise `Unsupported` for what this app does not take, and for a market order that nobody has bounded."""
        self.capabilities.require(terms, broker_id=self._adapter_id)
        if self.capabilities.market_orders is MarketOrders.GATEWAY and not terms.order_type.has_price:
            raise Unsupported(
                "The order was not sent: market orders go to HDFC as limit orders, and this one has no limit.",
                field="order_type",
                seen=terms.order_type,
                broker_id=self._adapter_id,
            )

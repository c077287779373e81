"""The paper broker: the gateway's word with an exchange that lives here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

from ordo.adapters.paper.catalogue import underlying_of
from ordo.adapters.paper.events import OrderCancelled, OrderModified, OrderPlaced
from ordo.adapters.paper.floor import Command, Floor
from ordo.adapters.paper.ledger import Account
from ordo.adapters.paper.rows import OrderRows, funds_of, holding_of, order_row, position_of
from ordo.adapters.paper.rules import Refusal
from ordo.adapters.paper.state import PaperOrder
from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import ErrorCode, Invalid, NotSent, Refused, Unavailable
from ordo.domain.instruments import InstrumentKey, Kind, Venue
from ordo.domain.market import Depth, Quote
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Validity
from ordo.domain.portfolio import Funds, Holding, Position, Trade
from ordo.domain.protection import MarketOrders
from ordo.domain.sessions import Session
from ordo.ports.broker import Broker
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.journal import Journal
from ordo.ports.prices import PriceSource

OPENING_CASH = Decimal("1000000.00")
"""Rupees that an account begins with unless told otherwise."""

CAPABILITIES = Capabilities(
    venues=frozenset({Venue.NSE, Venue.BSE, Venue.NFO, Venue.BFO}),
    products=frozenset({Product.CNC, Product.MIS, Product.NRML}),
    order_types=frozenset(OrderType),
    validities=frozenset(Validity),
    after_market=False,
    disclosed_quantity=False,
    market_protection=True,
    modify=True,
    tag_echo=True,
    rejected_in_book=True,
    order_history_days=1,
    market_orders=MarketOrders.NATIVE,
)


class PaperBroker(Broker):
    """Trades at any hour of any day; a day ends at midnight IST.

    An account opens itself on its first visit. All accounts of one adapter id meet the same market and take
    from the same depth. A tag may stand in the book once.
    """

    def __init__(
        self,
        *,
        adapter_id: str,
        journal: Journal,
        prices: PriceSource,
        instruments: InstrumentStore,
        clock: Clock,
        opening_cash: Decimal = OPENING_CASH,
        checkpoint_every: int = 2_000,
    ) -> None:
        self._adapter_id = adapter_id
        self._prices = prices
        self._instruments = instruments
        self._clock = clock
        self._rows = OrderRows()
        self._floor = Floor(
            stream=f"paper/{adapter_id}",
            journal=journal,
            prices=prices,
            clock=clock,
            opening_cash=opening_cash,
            checkpoint_every=checkpoint_every,
        )

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        account_id = self._admit(session)
        CAPABILITIES.require(terms, broker_id=self._adapter_id)
        plain = _plain(terms)

        def decide(now: datetime) -> OrderPlaced:
            return OrderPlaced(
                at=now,
                account_id=account_id,
                tag=tag,
                terms=plain,
                instrument=self._instruments.directory().get(plain.instrument),
                depth=self._prices.depth(plain.instrument, now),
                underlying=self._underlying(plain.instrument, now),
            )

        await self._submit(account_id, decide, "The order was not placed")
        order = self._floor.exchange.pit.tagged(account_id, tag)
        if order is None:
            raise RuntimeError(f"order {tag} was written but is not in the book")
        if order.status is OrderStatus.REJECTED:
            raise Refused(
                order.refusal or ErrorCode.ORDER_REJECTED,
                f"The paper exchange rejected the order: {order.message}. Nothing was traded, and the order"
                " stands in the book as REJECTED.",
                broker_id=self._adapter_id,
                native_error=order.message,
            )
        return _acknowledged(order)

    async def modify(self, session: Session, broker_order_id: str, terms: OrderTerms) -> Acknowledged:
        account_id = self._admit(session)
        CAPABILITIES.require(terms, broker_id=self._adapter_id)
        plain = _plain(terms)

        def decide(now: datetime) -> OrderModified | None:
            order = self._own(account_id, broker_order_id)
            for name in ("instrument", "side", "product"):
                if getattr(plain, name) != getattr(order.terms, name):
                    raise Invalid.field(
                        name, "can't be modified: cancel the order and place another", seen=getattr(plain, name)
                    )
            if plain == order.terms and order.status.is_live:
                return None
            return OrderModified(
                at=now,
                number=broker_order_id,
                terms=plain,
                depth=self._prices.depth(plain.instrument, now),
                underlying=self._underlying(plain.instrument, now),
            )

        await self._submit(account_id, decide, "The order was not changed")
        return _acknowledged(self._own(account_id, broker_order_id))

    async def cancel(self, session: Session, broker_order_id: str) -> Acknowledged:
        account_id = self._admit(session)

        def decide(now: datetime) -> OrderCancelled:
            self._own(account_id, broker_order_id)
            return OrderCancelled(at=now, number=broker_order_id)

        await self._submit(account_id, decide, "The order was not cancelled")
        return _acknowledged(self._own(account_id, broker_order_id))

    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        account, as_of = await self._visit(session)
        rows = self._rows.of(self._floor.exchange.state, account.account_id)
        return Snapshot(as_of=as_of, items=rows)

    async def trades(self, session: Session) -> Snapshot[Trade]:
        account, as_of = await self._visit(session)
        return Snapshot(as_of=as_of, items=tuple(account.trades))

    async def funds(self, session: Session) -> Funds:
        account, as_of = await self._visit(session)
        return funds_of(account, as_of)

    async def positions(self, session: Session) -> Snapshot[Position]:
        account, as_of = await self._visit(session)
        rows = (position_of(row, self._last_price(row.instrument.key, as_of)) for row in account.all_dealings())
        return Snapshot(as_of=as_of, items=tuple(rows))

    async def holdings(self, session: Session) -> Snapshot[Holding]:
        account, as_of = await self._visit(session)
        rows = (holding_of(account, held, self._last_price(key, as_of)) for key, held in account.shares.items())
        return Snapshot(as_of=as_of, items=tuple(rows))

    async def quotes(self, session: Session, instruments: tuple[InstrumentKey, ...]) -> tuple[Quote, ...]:
        self._admit(session)
        now = self._clock.now()
        return tuple(self._quote(key, now) for key in instruments)

    def _admit(self, session: Session) -> str:
        account = session.account
        if account.adapter_id != self._adapter_id:
            raise Invalid.field(
                "account",
                f"is not one of {self._adapter_id}",
                seen=account,
                code=ErrorCode.UNKNOWN_ACCOUNT,
            )
        if self._clock.now() >= session.expires_at:
            raise Refused(
                ErrorCode.INVALID_SESSION,
                f"The session of {account} has ended; nothing was done. Log in again.",
                broker_id=self._adapter_id,
            )
        return account.account_id

    async def _visit(self, session: Session) -> tuple[Account, datetime]:
        account_id = self._admit(session)
        as_of = await self._floor.attend(account_id)
        return self._floor.exchange.state.accounts[account_id], as_of.astimezone(UTC)

    async def _submit(self, account_id: str, decide: Callable[[datetime], Command | None], undone: str) -> None:
        try:
            outcome = await self._floor.submit(account_id, decide)
        except Unavailable as error:
            raise NotSent(
                error.code, f"{undone}: {error.message} It may be tried again.", broker_id=self._adapter_id
            ) from error
        if isinstance(outcome, Refusal):
            raise Refused(
                outcome.code,
                f"{undone}: {outcome.message}.",
                broker_id=self._adapter_id,
                native_error=outcome.message,
            )

    def _own(self, account_id: str, number: str) -> PaperOrder:
        order = self._floor.exchange.state.orders.get(number)
        if order is None or order.account_id != account_id:
            raise Refused(
                ErrorCode.ORDER_NOT_FOUND,
                f"There is no order {number} in today's book of {self._adapter_id}/{account_id}; nothing was done.",
                broker_id=self._adapter_id,
            )
        return order

    def _underlying(self, key: InstrumentKey, at: datetime) -> Decimal | None:
        index = underlying_of(key) if key.strike is not None else None
        return None if index is None else self._last_price(index, at)

    def _last_price(self, key: InstrumentKey, at: datetime) -> Decimal | None:
        depth = self._prices.depth(key, at)
        return None if depth is None else depth.last_price

    def _quote(self, key: InstrumentKey, at: datetime) -> Quote:
        instrument = self._instruments.directory().get(key)
        if instrument is None:
            raise Refused(
                ErrorCode.INVALID_INSTRUMENT,
                f"{key} is not listed at the paper exchange, so no quotes were returned; search for its key.",
                broker_id=self._adapter_id,
            )
        depth = self._prices.depth(key, at)
        if depth is None:
            raise Unavailable(
                ErrorCode.BROKER_UNAVAILABLE,
                f"{key} has no price just now, so no quotes were returned.",
                broker_id=self._adapter_id,
            )
        facts = {} if instrument.kind is Kind.INDEX else _facts(depth)
        return Quote(instrument=key, last_price=depth.last_price, timestamp=depth.at, extended=facts)


def _facts(depth: Depth) -> dict[str, str]:
    facts = {
        "total_bid_quantity": str(sum(level.quantity for level in depth.bids)),
        "total_ask_quantity": str(sum(level.quantity for level in depth.asks)),
    }
    for name, levels in (("bid", depth.bids), ("ask", depth.asks)):
        if levels:
            facts[name] = str(levels[0].price)
            facts[f"{name}_quantity"] = str(levels[0].quantity)
    return facts


def _plain(terms: OrderTerms) -> OrderTerms:
    """The terms alone, when they come as the command or the order that carries them."""
    if type(terms) is OrderTerms:
        return terms
    return OrderTerms(**{item.name: getattr(terms, item.name) for item in fields(OrderTerms)})


def _acknowledged(order: PaperOrder) -> Acknowledged:
    return Acknowledged(broker_order_id=order.number, row=order_row(order))

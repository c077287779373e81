"""FYERS as a broker: encode, call, decode."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from ordo.adapters.brokers.fyers.client import FyersClient, RejectedOddly
from ordo.adapters.brokers.fyers.mapping import orders, portfolio, quotes
from ordo.adapters.brokers.fyers.symbols import ticker
from ordo.adapters.brokers.fyers.wire import CancelRequest
from ordo.domain.accounts import Account
from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.capabilities import Capabilities
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, OrdoError, Refused, Unavailable, before_sending
from ordo.domain.instruments import InstrumentKey, Venue
from ordo.domain.market import Quote
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Validity
from ordo.domain.portfolio import Funds, Holding, Position, Trade
from ordo.domain.sessions import Session
from ordo.ports.broker import Broker
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore

T = TypeVar("T")

CAPABILITIES: Final = Capabilities(
    # Currencies are closed to FYERS' clients, and nothing is known of orders for NSE's commodities.
    venues=frozenset({Venue.NSE, Venue.BSE, Venue.NFO, Venue.BFO, Venue.MCX}),
    products=frozenset(Product),
    order_types=frozenset(OrderType),
    validities=frozenset(Validity),
    after_market=True,
    disclosed_quantity=True,
    market_protection=False,
    modify=True,
    tag_echo=True,
    rejected_in_book=True,
    order_history_days=1,
    strict_trigger=True,
)

_MOST_QUOTES: Final = 50
_MARKET_KEPT: Final = timedelta(seconds=60)
_log = logging.getLogger(__name__)


class FyersBroker(Broker):
    """Trades for every account of one registered app."""

    def __init__(self, *, client: FyersClient, instruments: InstrumentStore, clock: Clock) -> None:
        self._client = client
        self._instruments = instruments
        self._clock = clock
        self._market: tuple[float, dict[Venue, str]] | None = None
        self._told: set[str] = set()
        self._rows = orders.OrderRows()

    @property
    def capabilities(self) -> Capabilities:
        return CAPABILITIES

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        CAPABILITIES.require(terms, broker_id=session.account.adapter_id)
        with before_sending():
            request = orders.place_request(self._listed, terms, tag)
        try:
            return Acknowledged(broker_order_id=await self._client.place(session, request))
        except RejectedOddly as doubt:
            raise await self._confirmed(session, doubt, tag) from None

    async def modify(self, session: Session, broker_order_id: str, terms: OrderTerms) -> Acknowledged:
        CAPABILITIES.require(terms, broker_id=session.account.adapter_id)
        with before_sending():
            request = orders.modify_request(self._listed, broker_order_id, terms)
        await self._client.modify(session, request)
        return Acknowledged(broker_order_id=broker_order_id)

    async def cancel(self, session: Session, broker_order_id: str) -> Acknowledged:
        await self._client.cancel(session, CancelRequest(id=broker_order_id))
        return Acknowledged(broker_order_id=broker_order_id)

    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        as_of, listed = self._clock.now(), self._listed
        rows = (await self._client.orders(session)).order_book
        found = self._decoded(session, lambda: self._rows.orders(listed, rows, _id(session)))
        for row in found:
            self._alert(session.account, row)
        # The order of the book is not documented; ids begin with the day and grow with it.
        return Snapshot(as_of=as_of, items=tuple(sorted(found, key=lambda row: row.broker_order_id)))

    async def trades(self, session: Session) -> Snapshot[Trade]:
        as_of, listed = self._clock.now(), self._listed
        rows = (await self._client.trades(session)).trade_book
        found = self._decoded(session, lambda: tuple(orders.trade(listed, row) for row in rows))
        return Snapshot(as_of=as_of, items=tuple(sorted(found, key=lambda row: (row.traded_at, row.trade_id))))

    async def funds(self, session: Session) -> Funds:
        as_of, answer = self._clock.now(), await self._client.funds(session)
        return self._decoded(session, lambda: portfolio.funds(answer, as_of))

    async def positions(self, session: Session) -> Snapshot[Position]:
        as_of, listed = self._clock.now(), self._listed
        answer = await self._client.positions(session)
        items = self._decoded(
            session,
            lambda: portfolio.every(
                answer.net_positions, answer.overall.count_total, lambda row: portfolio.position(listed, row)
            ),
        )
        return Snapshot(as_of=as_of, items=items)

    async def holdings(self, session: Session) -> Snapshot[Holding]:
        as_of, listed = self._clock.now(), self._listed
        answer = await self._client.holdings(session)
        items = self._decoded(
            session,
            lambda: portfolio.every(
                answer.holdings, answer.overall.count_total, lambda row: portfolio.holding(listed, row)
            ),
        )
        return Snapshot(as_of=as_of, items=items)

    async def quotes(self, session: Session, instruments: tuple[InstrumentKey, ...]) -> tuple[Quote, ...]:
        names = {key: self._ticker(session.account, key) for key in instruments}
        if len(names) == 1:
            return (await self._deep_quote(session, *names.popitem()),) * len(instruments)
        found: dict[InstrumentKey, Quote] = {}
        keys = list(names)
        for start in range(0, len(keys), _MOST_QUOTES):
            found |= await self._quotes(session, {key: names[key] for key in keys[start : start + _MOST_QUOTES]})
        return tuple(found[key] for key in instruments)

    async def _quotes(self, session: Session, names: dict[InstrumentKey, str]) -> dict[InstrumentKey, Quote]:
        at, answer = self._clock.now(), await self._client.quotes(session, list(names.values()))
        told = {item.n: item.v for item in answer.d if item.s == "ok"}
        return self._decoded(session, lambda: {key: quotes.quote(key, told[name], at) for key, name in names.items()})

    async def _deep_quote(self, session: Session, key: InstrumentKey, name: str) -> Quote:
        at, answer = self._clock.now(), await self._client.depth(session, name)
        market = await self._markets(session)
        return self._decoded(session, lambda: quotes.deep_quote(key, answer.d[name], at, market.get(key.venue)))

    async def _markets(self, session: Session) -> dict[Venue, str]:
        """Asked at most once a minute: every call counts towards the account's limit."""
        kept, now = self._market, self._clock.monotonic()
        if kept is None or now - kept[0] >= _MARKET_KEPT.total_seconds():
            answer = await self._client.market_status(session)
            kept = self._market = now, quotes.market_words(answer)
        return kept[1]

    async def _confirmed(self, session: Session, doubt: RejectedOddly, tag: str) -> OrdoError:
        """What to say of a rejection in words that nobody knows. An order that the book shows rejected was, and one
        that FYERS gave an id to unless the book shows it otherwise.
        """
        try:
            book = await self._client.orders(session, order_id=doubt.order_id, tag=tag)
            listed = self._listed
            rows = self._decoded(session, lambda: [orders.order(listed, row, _id(session)) for row in book.order_book])
        except OrdoError:
            rows = []
        found = [row for row in rows if doubt.order_id == row.broker_order_id or row.tag == tag]
        if any(row.status is not OrderStatus.REJECTED for row in found) or not (found or doubt.order_id):
            return doubt
        return Refused(
            ErrorCode.ORDER_REJECTED,
            "The order was not placed: FYERS rejected it. It stands in the order book as rejected.",
            broker_id=session.account.adapter_id,
            native_error=next((row.message for row in found if row.message), doubt.native_error),
        )

    @property
    def _listed(self) -> InstrumentDirectory:
        return self._instruments.directory()

    def _ticker(self, account: Account, key: InstrumentKey) -> str:
        found = ticker(self._listed, key)
        if found is None:
            raise Refused(
                ErrorCode.INVALID_INSTRUMENT,
                f"{key} is not in FYERS' instrument master, so no quotes were asked for; load today's with"
                " `ordo instruments sync`.",
                broker_id=account.adapter_id,
            )
        return found[1]

    def _decoded(self, session: Session, decode: Callable[[], T]) -> T:
        """What an answer says; one that says what can't be is no answer."""
        try:
            return decode()
        except (ValueError, ArithmeticError, LookupError) as error:
            why = (
                error.message
                if isinstance(error, OrdoError)
                else f"FYERS' answer makes no sense ({type(error).__name__})"
            )
            raise Unavailable(
                ErrorCode.BROKER_ERROR, f"Nothing was read: {why}", broker_id=session.account.adapter_id
            ) from None

    def _alert(self, account: Account, row: BrokerOrder) -> None:
        if row.status is None and row.raw_status not in self._told:
            self._told.add(row.raw_status)
            _log.error(
                "order %s of %s has the status %s, which no document of FYERS' explains; it is held for alive",
                row.broker_order_id,
                account,
                row.raw_status,
            )


def _id(session: Session) -> str:
    return session.account.account_id

"""A desk at the paper exchange: it turns plain words into events, and keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from ordo.adapters.paper.events import (
    AccountOpened,
    Close,
    DayEnded,
    Event,
    MarketMoved,
    Move,
    OrderCancelled,
    OrderModified,
    OrderPlaced,
)
from ordo.adapters.paper.exchange import Exchange
from ordo.adapters.paper.ledger import Account
from ordo.adapters.paper.state import PaperOrder
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.market import Depth, Level
from ordo.domain.orders import OrderTerms, OrderType, Product, Side, Validity
from ordo.domain.portfolio import Trade

MORNING = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
AS_OF = date(2026, 11, 22)

SBIN = Instrument(
    key=InstrumentKey.parse("NSE:SBIN"),
    kind=Kind.EQUITY,
    name="State Bank of India",
    exchange_token="3045",
    lot_size=1,
    tick_size=Decimal("0.05"),
    as_of=AS_OF,
    band_low=Decimal("624.00"),
    band_high=Decimal("936.00"),
    isin="INE062A01020",
)
BSE_SBIN = replace(SBIN, key=InstrumentKey.parse("BSE:SBIN"), exchange_token="500112")
FUTURE = Instrument(
    key=InstrumentKey.parse("NFO:NIFTY:20261229:FUT"),
    kind=Kind.FUTURE,
    name="Nifty future",
    exchange_token="PAPER-1",
    lot_size=65,
    tick_size=Decimal("0.10"),
    as_of=AS_OF,
    freeze_quantity=1800,
    band_low=Decimal("23400.00"),
    band_high=Decimal("28600.00"),
)
CALL = Instrument(
    key=InstrumentKey.parse("NFO:NIFTY:20261201:26000:CE"),
    kind=Kind.OPTION,
    name="Nifty call",
    exchange_token="PAPER-2",
    lot_size=65,
    tick_size=Decimal("0.05"),
    as_of=AS_OF,
    freeze_quantity=1800,
)
NOTHING = Decimal(0)
NIFTY_LEVEL = Decimal("26000.00")

Side_ = Literal["BUY", "SELL"]
Levels = tuple[tuple[str, int], ...]


def depth_of(last_price: str, *, bids: Levels = (), asks: Levels = (), at: datetime = MORNING) -> Depth:
    return Depth(
        last_price=Decimal(last_price),
        bids=tuple(Level(price=Decimal(price), quantity=quantity) for price, quantity in bids),
        asks=tuple(Level(price=Decimal(price), quantity=quantity) for price, quantity in asks),
        at=at,
    )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def terms_of(
    instrument: Instrument,
    side: Side_,
    quantity: int,
    limit: str | None = None,
    *,
    trigger: str | None = None,
    product: Product | None = None,
    validity: Validity = Validity.DAY,
    protection: Literal["auto", "none"] | Decimal = "auto",
) -> OrderTerms:
    kinds = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (True, True): OrderType.STOP_LIMIT,
        (False, True): OrderType.STOP_MARKET,
    }
    return OrderTerms(
        instrument=instrument.key,
        side=Side(side),
        quantity=quantity,
        order_type=kinds[limit is not None, trigger is not None],
        product=product or (Product.CNC if instrument.key.venue.is_cash else Product.NRML),
        price=_decimal(limit),
        trigger_price=_decimal(trigger),
        validity=validity,
        protection=protection,
    )


class Desk:
    """Time passes by a second with every event. Orders meet the market that was last told."""

    def __init__(self, cash: str = "1000000.00", *accounts: str) -> None:
        self.exchange = Exchange()
        self.events: list[Event] = []
        self.at = MORNING
        self._cash = Decimal(cash)
        self._instruments = {one.key: one for one in (SBIN, BSE_SBIN, FUTURE, CALL)}
        self._depths: dict[InstrumentKey, Depth] = {}
        for account_id in accounts or ("A",):
            self.apply(AccountOpened(at=self.at, account_id=account_id, cash=self._cash))

    def apply(self, event: Event) -> None:
        self.events.append(event)
        self.exchange.apply(event)

    def tick(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def tell(self, instrument: Instrument, last_price: str, *, bids: Levels = (), asks: Levels = ()) -> Depth:
        """Let the market be so; orders that rest see it only with the next event."""
        depth = depth_of(last_price, bids=bids, asks=asks, at=self.tick())
        self._depths[instrument.key] = depth
        return depth

    def move(self, instrument: Instrument, last_price: str, *, bids: Levels = (), asks: Levels = ()) -> None:
        """Let the market move under the orders that rest."""
        depth = self.tell(instrument, last_price, bids=bids, asks=asks)
        self.apply(MarketMoved(at=depth.at, moves=(Move(instrument=instrument.key, depth=depth),)))

    def place(self, terms: OrderTerms, *, account: str = "A", tag: str | None = None) -> PaperOrder:
        tag = tag or f"T{len(self.events)}"
        self.apply(
            OrderPlaced(
                at=self.tick(),
                account_id=account,
                tag=tag,
                terms=terms,
                instrument=self._instruments.get(terms.instrument),
                depth=self._depths.get(terms.instrument),
                underlying=NIFTY_LEVEL if terms.instrument.strike is not None else None,
            )
        )
        order = self.exchange.pit.tagged(account, tag)
        assert order is not None
        return order

    def buy(self, instrument: Instrument, quantity: int, limit: str | None = None) -> PaperOrder:
        return self.place(terms_of(instrument, "BUY", quantity, limit))

    def sell(self, instrument: Instrument, quantity: int, limit: str | None = None) -> PaperOrder:
        return self.place(terms_of(instrument, "SELL", quantity, limit))

    def modify(self, order: PaperOrder, terms: OrderTerms) -> PaperOrder:
        self.apply(
            OrderModified(
                at=self.tick(),
                number=order.number,
                terms=terms,
                depth=self._depths.get(terms.instrument),
                underlying=NIFTY_LEVEL if terms.instrument.strike is not None else None,
            )
        )
        return order

    def cancel(self, order: PaperOrder) -> PaperOrder:
        self.apply(OrderCancelled(at=self.tick(), number=order.number))
        return order

    def end_day(self, **closes: str) -> None:
        """Midnight in India. Prices by the instrument's name in this module."""
        india = timedelta(hours=5, minutes=30)
        midnight = datetime.combine((self.at + india).date() + timedelta(days=1), datetime.min.time(), UTC)
        self.at = midnight - india
        prices = tuple(Close(instrument=globals()[name].key, price=Decimal(price)) for name, price in closes.items())
        self.apply(DayEnded(at=self.at, closes=prices))
        self._depths.clear()

    def account(self, account_id: str = "A") -> Account:
        return self.exchange.state.accounts[account_id]

    def trades(self, account_id: str = "A") -> list[Trade]:
        return self.account(account_id).trades

    def prices(self, order: PaperOrder) -> list[tuple[str, int]]:
        """What an order traded, as price and quantity."""
        return [
            (str(trade.price), trade.quantity)
            for trade in self.trades(order.account_id)
            if trade.broker_order_id == order.number
        ]

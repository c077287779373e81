"""The words of Lotus, and those of Ordo. A word that stands in no table raises: it is never a default."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel

from ordo.domain.book import BrokerOrder
from ordo.domain.errors import ErrorCode, Unreadable
from ordo.domain.instruments import InstrumentKey, Venue
from ordo.domain.market import Quote
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Product, Side
from ordo.domain.portfolio import Position, Trade

STATUSES: Final = {
    "OPEN": OrderStatus.OPEN,
    "DONE": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELLED,
}
REFUSALS: Final = {
    "BAD_LOGIN": ErrorCode.INVALID_CREDENTIALS,
    "BAD_TOKEN": ErrorCode.INVALID_SESSION,
    "TOO_FAST": ErrorCode.RATE_LIMITED,
    "NO_SUCH_ORDER": ErrorCode.ORDER_NOT_FOUND,
    "NO_SUCH_SYMBOL": ErrorCode.INVALID_INSTRUMENT,
    "ORDER_ENDED": ErrorCode.ORDER_NOT_MODIFIABLE,
    "NO_SHARES": ErrorCode.INSUFFICIENT_HOLDINGS,
    "NO_MONEY": ErrorCode.INSUFFICIENT_FUNDS,
}
"""By these the broker says that it accepted nothing. Any other error proves nothing."""

_SUFFIX: Final = ".NS"


class Failed(BaseModel):
    error: str
    text: str


class Token(BaseModel):
    token: str
    until: AwareDatetime


class Placed(BaseModel):
    id: str


class OrderRow(BaseModel):
    id: str
    ref: str | None
    symbol: str
    side: Literal["B", "S"]
    qty: int
    limit: Decimal | None
    done: int
    average: Decimal | None
    status: str
    placed: AwareDatetime
    changed: AwareDatetime


class TradeRow(BaseModel):
    id: str
    order: str
    symbol: str
    side: Literal["B", "S"]
    qty: int
    price: Decimal
    at: AwareDatetime


class Money(BaseModel):
    cash: Decimal
    free: Decimal


class PositionRow(BaseModel):
    symbol: str
    bought: int
    bought_value: Decimal
    sold: int
    sold_value: Decimal
    last: Decimal


class QuoteRow(BaseModel):
    symbol: str
    last: Decimal
    at: AwareDatetime


def symbol(key: InstrumentKey) -> str:
    return f"{key.root}{_SUFFIX}"


def key(name: str) -> InstrumentKey:
    if not name.endswith(_SUFFIX):
        raise Unreadable(f"{name} is no symbol of Lotus")
    return InstrumentKey(venue=Venue.NSE, root=name.removesuffix(_SUFFIX))


def request(terms: OrderTerms, tag: str | None = None) -> dict[str, object]:
    asked = {
        "symbol": symbol(terms.instrument),
        "side": _side_out(terms.side),
        "qty": terms.quantity,
        "limit": None if terms.price is None else str(terms.price),
    }
    return asked if tag is None else asked | {"ref": tag}


def order(row: OrderRow) -> BrokerOrder:
    return BrokerOrder(
        broker_order_id=row.id,
        tag=row.ref,
        instrument=key(row.symbol),
        side=_side(row.side),
        quantity=row.qty,
        order_type=OrderType.MARKET if row.limit is None else OrderType.LIMIT,
        product=Product.CNC,
        price=row.limit,
        status=STATUSES.get(row.status),
        raw_status=row.status,
        filled_quantity=row.done,
        average_price=row.average,
        placed_at=row.placed,
        updated_at=row.changed,
    )


def trade(row: TradeRow) -> Trade:
    return Trade(
        trade_id=row.id,
        broker_order_id=row.order,
        instrument=key(row.symbol),
        side=_side(row.side),
        product=Product.CNC,
        quantity=row.qty,
        price=row.price,
        traded_at=row.at,
    )


def position(row: PositionRow) -> Position:
    return Position.of_totals(
        instrument=key(row.symbol),
        product=Product.CNC,
        buy_quantity=row.bought,
        buy_value=row.bought_value,
        sell_quantity=row.sold,
        sell_value=row.sold_value,
        last_price=row.last,
    )


def quote(asked: InstrumentKey, row: QuoteRow, now: datetime) -> Quote:
    if key(row.symbol) != asked:
        raise Unreadable(f"it gave the price of {row.symbol} for that of {asked}")
    return Quote(instrument=asked, last_price=row.last, timestamp=min(row.at, now))


def _side(letter: Literal["B", "S"]) -> Side:
    return Side.BUY if letter == "B" else Side.SELL


def _side_out(side: Side) -> str:
    return "B" if side is Side.BUY else "S"

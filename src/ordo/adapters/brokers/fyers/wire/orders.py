"""Orders and trades."""

from __future__ import annotations

from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted
from typing import Annotated, NamedTuple

from ordo.adapters.brokers.fyers.wire.envelope import (
    CODES,
    Envelope,
    MaybeNumber,
    MaybeWhole,
    Name,
    Number,
    ProductCode,
    SideCode,
    Text,
    TypeCode,
    ValidityCode,
    Whole,
    Wire,
)


class PlaceRequest(NamedTuple):
    """The ten fields that are always sent, and the tag. Prices in rupees, 0 for none, of at most 13 digits, which a
    float holds exactly: FYERS takes them as JSON's numbers.
    """

    symbol: str
    qty: int
    type: TypeCode
    side: SideCode
    product_type: ProductCode
    limit_price: Decimal
    stop_price: Decimal
    validity: ValidityCode
    disclosed_qty: int
    offline_order: bool
    order_tag: str

    def body(self) -> bytes:
        return (
            f'{{"symbol": {quoted(self.symbol)}, "qty": {self.qty}, "type": {self.type:d}, "side": {self.side:d}, '
            f'"productType": "{self.product_type}", "limitPrice": {float(self.limit_price)!r}, '
            f'"stopPrice": {float(self.stop_price)!r}, "validity": "{self.validity}", '
            f'"disclosedQty": {self.disclosed_qty}, "offlineOrder": {"true" if self.offline_order else "false"}, '
            f'"orderTag": {quoted(self.order_tag)}}}'
        ).encode()


class ModifyRequest(NamedTuple):
    """The full set: a partial one was refused in the wild. Numbers as in `PlaceRequest`."""

    id: str
    type: TypeCode
    limit_price: Decimal
    stop_price: Decimal
    qty: int
    disclosed_qty: int

    def body(self) -> bytes:
        return (
            f'{{"id": {quoted(self.id)}, "type": {self.type:d}, "limitPrice": {float(self.limit_price)!r}, '
            f'"stopPrice": {float(self.stop_price)!r}, "qty": {self.qty}, "disclosedQty": {self.disclosed_qty}}}'
        ).encode()


class CancelRequest(NamedTuple):
    id: str

    def body(self) -> bytes:
        return f'{{"id": {quoted(self.id)}}}'.encode()


class Listed(Wire):
    """By what an instrument is named in a row."""

    symbol: Name
    fy_token: Text = ""
    exchange: MaybeWhole = None
    segment: MaybeWhole = None


class OrderRow(Listed):
    id: Name
    qty: Whole
    filled_qty: Whole
    type: Annotated[TypeCode, CODES]
    side: Annotated[SideCode, CODES]
    status: Whole
    product_type: ProductCode
    order_validity: ValidityCode
    order_date_time: Name
    limit_price: MaybeNumber = None
    stop_price: MaybeNumber = None
    traded_price: MaybeNumber = None
    offline_order: bool = False
    message: Text = ""
    order_tag: Text = ""
    exch_ord_id: Text = ""


class OrderBook(Envelope):
    order_book: list[OrderRow]


class TradeRow(Listed):
    order_number: Name
    trade_number: Name
    traded_qty: Whole
    trade_price: Number
    side: Annotated[SideCode, CODES]
    product_type: ProductCode
    order_date_time: Name
    order_tag: Text = ""


class TradeBook(Envelope):
    trade_book: list[TradeRow]

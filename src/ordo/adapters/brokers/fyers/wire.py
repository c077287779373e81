"""What FYERS sends and takes, as it stands on the wire. Unknown fields are passed over, unknown states are not.

Captures show numbers as strings, ids as numbers, empty strings for nothing, and rows without the younger fields: all of
that is read. A row without what an order depends on is no row, and then the whole answer is unreadable.
"""

from __future__ import annotations

import json
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


class SideCode(IntEnum):
    BUY = 1
    SELL = -1


class TypeCode(IntEnum):
    LIMIT = 1
    MARKET = 2
    STOP_MARKET = 3
    STOP_LIMIT = 4


class StatusCode(IntEnum):
    CANCELLED = 1
    TRADED = 2
    UNUSED = 3
    TRANSIT = 4
    REJECTED = 5
    PENDING = 6
    EXPIRED = 7


class ProductCode(StrEnum):
    CNC = "CNC"
    INTRADAY = "INTRADAY"
    MARGIN = "MARGIN"
    MTF = "MTF"
    COVER = "CO"
    BRACKET = "BO"


class ValidityCode(StrEnum):
    DAY = "DAY"
    IOC = "IOC"


def _plain(value: object) -> object:
    """A number that may stand in a string; nothing may stand as an empty one."""
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")  # noqa: TRY004  (pydantic reports ValueErrors)
    return value.strip() or None if isinstance(value, str) else value


def _code(value: object) -> object:
    value = _plain(value)
    return int(value) if isinstance(value, str | Decimal) else value


_NUMBERS = BeforeValidator(_plain)
_CODES = BeforeValidator(_code)
Whole = Annotated[int, _NUMBERS]
Number = Annotated[Decimal, _NUMBERS]
MaybeWhole = Annotated[int | None, _NUMBERS]
MaybeNumber = Annotated[Decimal | None, _NUMBERS]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Name = Annotated[str, Field(min_length=1)]


class _Wire(BaseModel):
    # FYERS mostly writes names like `filledQty`, and some like `realized_profit`: both are read.
    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )


class Envelope(_Wire):
    """What every answer begins with. Positive codes may be errors too: `s` decides."""

    s: Literal["ok", "error"]
    code: MaybeWhole = None
    message: Text = ""
    id: Text = ""


class PlaceRequest(_Wire):
    """The ten fields that are always sent, and the tag."""

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


class ModifyRequest(_Wire):
    """The full set: a partial one was refused in the wild."""

    id: str
    type: TypeCode
    limit_price: Decimal
    stop_price: Decimal
    qty: int
    disclosed_qty: int


class CancelRequest(_Wire):
    id: str


class CodeRequest(_Wire):
    grant_type: str = Field(default="authorization_code", alias="grant_type")
    app_id_hash: str = Field(repr=False)
    code: str = Field(repr=False)


class Listed(_Wire):
    """By what an instrument is named in a row."""

    symbol: Name
    fy_token: Text = ""
    exchange: MaybeWhole = None
    segment: MaybeWhole = None


class OrderRow(Listed):
    id: Name
    qty: Whole
    filled_qty: Whole
    type: Annotated[TypeCode, _CODES]
    side: Annotated[SideCode, _CODES]
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
    side: Annotated[SideCode, _CODES]
    product_type: ProductCode
    order_date_time: Name
    order_tag: Text = ""


class TradeBook(Envelope):
    trade_book: list[TradeRow]


class PositionRow(Listed):
    product_type: ProductCode
    net_qty: Whole
    net_avg: Number
    buy_qty: Whole
    sell_qty: Whole
    buy_val: Number
    sell_val: Number
    realized_profit: MaybeNumber = None
    unrealized_profit: MaybeNumber = None
    pl: MaybeNumber = None
    ltp: MaybeNumber = None
    cf_buy_qty: MaybeWhole = None
    cf_sell_qty: MaybeWhole = None


class Overall(_Wire):
    count_total: MaybeWhole = None


class Positions(Envelope):
    net_positions: list[PositionRow] | None = None
    overall: Overall = Overall()


class HoldingRow(Listed):
    quantity: Whole
    cost_price: Number
    isin: Text = ""
    qty_t1: MaybeWhole = Field(default=None, alias="qty_t1")
    collateral_quantity: MaybeWhole = None
    remaining_quantity: MaybeWhole = None
    ltp: MaybeNumber = None
    pl: MaybeNumber = None


class Holdings(Envelope):
    holdings: list[HoldingRow] | None = None
    overall: Overall = Overall()


class FundRow(_Wire):
    id: MaybeWhole = None
    title: Text = ""
    equity_amount: MaybeNumber = None
    commodity_amount: MaybeNumber = None


class Funds(Envelope):
    fund_limit: list[FundRow] = Field(min_length=1)


class Person(_Wire):
    fy_id: Name


class Profile(Envelope):
    data: Person


class Token(Envelope):
    access_token: Name = Field(repr=False)


class QuoteItem(_Wire):
    """What an item holds that failed is not recorded; `s` decides."""

    n: Name
    s: str
    v: dict[str, Any] = Field(default_factory=dict)


class Quotes(Envelope):
    d: list[QuoteItem]


class Depth(Envelope):
    d: dict[str, dict[str, Any]]


class LastPrice(_Wire):
    """The one field of a quote's or a depth's that must be there."""

    price: Number = Field(validation_alias=AliasChoices("lp", "ltp"))


class Level(_Wire):
    price: Number
    volume: Whole


class Ladder(_Wire):
    """`bids`, but `ask`."""

    bids: list[Level]
    ask: list[Level]


class MarketRow(_Wire):
    exchange: Whole
    segment: Whole
    market_type: str = Field(alias="market_type")
    status: str


class MarketStatus(Envelope):
    market_status: list[MarketRow]


def loaded(body: bytes) -> object:
    """An answer's JSON, decimals as they were written; raises `ValueError` for what is none."""
    try:
        told: object = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError(f"no JSON of this world ({type(error).__name__})") from None
    return told


def dumped(request: BaseModel) -> bytes:
    """A request's body, prices as JSON numbers: at most 13 digits, which a float holds exactly."""
    return json.dumps(request.model_dump(by_alias=True), default=float).encode()


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")

"""Logins, and what an account has."""

from __future__ import annotations

from pydantic import Field

from ordo.adapters.brokers.fyers.wire.envelope import (
    Envelope,
    MaybeNumber,
    MaybeWhole,
    Name,
    Number,
    ProductCode,
    Text,
    Whole,
    Wire,
)
from ordo.adapters.brokers.fyers.wire.orders import Listed


class CodeRequest(Wire):
    grant_type: str = Field(default="authorization_code", alias="grant_type")
    app_id_hash: str = Field(repr=False)
    code: str = Field(repr=False)


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


class Overall(Wire):
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


class FundRow(Wire):
    id: MaybeWhole = None
    title: Text = ""
    equity_amount: MaybeNumber = None
    commodity_amount: MaybeNumber = None


class Funds(Envelope):
    fund_limit: list[FundRow] = Field(min_length=1)


class Person(Wire):
    fy_id: Name


class Profile(Envelope):
    data: Person


class Token(Envelope):
    access_token: Name = Field(repr=False)

"""Prices, and how the markets are."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field

from ordo.adapters.brokers.fyers.wire.envelope import Envelope, Name, Number, Whole, Wire


class QuoteItem(Wire):
    """What an item holds that failed is not recorded; `s` decides."""

    n: Name
    s: str
    v: dict[str, Any] = Field(default_factory=dict)


class Quotes(Envelope):
    d: list[QuoteItem]


class Depth(Envelope):
    d: dict[str, dict[str, Any]]


class LastPrice(Wire):
    """The one field of a quote's or a depth's that must be there."""

    price: Number = Field(validation_alias=AliasChoices("lp", "ltp"))


class Level(Wire):
    price: Number
    volume: Whole


class Ladder(LastPrice):
    """`bids`, but `ask`."""

    bids: list[Level]
    ask: list[Level]


class MarketRow(Wire):
    exchange: Whole
    segment: Whole
    market_type: str = Field(alias="market_type")
    status: str


class MarketStatus(Envelope):
    market_status: list[MarketRow]

"""Prices."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ordo.adapters.brokers.fyers import wire
from ordo.adapters.brokers.fyers.mapping.codes import rupees, without_blanks
from ordo.adapters.brokers.fyers.symbols import VENUES
from ordo.domain.errors import Unreadable
from ordo.domain.instruments import InstrumentKey, Venue, format_decimal
from ordo.domain.market import Quote

_QUOTED: Final = {
    "bid": "bid", "ask": "ask", "open_price": "open", "high_price": "high", "low_price": "low",
    "prev_close_price": "previous_close", "volume": "volume", "atp": "average_price", "ch": "change",
    "chp": "change_percent",
}  # fmt: skip
_DEEP: Final = {
    "totalbuyqty": "total_bid_quantity", "totalsellqty": "total_ask_quantity", "o": "open", "h": "high", "l": "low",
    "c": "previous_close", "v": "volume", "atp": "average_price", "ch": "change", "chp": "change_percent",
    "lower_ckt": "lower_circuit", "upper_ckt": "upper_circuit", "ltq": "last_traded_quantity", "oi": "open_interest",
}  # fmt: skip


def quote(key: InstrumentKey, values: dict[str, Any], at: datetime) -> Quote:
    """One of several quotes."""
    last = _last(key, wire.LastPrice.model_validate(values))
    return Quote(instrument=key, last_price=last, timestamp=at, extended=_picked(values, _QUOTED))


def deep_quote(key: InstrumentKey, values: dict[str, Any], at: datetime, market: str | None) -> Quote:
    """One quote with five levels on each side, and the word for how its market is."""
    ladder = wire.Ladder.model_validate(values)
    levels: dict[str, str] = {}
    for side, rungs in (("bid", ladder.bids), ("ask", ladder.ask)):
        number = 0
        for rung in rungs:
            if rung.price > 0 and rung.volume > 0:
                number += 1
                name = side if number == 1 else f"{side}_{number}"
                levels[name] = format_decimal(rupees(rung.price))
                levels[f"{name}_quantity"] = str(rung.volume)
    facts = levels | _picked(values, _DEEP) | without_blanks({"market_status": market or ""})
    return Quote(instrument=key, last_price=_last(key, ladder), timestamp=at, extended=facts)


def market_words(answer: wire.MarketStatus) -> dict[Venue, str]:
    """By venue, the broker's own word for how the normal market is."""
    rows = {(row.exchange, row.segment): row.status for row in answer.market_status if row.market_type == "NORMAL"}
    return {venue: rows[codes] for codes, venue in VENUES.items() if codes in rows}


def _last(key: InstrumentKey, values: wire.LastPrice) -> Decimal:
    price = rupees(values.price)
    if price <= 0:
        raise Unreadable(f"{key} has no last price")
    return price


def _picked(values: dict[str, Any], names: dict[str, str]) -> dict[str, str]:
    picked: dict[str, str] = {}
    for theirs, ours in names.items():
        value = values.get(theirs)
        if value is not None and not isinstance(value, bool):
            picked[ours] = str(value)
    return picked

"""What the paper exchange turns away, and why, in words for the trader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ordo.adapters.paper.ledger import has_expired
from ordo.adapters.paper.matching import fires
from ordo.domain.calendar import trading_day
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import Instrument, Kind, format_decimal
from ordo.domain.market import Depth
from ordo.domain.orders import OrderTerms, OrderType


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an order or a change of one is turned away."""

    code: ErrorCode
    message: str


def objection(
    terms: OrderTerms, instrument: Instrument | None, depth: Depth | None, *, at: datetime, arming: bool
) -> Refusal | None:
    """The first rule that terms break, money and shares aside. `arming`: a trigger is set or changed by them.

    A stop whose trigger the market has already passed is turned away rather than fired, as at Fyers (domain
    facts 1.3); at the last price itself it is taken and fires at once.
    """
    if instrument is None:
        return _no(ErrorCode.INVALID_INSTRUMENT, f"{terms.instrument} is not listed at the paper exchange")
    if not instrument.tradable or instrument.kind is Kind.INDEX:
        return _no(ErrorCode.INVALID_INSTRUMENT, f"{instrument.key} can't be traded")
    if has_expired(instrument, trading_day(at)):
        return _no(ErrorCode.INVALID_INSTRUMENT, f"{instrument.key} has expired; choose a later expiry")
    return (
        _bad_quantity(terms, instrument)
        or _bad_price(terms, instrument)
        or _bad_market(terms, instrument, depth, arming=arming)
    )


def _bad_quantity(terms: OrderTerms, instrument: Instrument) -> Refusal | None:
    if terms.quantity % instrument.lot_size:
        return _no(
            ErrorCode.INVALID_ORDER,
            f"a quantity of {terms.quantity} is not a multiple of the lot of {instrument.lot_size} units",
        )
    freeze = instrument.freeze_quantity
    if freeze is not None and terms.quantity > freeze:
        return _no(
            ErrorCode.INVALID_ORDER,
            f"{terms.quantity} units are above the freeze quantity of {freeze}; send several smaller orders",
        )
    return None


def _bad_price(terms: OrderTerms, instrument: Instrument) -> Refusal | None:
    for name, price in (("price", terms.price), ("trigger price", terms.trigger_price)):
        if price is None:
            continue
        if not instrument.on_tick(price):
            below, above = instrument.neighbours(price)
            return _no(
                ErrorCode.INVALID_ORDER,
                f"the {name} {_rupees(price)} is not on the tick of {_rupees(instrument.tick_size)};"
                f" the nearest are {_rupees(below)} and {_rupees(above)}",
            )
        low, high = instrument.band_low, instrument.band_high
        if (low is not None and price < low) or (high is not None and price > high):
            return _no(
                ErrorCode.INVALID_ORDER,
                f"the {name} {_rupees(price)} is outside the day's band of {_band(low)} to {_band(high)}",
            )
    return None


def _bad_market(terms: OrderTerms, instrument: Instrument, depth: Depth | None, *, arming: bool) -> Refusal | None:
    if terms.order_type is OrderType.MARKET and depth is None:
        return _no(
            ErrorCode.ORDER_REJECTED,
            f"{instrument.key} has no price just now, and a market order is never filled without one",
        )
    if terms.order_type is OrderType.STOP_MARKET:
        if instrument.kind is Kind.OPTION:
            return _no(ErrorCode.ORDER_REJECTED, "the exchange takes no SL-M orders in options; use SL with a price")
        if terms.protection == "none" and (instrument.band_low is None or instrument.band_high is None):
            return _no(
                ErrorCode.ORDER_REJECTED,
                f"{instrument.key} has no price band, so an SL-M order in it needs protection",
            )
    trigger = terms.trigger_price
    if not arming or trigger is None or depth is None:
        return None
    if depth.last_price != trigger and fires(terms.side, trigger, depth.last_price):
        relation = "below" if terms.side.sign > 0 else "above"
        return _no(
            ErrorCode.ORDER_REJECTED,
            f"the trigger {_rupees(trigger)} of a {terms.side} stop can't be {relation} the last price,"
            f" {_rupees(depth.last_price)}",
        )
    return None


def _no(code: ErrorCode, message: str) -> Refusal:
    return Refusal(code=code, message=message)


def _rupees(amount: Decimal) -> str:
    return f"Rs {format_decimal(amount)}"


def _band(edge: Decimal | None) -> str:
    return "no limit" if edge is None else _rupees(edge)

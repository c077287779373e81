"""Market orders where exchanges refuse them: how far one may run, and the limit that says so (domain facts 1.4)."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from enum import StrEnum

from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.instruments import Instrument, Kind
from ordo.domain.orders import OrderTerms, OrderType, Side

_HUNDRED = Decimal(100)
_OPTION_SLABS = ((Decimal(10), Decimal(5)), (Decimal(100), Decimal(3)))
_SLABS = ((Decimal(100), Decimal(2)),)
_LAST = Decimal(500)
_LIMITED = {OrderType.MARKET: OrderType.LIMIT, OrderType.STOP_MARKET: OrderType.STOP_LIMIT}


class MarketOrders(StrEnum):
    """Who bounds a market order: the broker as it is told (`native_protection`), the broker by itself
    (`broker_converts`), or Ordo, since the broker takes none (`gateway_must_convert`).
    """

    NATIVE = "native_protection"
    BROKER = "broker_converts"
    GATEWAY = "gateway_must_convert"


def slab(instrument: Instrument, price: Decimal) -> Decimal:
    """The percentage in wide use for a price in rupees: options from 5 to 1, everything else from 2 to 0.5."""
    is_option = instrument.kind is Kind.OPTION
    for below, percent in _OPTION_SLABS if is_option else _SLABS:
        if price < below:
            return percent
    beyond = Decimal(1) if is_option else Decimal("0.5")
    return 2 * beyond if price <= _LAST else beyond


def protected(
    terms: OrderTerms, instrument: Instrument, last_price: Decimal | None, percent: Decimal | None = None
) -> OrderTerms:
    """The order with a limit that makes a market order of it, within its protection; others stay as they are.
    `percent` is what protection `auto` means where it does not mean the slab.

    The limit is rounded towards the market's side of the tick and kept inside the band. A stop is measured from its
    trigger, and its limit stands at least one tick beyond it. Raises `Invalid` without a fresh last price, and for
    protection `none`, which can't be kept.
    """
    if terms.order_type not in _LIMITED:
        return terms
    if terms.protection == "none":
        raise _refusal("protection", "must be auto or a percentage: the exchanges take no market order without", "none")
    base = last_price if terms.trigger_price is None else terms.trigger_price
    if base is None:
        message = "can't be protected: there is no fresh last price to measure from. Send a LIMIT order, or ask again"
        raise _refusal("order_type", message, terms.order_type)
    share = (percent or slab(instrument, base)) if terms.protection == "auto" else Decimal(terms.protection)
    reach, tick = base * share / _HUNDRED, instrument.tick_size
    if terms.side is Side.BUY:
        price = instrument.round_up(base + reach)
        price = price if terms.trigger_price is None else max(price, terms.trigger_price + tick)
        price = price if instrument.band_high is None else min(price, instrument.round_down(instrument.band_high))
    else:
        price = max(instrument.round_down(base - reach), tick)
        price = price if terms.trigger_price is None else min(price, terms.trigger_price - tick)
        price = price if instrument.band_low is None else max(price, instrument.round_up(instrument.band_low))
    plain = OrderTerms(**{one.name: getattr(terms, one.name) for one in fields(OrderTerms)})
    return replace(plain, order_type=_LIMITED[terms.order_type], price=price)


def _refusal(name: str, message: str, seen: str) -> Invalid:
    return Invalid(
        ErrorCode.INVALID_ORDER,
        f"The order was not sent: {name} {seen} {message}.",
        fields=(FieldFault(field=name, message=message, seen=seen),),
    )

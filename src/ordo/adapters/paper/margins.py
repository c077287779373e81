"""How much money an order must set aside (domain facts 7.2), and how far a market order may run (1.4)."""

from __future__ import annotations

from decimal import Decimal

from ordo.domain.instruments import Instrument, Kind
from ordo.domain.market import Depth
from ordo.domain.orders import OrderTerms, OrderType, Product, Side

INTRADAY = Decimal("0.20")
DERIVATIVES = Decimal("0.15")

_HUNDRED = Decimal(100)
_Slabs = tuple[tuple[Decimal, Decimal], ...]
_SHARE_SLABS: _Slabs = ((Decimal(100), Decimal(2)), (Decimal("500.01"), Decimal(1)))
_SHARE_REST = Decimal("0.5")
_OPTION_SLABS: _Slabs = (
    (Decimal(10), Decimal(5)),
    (_HUNDRED, Decimal(3)),
    (Decimal("500.01"), Decimal(2)),
)
_OPTION_REST = Decimal(1)


def protection_percent(instrument: Instrument, price: Decimal) -> Decimal:
    """The percentage that `auto` protection allows at a price in rupees."""
    slabs, rest = (_OPTION_SLABS, _OPTION_REST) if instrument.kind is Kind.OPTION else (_SHARE_SLABS, _SHARE_REST)
    return next((percent for below, percent in slabs if price < below), rest)


def worst_price(terms: OrderTerms, instrument: Instrument, depth: Depth | None) -> Decimal:
    """The price, in rupees, beyond which an order does not trade.

    For LIMIT and SL that is their price. A MARKET order is protected from the last price, an SL-M from its
    trigger, so that what it may cost is known before it fires. Without protection it may run to the edge of
    the price band, or through the visible depth where there is no band. A MARKET order needs a `depth`.
    """
    if terms.price is not None:
        return terms.price
    if terms.protection == "none":
        return _unprotected(terms.side, instrument, depth)
    start = _start(terms, depth)
    percent = protection_percent(instrument, start) if terms.protection == "auto" else terms.protection
    reach = start * (1 + terms.side.sign * percent / _HUNDRED)
    if terms.side is Side.BUY:
        price = instrument.round_up(reach)
        return price if instrument.band_high is None else min(price, instrument.band_high)
    price = max(instrument.round_down(reach), instrument.tick_size)
    return price if instrument.band_low is None else max(price, instrument.band_low)


def unit_margin(
    instrument: Instrument, product: Product, side: Side, price: Decimal, underlying: Decimal | None
) -> Decimal:
    """The rupees that one unit needs when it opens a position at a price.

    Delivery and bought options are paid in full; intraday shares need 20 %, futures 15 % of their value, and a
    sold option 15 % of its underlying's level and the premium. Sold shares of one's own need nothing.
    """
    match instrument.kind:
        case Kind.OPTION:
            risk = (underlying or Decimal(0)) * DERIVATIVES if side is Side.SELL else Decimal(0)
            return (price + risk) * instrument.multiplier
        case Kind.FUTURE:
            return price * instrument.multiplier * DERIVATIVES
        case _ if product is Product.MIS:
            return price * instrument.multiplier * INTRADAY
        case _:
            return price * instrument.multiplier if side is Side.BUY else Decimal(0)


def margin_price(terms: OrderTerms, worst: Decimal, depth: Depth | None) -> Decimal:
    """The price that an order's margin is measured at: the most that a purchase can cost, and for a sale the
    highest of its limit, its trigger and the last price.
    """
    if terms.side is Side.BUY:
        return worst
    if terms.trigger_price is not None:
        return max(worst, terms.trigger_price)
    return worst if depth is None else max(worst, depth.last_price)


def _start(terms: OrderTerms, depth: Depth | None) -> Decimal:
    if terms.trigger_price is not None:
        return terms.trigger_price
    if depth is None:
        raise ValueError(f"a {OrderType.MARKET} order in {terms.instrument} has no price to start from")
    return depth.last_price


def _unprotected(side: Side, instrument: Instrument, depth: Depth | None) -> Decimal:
    edge = instrument.band_high if side is Side.BUY else instrument.band_low
    if edge is not None:
        return edge
    if depth is None:
        raise ValueError(f"{instrument.key} has neither a price band nor a price")
    levels = depth.asks if side is Side.BUY else depth.bids
    return levels[-1].price if levels else depth.last_price

"""Checks that look at the order and its instrument alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from ordo.application.proposal import Proposal, refusal
from ordo.domain.errors import ErrorCode
from ordo.domain.orders import Product, Side

_JUST_NOW = timedelta(seconds=2)
_STEP = Decimal("0.05")


def instrument(proposal: Proposal) -> None:
    key = proposal.terms.instrument
    if proposal.unlisted is not None:
        raise refusal("instrument", proposal.unlisted, key, code=ErrorCode.INVALID_INSTRUMENT)
    found = proposal.known
    if not found.tradable:
        raise refusal("instrument", "can't be traded", key, code=ErrorCode.INVALID_INSTRUMENT)
    if key.expiry is not None and key.expiry < proposal.today:
        raise refusal("instrument", f"expired on {key.expiry}", key, code=ErrorCode.INVALID_INSTRUMENT)


def master(proposal: Proposal) -> None:
    key = proposal.terms.instrument
    if proposal.stale and proposal.known.key.venue.is_derivative:
        raise refusal(
            "instrument",
            f"is known from masters that are not dated today ({', '.join(proposal.stale)}), and its lot may have"
            " changed; run `ordo instruments sync`, or accept that risk with ORDO_INSTRUMENTS__ALLOW_STALE=true",
            key,
            code=ErrorCode.INVALID_INSTRUMENT,
        )


def capability(proposal: Proposal) -> None:
    proposal.capabilities.require(proposal.terms, broker_id=proposal.account.adapter_id)


def market_hours(proposal: Proposal) -> None:
    hours = proposal.hours
    if hours is not None:
        hours.require(proposal.traded(hours), proposal.terms, proposal.now)


def is_after_square_off(proposal: Proposal) -> bool:
    """Whether brokers have begun to close the day's intraday positions in this instrument."""
    hours = proposal.hours
    if hours is None or proposal.terms.product is not Product.MIS or proposal.instrument is None:
        return False
    square_off = hours.day(proposal.traded(hours), proposal.today).square_off
    return square_off is not None and proposal.now >= square_off


def square_off(proposal: Proposal) -> None:
    if is_after_square_off(proposal) and not proposal.closes:
        raise refusal(
            "product",
            "takes only orders that close a position now: brokers have begun to square off the day's intraday"
            " positions",
            proposal.terms.product,
            code=ErrorCode.MARKET_CLOSED,
        )


def series(proposal: Proposal) -> None:
    found = proposal.known.series
    if proposal.terms.product is Product.MIS and found in ("BE", "BZ", "ST"):
        raise refusal("product", f"must be CNC: series {found} is for delivery only", proposal.terms.product)


def lot(proposal: Proposal) -> None:
    size, quantity = proposal.known.lot_size, proposal.terms.quantity
    if quantity % size:
        below = quantity - quantity % size
        near = " and ".join(str(count) for count in (below, below + size) if count)
        raise refusal("quantity", f"must be a multiple of the lot of {size} units; nearest: {near}", quantity)


def freeze(proposal: Proposal) -> None:
    most, quantity = proposal.known.freeze_quantity, proposal.terms.quantity
    if most is not None and quantity > most:
        orders = -(-quantity // most)
        message = f"exceeds the freeze quantity of {most} units; split it into {orders} orders"
        raise refusal("quantity", message, quantity)


def tick(proposal: Proposal) -> None:
    found = proposal.known
    for name, price in proposal.prices:
        if not found.on_tick(price):
            below, above = (f"{near:.{_decimals(found.tick_size)}f}" for near in found.neighbours(price))
            message = f"must be a multiple of the tick {found.tick_size}; nearest: {below} and {above}"
            raise refusal(name, message, price)


def band(proposal: Proposal) -> None:
    """Far outside a band that may move, or at all outside one that does not."""
    if _is_banded(proposal):
        _within_band(proposal, step=_STEP if _flexes(proposal) else Decimal(0))


def band_now(proposal: Proposal) -> None:
    """Outside a band that may have moved since the master was made."""
    if _is_banded(proposal) and _flexes(proposal):
        _within_band(proposal, step=Decimal(0))


def trigger(proposal: Proposal) -> None:
    terms = proposal.terms
    if proposal.capabilities.strict_trigger and terms.price is not None and terms.price == terms.trigger_price:
        relation = "below" if terms.side is Side.BUY else "above"
        message = f"must be {relation} the price for a {terms.side} stop at {proposal.account.adapter_id}"
        raise refusal("trigger_price", message, terms.trigger_price)


def trigger_now(proposal: Proposal) -> None:
    terms, quote = proposal.terms, proposal.quote
    if quote is None or terms.trigger_price is None or proposal.now - quote.timestamp > _JUST_NOW:
        return
    if (terms.trigger_price - quote.last_price) * terms.side.sign <= 0:
        relation = "above" if terms.side is Side.BUY else "below"
        message = f"is not {relation} the last price of {quote.last_price}: the stop would fire at once, or be refused"
        raise refusal("trigger_price", message, terms.trigger_price)


def by_construction(proposal: Proposal) -> None:
    """The command holds only terms that obey this: any other is refused while it is read."""
    del proposal


def _is_banded(proposal: Proposal) -> bool:
    """Whether today's band is known. Bands change daily: one of another day proves nothing."""
    found = proposal.known
    return (found.band_low is not None or found.band_high is not None) and found.as_of == proposal.today


def _within_band(proposal: Proposal, *, step: Decimal) -> None:
    found = proposal.known
    for name, price in proposal.prices:
        if found.band_low is not None and price < found.band_low * (1 - step):
            raise refusal(name, f"is outside today's price band: it must be at least {found.band_low}", price)
        if found.band_high is not None and price > found.band_high * (1 + step):
            raise refusal(name, f"is outside today's price band: it must be at most {found.band_high}", price)


def _flexes(proposal: Proposal) -> bool:
    """Whether the exchange moves the band during the day: it does for derivatives, and for shares that have some."""
    return proposal.known.key.venue.is_derivative or bool(proposal.known.cas_eligible)


def _decimals(size: Decimal) -> int:
    exponent = size.as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2

"""Checks that look at the account: its switch, its session, its limits, and what it has and has ordered."""

from __future__ import annotations

from decimal import Decimal

from ordo.application.proposal import Proposal, beyond_limit, multipliers, no_session, not_measurable, refusal
from ordo.domain.errors import ErrorCode
from ordo.domain.exposure import Waiting
from ordo.domain.instruments import Kind, format_decimal
from ordo.domain.limits import Limits
from ordo.domain.orders import Product, Side
from ordo.domain.protection import MarketOrders, protected
from ordo.domain.safety import KillState
from ordo.domain.sessions import SessionState

_HUNDRED = Decimal(100)
_NO_PRICE = "there is no price to measure by: the order names none, and the broker gave no fresh last price"
_NO_FACTS = "the account's positions and orders could not be read"


def kill_switch(proposal: Proposal) -> None:
    switch = proposal.switch
    if switch is None or switch.state is KillState.ACTIVE:
        return
    if switch.state is KillState.HALTED:
        raise switch.refusal()
    if proposal.facts is None:
        raise switch.refusal(f"Whether the order makes a position smaller can't be told: {_NO_FACTS}.")
    if not proposal.closes:
        raise switch.refusal("The order does not only make a position smaller, counting the orders that wait.")


def session(proposal: Proposal) -> None:
    kept = proposal.session
    state = SessionState.NONE if kept is None else kept.state(proposal.now)
    if state is not SessionState.ACTIVE:
        raise no_session(proposal.account, state)


def protection(proposal: Proposal) -> None:
    if proposal.capabilities.market_orders is MarketOrders.GATEWAY:
        protected(proposal.terms, proposal.known, proposal.last_price, proposal.capabilities.auto_percent)


def order_value(proposal: Proposal) -> None:
    most = proposal.limits.max_order_value
    if most is None:
        return
    price = proposal.reference_price
    if price is None:
        raise not_measurable("max_order_value", _NO_PRICE)
    value = price * proposal.terms.quantity * proposal.known.multiplier
    if value > most:
        raise beyond_limit("quantity", "max_order_value", most, format_decimal(value), unit=" rupees")


def quantity(proposal: Proposal) -> None:
    most, asked = proposal.limits.max_quantity, proposal.terms.quantity
    if most is not None and asked > most:
        raise beyond_limit("quantity", "max_quantity", most, asked, unit=" units")


def distance_limit(limits: Limits, kind: Kind) -> Decimal | None:
    """How far, in per cent, a limit of this kind of instrument may be worse than the last price."""
    return limits.max_option_price_distance if kind is Kind.OPTION else limits.max_price_distance


def price_distance(proposal: Proposal) -> None:
    most, price = distance_limit(proposal.limits, proposal.known.kind), proposal.terms.price
    if most is None or price is None:
        return
    last = proposal.last_price
    if last is None:
        raise not_measurable("max_price_distance", "the broker gave no fresh last price")
    worse = (price - last) * proposal.terms.side.sign
    if worse * _HUNDRED > last * most:
        near = last * (_HUNDRED + most * proposal.terms.side.sign) / _HUNDRED
        message = f"is more than {most} % beyond the last price of {last}; it may go to {format_decimal(near)}"
        raise refusal("price", message, price, code=ErrorCode.RISK_LIMIT)


def open_orders(proposal: Proposal) -> None:
    most = proposal.limits.max_open_orders
    if most is None or proposal.changing is not None:
        return
    if proposal.facts is None:
        raise not_measurable("max_open_orders", _NO_FACTS)
    count = sum(1 for _ in proposal.facts.waiting()) + 1
    if count > most and not proposal.closes:
        raise beyond_limit("order", "max_open_orders", most, count, unit=" open orders")


def exposure(proposal: Proposal) -> None:
    most = proposal.limits.max_exposure
    if most is None:
        return
    facts, terms, price = proposal.facts, proposal.terms, proposal.reference_price
    if facts is None:
        raise not_measurable("max_exposure", _NO_FACTS)
    if proposal.closes:
        return
    if price is None:
        raise not_measurable("max_exposure", _NO_PRICE)
    added = Waiting(
        instrument=terms.instrument,
        product=terms.product,
        side=terms.side,
        quantity=proposal.added,
        price=price,
    )
    keys = {terms.instrument, *(one.instrument for one in facts.positions), *(one.instrument for one in facts.orders)}
    after = facts.exposure(added, multipliers(proposal.listed, keys), proposal.changing)
    if after is None:
        raise not_measurable("max_exposure", "an open order or position has no price")
    if after > most:
        raise beyond_limit("order", "max_exposure", most, format_decimal(after), unit=" rupees")


def daily_loss(proposal: Proposal) -> None:
    most = proposal.limits.max_daily_loss
    if most is None:
        return
    if proposal.facts is None:
        raise not_measurable("max_daily_loss", _NO_FACTS)
    if proposal.closes:
        return
    loss = proposal.facts.loss()
    if loss is None:
        raise not_measurable("max_daily_loss", "the broker does not tell the profit of an open position")
    if loss >= most:
        raise beyond_limit("loss today", "max_daily_loss", most, format_decimal(loss), unit=" rupees")


def needs_cover(proposal: Proposal) -> bool:
    """Whether the order sells what has to be held."""
    return proposal.terms.product is Product.CNC and proposal.terms.side is Side.SELL


def needs_funds(proposal: Proposal) -> bool:
    """Whether the order buys what is paid in full."""
    terms, found = proposal.terms, proposal.instrument
    is_paid_in_full = terms.product is Product.CNC or (found is not None and found.kind is Kind.OPTION)
    return terms.side is Side.BUY and is_paid_in_full


def cover(proposal: Proposal) -> None:
    terms = proposal.terms
    if not needs_cover(proposal):
        return
    if proposal.facts is None:
        raise not_measurable("cover", _NO_FACTS)
    sellable = proposal.facts.sellable(terms.instrument, proposal.changing)
    if proposal.added > sellable:
        message = f"is more than the {max(0, sellable)} units that are held and not for sale yet"
        raise refusal("quantity", message, terms.quantity, code=ErrorCode.INSUFFICIENT_HOLDINGS)


def funds(proposal: Proposal) -> None:
    terms = proposal.terms
    if not needs_funds(proposal):
        return
    known = None if proposal.facts is None or proposal.facts.funds is None else proposal.facts.funds.available
    price = proposal.reference_price
    if known is None or price is None:
        return  # An estimate, and the broker is final: without its parts there is none.
    cost = price * terms.quantity * proposal.known.multiplier
    if cost > known and proposal.changing is None:
        message = f"costs about {format_decimal(cost)} rupees, and {format_decimal(known)} are available"
        raise refusal("quantity", message, terms.quantity, code=ErrorCode.INSUFFICIENT_FUNDS)


def rate_budget(proposal: Proposal) -> None:
    if proposal.no_place is not None:
        raise proposal.no_place

"""The broker's risk system: what it holds back for an order, and why it rejects one."""

from collections.abc import Iterable
from decimal import Decimal

from ordo_emulators.accounts import Account, margin
from ordo_emulators.orders import Order, Product, Reason, Rejection, Side, Terms


def opening_margin(account: Account, terms: Terms, quantity: int, price: Decimal) -> Decimal:
    """What `quantity` of an order ties up, in rupees: nothing for what only closes a position."""
    net = account.net(terms.instrument, terms.product)
    closing = abs(net) if net * terms.side.sign < 0 else 0
    reference = terms.price or terms.trigger or price
    return margin(terms.instrument, terms.product, terms.side, max(0, quantity - closing), reference)


def rejection(
    order: Order, terms: Terms, account: Account, others: Iterable[Order], price: Decimal
) -> Rejection | None:
    """Why `order` can't have `terms`, or None. `others` are the other working orders in the instrument."""
    return (
        _freeze(terms)
        or _band(terms)
        or _product(terms)
        or _delivery(order, terms, account, others)
        or _money(order, terms, account, price)
    )


def _freeze(terms: Terms) -> Rejection | None:
    freeze = terms.instrument.freeze
    if freeze and terms.quantity > freeze:
        return Rejection(Reason.FREEZE, Decimal(terms.quantity), Decimal(freeze))
    return None


def _band(terms: Terms) -> Rejection | None:
    lower, upper = terms.instrument.lower, terms.instrument.upper
    for price in (terms.price, terms.trigger):
        if price is not None and not lower <= price <= upper:
            return Rejection(Reason.BAND, price, lower if price < lower else upper)
    return None


def _product(terms: Terms) -> Rejection | None:
    if terms.product is Product.MIS and terms.instrument.is_trade_to_trade:
        return Rejection(Reason.INTRADAY)
    if terms.product is Product.MTF and not terms.instrument.financed:
        return Rejection(Reason.MTF)
    return None


def _delivery(order: Order, terms: Terms, account: Account, others: Iterable[Order]) -> Rejection | None:
    if terms.side is Side.BUY or terms.product not in {Product.CNC, Product.MTF}:
        return None
    is_cnc = terms.product is Product.CNC
    owned = account.deliverable(terms.instrument) if is_cnc else account.net(terms.instrument, Product.MTF)
    promised = sum(o.remaining for o in others if o.terms.side is Side.SELL and o.terms.product is terms.product)
    wanted = terms.quantity - order.filled
    if wanted > owned - promised:
        return Rejection(Reason.HOLDINGS, Decimal(wanted), Decimal(owned - promised))
    return None


def _money(order: Order, terms: Terms, account: Account, price: Decimal) -> Rejection | None:
    needed = opening_margin(account, terms, terms.quantity - order.filled, price)
    available = account.available + order.blocked
    return Rejection(Reason.MARGIN, needed, available) if needed > available else None

"""What live orders lay claim to: an account's money, its open positions, its shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ordo.adapters.paper.charges import order_charges
from ordo.adapters.paper.ledger import ZERO, Account
from ordo.adapters.paper.margins import margin_price, unit_margin, worst_price
from ordo.adapters.paper.rules import Refusal
from ordo.adapters.paper.state import PaperOrder, cover
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.market import Depth
from ordo.domain.orders import Product, Side
from ordo.domain.portfolio import to_paisa

_Slot = tuple[str, InstrumentKey, Product, Side]


@dataclass(slots=True)
class _Group:
    """The live orders of one account, instrument, product and side, and how many units they could close when
    their claims were last weighed.
    """

    orders: dict[str, PaperOrder] = field(default_factory=dict)
    closable: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is known of the market when an order is weighed."""

    instrument: Instrument
    depth: Depth | None
    underlying: Decimal | None
    day: date


class Claims:
    """Keeps every account's `blocked` equal to what its live orders need, whatever order they fill in."""

    def __init__(self) -> None:
        self._groups: dict[_Slot, _Group] = {}

    def add(self, account: Account, order: PaperOrder) -> None:
        """Count an order among the live ones and block what it needs."""
        self._groups.setdefault(_slot(order, order.terms.side), _Group()).orders[order.number] = order
        self.weigh(account, order)

    def remove(self, account: Account, order: PaperOrder) -> None:
        """Release all that an order blocks, and count it no more."""
        _block(account, order, ZERO)
        slot = _slot(order, order.terms.side)
        group = self._groups[slot]
        del group.orders[order.number]
        self.weigh(account, order)
        if not group.orders:
            del self._groups[slot]

    def weigh(self, account: Account, changed: PaperOrder) -> None:
        """Block what is needed now that an order, or the position under it, has changed."""
        for side in Side:
            group = self._groups.get(_slot(changed, side))
            if group is None:
                continue
            closable = account.closable(changed.terms.instrument, changed.terms.product, side)
            if closable or group.closable:
                for order, amount in cover(group.orders.values(), closable):
                    _block(account, order, amount)
            elif changed.number in group.orders:
                _block(account, changed, changed.needs(changed.remaining))
            group.closable = closable

    def objection(
        self, account: Account, order: PaperOrder, sight: Sight, *, replacing: PaperOrder | None = None
    ) -> Refusal | None:
        """Fill in an order's prices, `unit` and `reserve`; say what the account lacks for it, if anything.

        Nothing but this order is changed. `replacing` is the live order that it would take the place of.
        """
        terms = order.terms
        order.worst = worst_price(terms, sight.instrument, sight.depth)
        order.underlying = sight.underlying
        group = self._groups.get(_slot(order, terms.side))
        peers = () if group is None else group.orders.values()
        if terms.product is Product.CNC and terms.side is Side.SELL:
            queued = sum(peer.remaining for peer in peers if peer is not replacing)
            return _undeliverable(account, order, queued)
        price = margin_price(terms, order.worst, sight.depth)
        order.unit = unit_margin(sight.instrument, terms.product, terms.side, price, sight.underlying)
        closable = account.closable(terms.instrument, terms.product, terms.side)
        others = [peer for peer in peers if peer is not replacing] if closable else []
        if order.remaining <= closable - sum(peer.remaining for peer in others):
            order.reserve = ZERO
        else:
            if sight.instrument.kind is Kind.OPTION and terms.side is Side.SELL and sight.underlying is None:
                message = f"the margin for selling {terms.instrument} depends on its index, whose level is not known"
                return Refusal(code=ErrorCode.ORDER_REJECTED, message=message)
            value = to_paisa(price * terms.quantity * sight.instrument.multiplier)
            order.reserve = order_charges(sight.instrument, terms.product, terms.side, value, day=sight.day).total
        after = sum((amount for _, amount in cover([*others, order], closable)), ZERO)
        before = sum((peer.blocked for peer in others), ZERO if replacing is None else replacing.blocked)
        return _unaffordable(account, after - before)


def _undeliverable(account: Account, order: PaperOrder, queued: int) -> Refusal | None:
    order.unit = order.reserve = ZERO
    sellable = account.deliverable(order.terms.instrument) - queued
    if order.remaining <= sellable:
        return None
    return Refusal(
        code=ErrorCode.INSUFFICIENT_HOLDINGS,
        message=f"it sells {order.remaining} {order.terms.instrument} for delivery, and {sellable} are there that no"
        " other order sells; sell fewer, or use product MIS to sell short",
    )


def _unaffordable(account: Account, needed: Decimal) -> Refusal | None:
    if needed <= ZERO or needed <= account.available:
        return None
    return Refusal(
        code=ErrorCode.INSUFFICIENT_FUNDS,
        message=f"it needs Rs {needed}, charges included, and Rs {account.available} are available; order less, or"
        " cancel or close something first",
    )


def _block(account: Account, order: PaperOrder, amount: Decimal) -> None:
    account.blocked += amount - order.blocked
    order.blocked = amount


def _slot(order: PaperOrder, side: Side) -> _Slot:
    return order.account_id, order.terms.instrument, order.terms.product, side

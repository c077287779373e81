"""The paper account in the words of every broker's book."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from ordo.adapters.paper.ledger import ZERO, Account, Dealings, Shares
from ordo.adapters.paper.state import PaperOrder, State
from ordo.domain.book import BrokerOrder
from ordo.domain.instruments import format_decimal
from ordo.domain.orders import OrderTerms, Product
from ordo.domain.portfolio import Funds, Holding, Position, to_paisa

_AVERAGE = Decimal("0.0001")
_Shown = tuple[object, int, datetime, OrderTerms]


def order_row(order: PaperOrder) -> BrokerOrder:
    """One row of the order book. `worst_price` is where market protection ends, `charges` what was charged."""
    terms = order.terms
    metadata = {"charges": str(order.charged)}
    if order.worst and not terms.order_type.has_price:
        metadata["worst_price"] = format_decimal(order.worst)
    return BrokerOrder(
        broker_order_id=order.number,
        instrument=terms.instrument,
        side=terms.side,
        quantity=terms.quantity,
        order_type=terms.order_type,
        product=terms.product,
        status=order.status,
        raw_status=str(order.status),
        filled_quantity=order.filled,
        placed_at=order.placed_at,
        updated_at=order.updated_at,
        tag=order.tag,
        price=terms.price,
        trigger_price=terms.trigger_price,
        validity=terms.validity,
        average_price=_average(order.value, order.filled) if order.filled else None,
        message=order.message,
        metadata=metadata,
    )


class OrderRows:
    """Makes an account's rows, and only those anew that have changed since the last time."""

    def __init__(self) -> None:
        self._made: dict[str, dict[str, tuple[_Shown, BrokerOrder]]] = {}

    def of(self, state: State, account_id: str) -> tuple[BrokerOrder, ...]:
        """All rows of today's book, oldest first."""
        before = self._made.get(account_id, {})
        now: dict[str, tuple[_Shown, BrokerOrder]] = {}
        for number, order in state.orders.items():
            if order.account_id != account_id:
                continue
            shown = order.status, order.filled, order.updated_at, order.terms
            made = before.get(number)
            now[number] = made if made is not None and made[0] == shown else (shown, order_row(order))
        self._made[account_id] = now
        return tuple(row for _, row in now.values())


def funds_of(account: Account, as_of: datetime) -> Funds:
    """The account's money. `realised_pnl` is today's; the metadata's `charges` are all since it was opened."""
    return Funds(
        as_of=as_of,
        cash=account.cash,
        available=account.available,
        utilised=account.blocked + account.margin,
        collateral=ZERO,
        opening=account.opening,
        realised_pnl=sum((row.realised for row in account.all_dealings()), ZERO),
        metadata={
            "charges": str(account.charges),
            "blocked_for_orders": str(account.blocked),
            "blocked_for_positions": str(account.margin),
        },
    )


def position_of(row: Dealings, last_price: Decimal | None) -> Position:
    """Today's dealings, with what was carried into the day. Delivery sold from holdings is negative until the day
    ends, and the holding stays whole until then.
    """
    return Position.of_totals(
        instrument=row.instrument.key,
        product=row.product,
        buy_quantity=row.buy_quantity,
        buy_value=row.buy_value,
        sell_quantity=row.sell_quantity,
        sell_value=row.sell_value,
        last_price=last_price,
        multiplier=row.instrument.multiplier,
    )


def holding_of(account: Account, held: Shares, last_price: Decimal | None) -> Holding:
    """Shares as of the start of the day; the metadata's `unsold_quantity` is less what was sold today."""
    key = held.instrument.key
    row = account.dealings_in(key, Product.CNC)
    worth = None if last_price is None else to_paisa(last_price * held.quantity)
    return Holding(
        instrument=key,
        quantity=held.quantity,
        average_price=_average(held.cost, held.quantity),
        isin=held.instrument.isin,
        t1_quantity=held.t1_quantity,
        pledged_quantity=0,
        last_price=last_price,
        pnl=None if worth is None else worth - held.cost,
        metadata={"unsold_quantity": str(held.quantity + min(0, 0 if row is None else row.net))},
    )


def _average(value: Decimal, quantity: int) -> Decimal:
    return (value / quantity).quantize(_AVERAGE, ROUND_HALF_UP)

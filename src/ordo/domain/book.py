"""The broker's book, and how what it says changes what Ordo knows of an order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from ordo.domain.copying import replace
from ordo.domain.errors import Unreadable
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import (
    LEGAL,
    MAX_QUANTITY,
    MatchedBy,
    ModifyOrder,
    Order,
    OrderEvent,
    OrderStatus,
    OrderType,
    PendingOp,
    Product,
    Side,
    Validity,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Generic[T]):
    """All the rows that a broker gave in one complete, successful read, and when. An empty one is proof of
    emptiness.
    """

    as_of: datetime
    items: tuple[T, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """One row of a broker's order book, in Ordo's words.

    `status` is `None` when the broker used a word that Ordo does not know; `raw_status` always holds the
    word. `foreign_product` is the broker's word for a product that Ordo does not have and never sends, of which
    `product` is only the nearest. `tag` is Ordo's order id where the broker carried it. Prices in rupees, quantities in
    units, times aware. A row that makes no sense raises `Unreadable`: then the whole book is.
    """

    broker_order_id: str
    instrument: InstrumentKey
    side: Side
    quantity: int
    order_type: OrderType
    product: Product
    status: OrderStatus | None
    raw_status: str
    filled_quantity: int
    placed_at: datetime
    updated_at: datetime
    tag: str | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    validity: Validity = Validity.DAY
    average_price: Decimal | None = None
    message: str | None = None
    foreign_product: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # An empty id would be that of every order whose id is not known.
        if not self.broker_order_id:
            raise Unreadable("an order in the broker's book has no id")
        if not 0 < self.quantity <= MAX_QUANTITY or self.filled_quantity < 0:
            raise Unreadable(f"the broker's book shows {self.filled_quantity} of {self.quantity} units filled")
        if any(amount is not None and not amount.is_finite() for amount in self._amounts):
            raise Unreadable("a price in the broker's book is no number")
        if self.status is not None and not self.status.is_broker_word:
            raise Unreadable(f"{self.status} is not a broker's status")
        if self.placed_at.tzinfo is None or self.updated_at.tzinfo is None:
            raise Unreadable("a time in the broker's book has no zone")

    @property
    def _amounts(self) -> tuple[Decimal | None, ...]:
        return self.price, self.trigger_price, self.average_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A broker's answer to an accepted write: its order id, and the book row where the answer already holds
    it.
    """

    broker_order_id: str
    row: BrokerOrder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookIndex:
    """The rows of one read of the book, by the broker's id and by tag; of rows that share a tag, the oldest."""

    by_id: Mapping[str, BrokerOrder]
    by_tag: Mapping[str, BrokerOrder]

    @classmethod
    def of(cls, book: Snapshot[BrokerOrder]) -> BookIndex:
        """Index a book whose rows are oldest first."""
        return cls(
            by_id={row.broker_order_id: row for row in book.items},
            by_tag={row.tag: row for row in reversed(book.items) if row.tag is not None},
        )

    def row(self, order: Order) -> BrokerOrder | None:
        """The row of an order: by the broker's id where that is known, else by tag."""
        known = None if order.broker_order_id is None else self.by_id.get(order.broker_order_id)
        return self.by_tag.get(order.order_id) if known is None else known


def observe(
    order: Order, row: BrokerOrder, *, at: datetime, matched_by: MatchedBy, read_at: datetime | None = None
) -> Order:
    """The order after a look at its row in the broker's book. Looking twice at the same row changes nothing
    more.

    Fills never fall and a status never moves backwards: a row that is behind is ignored, and marked as an anomaly where
    the read that shows it began, at `read_at`, after the order was last known better. What contradicts
    Ordo's belief (a late fill after the end, a row for an order held for not placed, more filled than
    ordered, a word nobody knows) is believed where it shows progress, and always marked as an anomaly in the
    history.
    """
    quantity = max(row.quantity, order.filled_quantity)
    filled = min(max(row.filled_quantity, order.filled_quantity), quantity)
    status = _status_after(order, row, filled=filled, quantity=quantity)
    anomaly = _anomaly(order, row, status) or _backward(order, row, status, read_at)
    is_behind = row.average_price is None or row.filled_quantity < order.filled_quantity
    disclosed = None if (order.disclosed_quantity or 0) > quantity else order.disclosed_quantity
    average = order.average_price if is_behind else row.average_price
    message = row.message or (order.status_message if order.status.is_broker_word else None)
    pending = None if status.is_terminal else order.pending_op
    changed = (status, filled) != (order.status, order.filled_quantity)
    if not changed and anomaly is not None and any(step.message == anomaly for step in order.history):
        anomaly = None
    known = (order.broker_order_id, order.quantity, order.disclosed_quantity, order.average_price, order.status_message)
    if (
        not changed
        and anomaly is None
        and order.matched_by is not None
        and known == (row.broker_order_id, quantity, disclosed, average, message)
        and (order.sent_type, order.sent_price, order.pending_op) == (row.order_type, row.price, pending)
    ):
        return order  # Most rows of a book say what they said before.
    history = order.history
    if changed or anomaly is not None:
        event = OrderEvent(
            at=at,
            status=status,
            filled_quantity=filled,
            message=anomaly or row.message,
            anomaly=anomaly is not None,
        )
        history = (*history, event)
    return replace(
        order,
        broker_order_id=row.broker_order_id,
        matched_by=order.matched_by or matched_by,
        quantity=quantity,
        disclosed_quantity=disclosed,
        status=status,
        filled_quantity=filled,
        average_price=average,
        status_message=message,
        sent_type=row.order_type,
        sent_price=row.price,
        pending_op=pending,
        history=history,
        updated_at=at,
    )


def shows(row: BrokerOrder, change: ModifyOrder) -> bool:
    """Whether a row already stands as a modification asked for."""
    asked = (
        (change.quantity, row.quantity),
        (change.order_type, row.order_type),
        (change.price, row.price),
        (change.trigger_price, row.trigger_price),
        (change.validity, row.validity),
    )
    return all(wanted is None or wanted == there for wanted, there in asked)


def _anomaly(order: Order, row: BrokerOrder, status: OrderStatus) -> str | None:
    if row.status is None:
        return f"the broker used an unknown status: {row.raw_status}"
    if row.filled_quantity > row.quantity:
        return f"the broker filled {row.filled_quantity} of {row.quantity}"
    if (row.status is OrderStatus.FILLED) is not (row.filled_quantity == row.quantity):
        return f"the broker says {row.status} with {row.filled_quantity} of {row.quantity} filled"
    if status is not order.status and status not in LEGAL[order.status]:
        return f"held for {order.status}, but the broker's book shows {row.status}"
    if order.status.is_terminal and row.filled_quantity > order.filled_quantity:
        return f"filled further after {order.status}"
    return None


def _backward(order: Order, row: BrokerOrder, status: OrderStatus, read_at: datetime | None) -> str | None:
    """What a row takes back. An answer may know more than a read that was under way when it came."""
    if read_at is None or read_at <= order.updated_at or not order.status.is_broker_word:
        return None
    if row.filled_quantity < order.filled_quantity:
        return f"the broker's book went back from {order.filled_quantity} to {row.filled_quantity} units filled"
    is_behind = row.status is not None and status is order.status and row.status not in (status, *LEGAL[status])
    if is_behind and not (row.status is OrderStatus.OPEN and row.filled_quantity):
        return f"the broker's book went back from {order.status} to {row.status}"
    return None


def still_live(order: Order, row: BrokerOrder, *, at: datetime, sent_before: datetime) -> Order:
    """The order after a look that shows it live although its cancellation was accepted before a moment: the exchange
    has refused it.
    """
    if order.pending_op is not PendingOp.CANCEL or order.updated_at > sent_before:
        return order
    if row.status is None or not row.status.is_live:
        return order
    event = OrderEvent(
        at=at,
        status=order.status,
        filled_quantity=order.filled_quantity,
        message="the cancellation had no effect: the broker's book still shows the order live",
    )
    return replace(order, pending_op=None, updated_at=at, history=(*order.history, event))


def _status_after(order: Order, row: BrokerOrder, *, filled: int, quantity: int) -> OrderStatus:
    if filled == quantity:
        return OrderStatus.FILLED
    word = row.status
    if word is None or word is OrderStatus.FILLED:
        word = order.status if order.status.is_live else OrderStatus.ACKNOWLEDGED
    if filled and not word.is_terminal:
        word = OrderStatus.PARTIALLY_FILLED
    return word if _is_disproved(order) or word in LEGAL[order.status] else order.status


def _is_disproved(order: Order) -> bool:
    """Whether an order that is not all filled has a status which any row corrects."""
    if order.status is OrderStatus.FILLED:  # The quantity was raised at the broker.
        return True
    if order.status is OrderStatus.REJECTED:  # By an answer; a rejection that stood in the book is the last word.
        return order.broker_order_id is None
    return not order.status.is_broker_word

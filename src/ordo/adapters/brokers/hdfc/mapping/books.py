"""The order book and the trade book."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from ordo.adapters.brokers.hdfc.mapping.words import (
    FOREIGN_PRODUCTS,
    ORDER_TYPES,
    PRODUCTS,
    REQUEST_WORDS,
    SIDES,
    STATUSES,
    VALIDITIES,
    beside,
    moment_of,
    word,
)
from ordo.adapters.brokers.hdfc.symbols import instrument_of, key_of
from ordo.adapters.brokers.hdfc.wire import OrderRow, TradeRow
from ordo.domain.book import BrokerOrder
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import Unreadable
from ordo.domain.orders import OrderStatus, OrderType
from ordo.domain.portfolio import Trade
from ordo.domain.secrecy import redact_text

_SPACES: Final = re.compile(r"[\s_-]+")
_TAG: Final = re.compile(r"0*([1-9][0-9]{0,19})")
_AVERAGE: Final = Decimal("0.0001")
_ONE: Final = Decimal(1)


def order_of(row: OrderRow, directory: InstrumentDirectory) -> BrokerOrder:
    """A row of the order book. Raises `ValueError` for one that lacks what an order must have."""
    found = instrument_of(directory, row)
    quantity, filled = _quantities(row)
    order_type = word(ORDER_TYPES, row.order_type, "order type")
    product = row.product.upper()
    placed_at = moment_of(row.order_timestamp)
    return BrokerOrder(
        broker_order_id=row.order_id,
        instrument=key_of(row, found),
        side=word(SIDES, row.transaction_type, "side"),
        quantity=quantity,
        order_type=order_type,
        product=word(PRODUCTS | FOREIGN_PRODUCTS, product, "product"),
        status=status_of(row, order_type, quantity=quantity, filled=filled),
        raw_status=row.status,
        filled_quantity=filled,
        placed_at=placed_at,
        updated_at=placed_at,
        tag=tag_of(row.external_reference_number),
        price=row.price or None,
        trigger_price=row.trigger_price or None,
        validity=word(VALIDITIES, row.validity, "validity"),
        average_price=_average(row, filled, _ONE if found is None else found.multiplier),
        message=_message(row),
        foreign_product=product if product in FOREIGN_PRODUCTS else None,
        metadata=beside(
            exchange_order_id=row.exchange_order_id,
            reference=row.external_reference_number,
            product=product if product in FOREIGN_PRODUCTS else "",
            validity="GTD" if row.validity.upper() == "GTD" else "",
            order_slot=row.order_slot if row.order_slot.upper() == "AMO" else "",
            listed="" if found is not None else "false",
        ),
    )


def status_of(row: OrderRow, order_type: OrderType, *, quantity: int, filled: int) -> OrderStatus | None:
    """Where a row stands, by its word and its quantities; `None` for a word that nobody knows."""
    word = _SPACES.sub(" ", row.status.upper()).strip()
    status = STATUSES.get(word)
    if word in REQUEST_WORDS:
        # Whether a stop has fired, such a word does not tell: then what was known before stays.
        status = OrderStatus.ACKNOWLEDGED if order_type.has_trigger else OrderStatus.OPEN
    if status is None:
        return None
    if filled >= quantity:
        return OrderStatus.FILLED
    if filled > 0 and (row.pending_quantity or not status.is_terminal or status is OrderStatus.FILLED):
        return OrderStatus.PARTIALLY_FILLED
    # It says that all is traded, and shows that nothing is.
    return None if status in (OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED) else status


def tag_of(reference: str) -> str | None:
    """The number that the order was sent with, where the book gives it back; `None` for what the broker made itself."""
    found = _TAG.fullmatch(reference)
    return None if found is None else found[1]


def trade_of(row: TradeRow, order: BrokerOrder | None, directory: InstrumentDirectory) -> Trade:
    """An execution; `order` is its row of the order book. Without one only a derivative says what it is."""
    found = order or instrument_of(directory, row)
    if found is None:
        raise Unreadable(f"HDFC shows a trade of order {row.order_id} and not the order")
    if row.filled_quantity <= 0 or row.average_price <= 0:
        raise Unreadable("HDFC shows a trade without a quantity or a price")
    return Trade(
        trade_id=row.trade_id,
        broker_order_id=row.order_id,
        instrument=found.instrument if isinstance(found, BrokerOrder) else found.key,
        side=word(SIDES, row.transaction_type, "side"),
        product=word(PRODUCTS | FOREIGN_PRODUCTS, row.product, "product"),
        quantity=row.filled_quantity,
        price=row.average_price,
        traded_at=moment_of(row.fill_timestamp),
        order_id=None if order is None else order.tag,
    )


def oldest_first(rows: Iterable[BrokerOrder]) -> tuple[BrokerOrder, ...]:
    """The book in order of time. Seconds are all it says, so within one the broker's order stands."""
    listed = list(rows)
    if len(listed) > 1 and listed[0].placed_at > listed[-1].placed_at:
        listed.reverse()
    return tuple(sorted(listed, key=lambda row: row.placed_at))


def _quantities(row: OrderRow) -> tuple[int, int]:
    quantity, filled = row.quantity, row.filled_quantity
    if quantity is None:
        raise Unreadable(f"HDFC shows order {row.order_id} without a quantity")
    if filled is None and row.pending_quantity is not None and row.cancelled_quantity is not None:
        filled = quantity - row.pending_quantity - row.cancelled_quantity
    if filled is None and STATUSES.get(row.status.upper()) is OrderStatus.REJECTED:
        filled = 0
    if filled is None:
        raise Unreadable(f"HDFC does not say how much of order {row.order_id} is filled")
    return quantity, filled


def _average(row: OrderRow, filled: int, multiplier: Decimal) -> Decimal | None:
    if filled <= 0:
        return None
    if row.average_price:
        return row.average_price
    if not row.total_traded_value:
        return None
    return (row.total_traded_value / (filled * multiplier)).quantize(_AVERAGE, ROUND_HALF_UP)


def _message(row: OrderRow) -> str | None:
    texts = (row.status_message, row.status_message_raw)
    return next((redact_text(text) for text in texts if text and text.upper() != "NONE"), None)

"""Orders on their way out, orders and trades on their way in."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from ordo.adapters.brokers.fyers import wire
from ordo.adapters.brokers.fyers.errors import words
from ordo.adapters.brokers.fyers.mapping.codes import (
    PRODUCTS,
    PRODUCTS_IN,
    SIDES,
    SIDES_IN,
    STATUSES,
    TYPES,
    TYPES_IN,
    VALIDITIES,
    VALIDITIES_IN,
    instrument_of,
    moment,
    rupees,
    tag_of,
    without_blanks,
)
from ordo.adapters.brokers.fyers.symbols import from_wire, ticker, to_wire
from ordo.adapters.brokers.fyers.wire import TypeCode
from ordo.domain.book import BrokerOrder
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import Instrument, InstrumentKey
from ordo.domain.orders import OrderStatus, OrderTerms, OrderType, Side, Validity, is_order_id
from ordo.domain.portfolio import Trade

_ZERO: Final = Decimal(0)
_FOREIGN: Final = frozenset(PRODUCTS_IN) - frozenset(PRODUCTS.values())


def place_request(directory: InstrumentDirectory, terms: OrderTerms, tag: str) -> wire.PlaceRequest:
    """The order as FYERS takes it; raises `Invalid` for what it is known to refuse."""
    instrument, name = _named(directory, terms.instrument)
    _require_strict_stop(terms)
    return wire.PlaceRequest(
        symbol=name,
        qty=to_wire(instrument, terms.quantity),
        type=TYPES[terms.order_type],
        side=SIDES[terms.side],
        product_type=PRODUCTS[terms.product],
        limit_price=terms.price or _ZERO,
        stop_price=terms.trigger_price or _ZERO,
        validity=VALIDITIES[terms.validity],
        disclosed_qty=terms.disclosed_quantity or 0,
        offline_order=terms.after_market,
        order_tag=tag,
    )


def modify_request(directory: InstrumentDirectory, order_id: str, terms: OrderTerms) -> wire.ModifyRequest:
    """All terms that a live order can be given; `qty` is the new total. Validity can't be changed, and what lives waits
    for the day.
    """
    instrument, _ = _named(directory, terms.instrument)
    _require_strict_stop(terms)
    if terms.validity is not Validity.DAY:
        raise Invalid.field("validity", "can't be modified at FYERS: cancel the order and place another", seen="IOC")
    return wire.ModifyRequest(
        id=order_id,
        type=TYPES[terms.order_type],
        limit_price=terms.price or _ZERO,
        stop_price=terms.trigger_price or _ZERO,
        qty=to_wire(instrument, terms.quantity),
        disclosed_qty=terms.disclosed_quantity or 0,
    )


def order(directory: InstrumentDirectory, row: wire.OrderRow, account_id: str) -> BrokerOrder:
    """One row of the book. FYERS tells only when an order last changed, so it counts as placed then."""
    instrument = instrument_of(directory, row)
    kind = _kind(row)
    at = moment(row.order_date_time)
    limit = rupees(row.limit_price or _ZERO)
    return BrokerOrder(
        broker_order_id=row.id,
        instrument=instrument.key,
        side=SIDES_IN[row.side],
        quantity=from_wire(instrument, row.qty),
        order_type=kind,
        product=PRODUCTS_IN[row.product_type],
        status=_status(row),
        raw_status=str(row.status),
        filled_quantity=from_wire(instrument, row.filled_qty),
        placed_at=at,
        updated_at=at,
        tag=tag_of(row.order_tag),
        # The book shows the fill of a market order as its limit, which nobody asked for.
        price=limit if kind.has_price and limit else None,
        trigger_price=rupees(row.stop_price) if kind.has_trigger and row.stop_price else None,
        validity=VALIDITIES_IN[row.order_validity],
        average_price=rupees(row.traded_price) if row.filled_qty and row.traded_price else None,
        message=words(None, row.message, account_id) or None,
        foreign_product=str(row.product_type) if row.product_type in _FOREIGN else None,
        metadata=without_blanks({"exchange_order_id": row.exch_ord_id, "fyers_product": str(row.product_type)}),
    )


class OrderRows:
    """Turns the rows of books into orders. Whoever looks again mostly sees rows that say what they said before, and of
    those the order is kept: for as long as nothing of the row and no master has changed, and at most `most` of them.
    """

    def __init__(self, most: int = 16_384) -> None:
        self._most = most
        self._directory: InstrumentDirectory | None = None
        self._kept: dict[tuple[str, str], tuple[wire.OrderRow, BrokerOrder]] = {}

    def orders(
        self, directory: InstrumentDirectory, rows: Iterable[wire.OrderRow], account_id: str
    ) -> tuple[BrokerOrder, ...]:
        """The orders of a book's rows, in their order; raises what `order` does."""
        if self._directory is not directory:
            self._directory = directory
            self._kept.clear()
        return tuple([self._order(directory, row, account_id) for row in rows])

    def _order(self, directory: InstrumentDirectory, row: wire.OrderRow, account_id: str) -> BrokerOrder:
        name = account_id, row.id
        kept = self._kept.get(name)
        if kept is not None and kept[0].__dict__ == row.__dict__:
            return kept[1]
        made = order(directory, row, account_id)
        if len(self._kept) >= self._most:
            self._kept.clear()
        self._kept[name] = row, made
        return made


def trade(directory: InstrumentDirectory, row: wire.TradeRow) -> Trade:
    instrument = instrument_of(directory, row)
    tag = tag_of(row.order_tag)
    return Trade(
        trade_id=row.trade_number,
        broker_order_id=row.order_number,
        instrument=instrument.key,
        side=SIDES_IN[row.side],
        product=PRODUCTS_IN[row.product_type],
        quantity=from_wire(instrument, row.traded_qty),
        price=rupees(row.trade_price),
        traded_at=moment(row.order_date_time),
        order_id=tag if tag is not None and is_order_id(tag) else None,
    )


def _named(directory: InstrumentDirectory, key: InstrumentKey) -> tuple[Instrument, str]:
    found = ticker(directory, key)
    if found is None:
        raise Invalid.field(
            "instrument",
            "is not in FYERS' instrument master, so nothing was sent; load today's with `ordo instruments sync`",
            seen=key,
            code=ErrorCode.INVALID_INSTRUMENT,
        )
    return found


def _require_strict_stop(terms: OrderTerms) -> None:
    # A Decimal is slow to see that it is not None.
    if terms.trigger_price is not None and terms.price is not None and terms.price == terms.trigger_price:
        relation = "below" if terms.side is Side.BUY else "above"
        raise Invalid.field(
            "trigger_price", f"must be {relation} the price, not equal to it, at FYERS", seen=terms.trigger_price
        )


def _kind(row: wire.OrderRow) -> OrderType:
    # A stop-limit that was triggered turns into a limit order that keeps its stop price.
    if row.type is TypeCode.LIMIT and row.stop_price:
        return OrderType.STOP_LIMIT
    # Not recorded of the other stop; but no market order has a stop price.
    if row.type is TypeCode.MARKET and row.stop_price:
        return OrderType.STOP_MARKET
    return TYPES_IN[row.type]


def _status(row: wire.OrderRow) -> OrderStatus | None:
    status = STATUSES.get(row.status)
    if status not in (OrderStatus.OPEN, OrderStatus.ACKNOWLEDGED):
        return status
    if row.offline_order and not row.exch_ord_id.strip("0 "):
        return OrderStatus.SCHEDULED
    if status is OrderStatus.OPEN and row.filled_qty:
        return OrderStatus.PARTIALLY_FILLED
    if status is OrderStatus.OPEN and row.type in (TypeCode.STOP_MARKET, TypeCode.STOP_LIMIT):
        return OrderStatus.TRIGGER_PENDING
    return status

"""Orders: what is asked for, what has become of it, and the only ways in which that may change.

An order's state has two dimensions: `status`, where it stands, and `pending_op`, a modification or
cancellation that is under way. Fills may arrive while an operation is pending, so a pending operation is
never a status of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from ordo.domain.accounts import Account
from ordo.domain.copying import replace
from ordo.domain.errors import ErrorCode, FieldFault, Invalid
from ordo.domain.instruments import InstrumentKey, Venue, is_plain

_ORDER_ID = re.compile(r"[1-9][0-9]{14}")
MAX_QUANTITY = 1_000_000_000
MAX_MODIFICATIONS = 25
"""The most changes that an exchange takes of one order (domain facts 9, row 22)."""
MAX_PRICE = Decimal(1_000_000_000)
_WHOLE = Decimal(100)


class Side(StrEnum):
    """Buy or sell."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> Literal[1, -1]:
        """+1 for a purchase, -1 for a sale."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """How an order finds its price. `SL` is a stop that becomes a limit order, `SL-M` one that becomes a
    market order.
    """

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_LIMIT = "SL"
    STOP_MARKET = "SL-M"

    @property
    def has_price(self) -> bool:
        """Whether the order carries a limit price."""
        return self is OrderType.LIMIT or self is OrderType.STOP_LIMIT

    @property
    def has_trigger(self) -> bool:
        """Whether the order waits for a trigger price."""
        return self is OrderType.STOP_LIMIT or self is OrderType.STOP_MARKET


class Product(StrEnum):
    """How the position is held: delivery, intraday, carried forward, or delivery funded by the broker."""

    CNC = "CNC"
    MIS = "MIS"
    NRML = "NRML"
    MTF = "MTF"


_SHARES = frozenset({Product.CNC, Product.MIS, Product.MTF})
_DERIVATIVES = frozenset({Product.NRML, Product.MIS})
_PRODUCTS = {
    venue: frozenset[Product]() if venue.is_index else _SHARES if venue.is_cash else _DERIVATIVES for venue in Venue
}
_PRICED = frozenset(kind for kind in OrderType if kind.has_price)
_TRIGGERED = frozenset(kind for kind in OrderType if kind.has_trigger)


class Validity(StrEnum):
    """How long an order waits: until the end of the day, or not at all."""

    DAY = "DAY"
    IOC = "IOC"


class OrderStatus(StrEnum):
    """Where an order stands. The first five are Ordo's own, the rest are the broker's word."""

    RECEIVED = "RECEIVED"
    DENIED = "DENIED"
    SUBMITTING = "SUBMITTING"
    UNKNOWN = "UNKNOWN"
    NOT_PLACED = "NOT_PLACED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SCHEDULED = "SCHEDULED"
    OPEN = "OPEN"
    TRIGGER_PENDING = "TRIGGER_PENDING"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing further is expected to happen to the order."""
        return self in _TERMINAL

    @property
    def is_broker_word(self) -> bool:
        """Whether this status can only come from the broker."""
        return self in BROKER_STATUSES

    @property
    def is_live(self) -> bool:
        """Whether the broker holds the order and may still fill it."""
        return self.is_broker_word and not self.is_terminal


_S = OrderStatus
_TERMINAL = frozenset({_S.DENIED, _S.NOT_PLACED, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED})
BROKER_STATUSES = frozenset(
    {
        _S.ACKNOWLEDGED,
        _S.SCHEDULED,
        _S.OPEN,
        _S.TRIGGER_PENDING,
        _S.PARTIALLY_FILLED,
        _S.FILLED,
        _S.CANCELLED,
        _S.REJECTED,
        _S.EXPIRED,
    }
)

_ENDINGS = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED})
_WORKING = frozenset({_S.OPEN, _S.TRIGGER_PENDING, _S.PARTIALLY_FILLED})
LEGAL: dict[OrderStatus, frozenset[OrderStatus]] = {
    _S.RECEIVED: frozenset({_S.DENIED, _S.SUBMITTING}),
    _S.SUBMITTING: BROKER_STATUSES | {_S.NOT_PLACED, _S.UNKNOWN},
    _S.UNKNOWN: BROKER_STATUSES | {_S.NOT_PLACED},
    _S.ACKNOWLEDGED: _WORKING | _ENDINGS | {_S.SCHEDULED},
    _S.SCHEDULED: _WORKING | _ENDINGS,
    _S.TRIGGER_PENDING: frozenset({_S.OPEN, _S.PARTIALLY_FILLED}) | _ENDINGS,
    _S.OPEN: frozenset({_S.PARTIALLY_FILLED, _S.TRIGGER_PENDING}) | _ENDINGS,
    _S.PARTIALLY_FILLED: _ENDINGS,
    **dict.fromkeys(_TERMINAL, frozenset[OrderStatus]()),
}
"""The machine of domain facts 2.2: from each status, those that may follow. Terminal statuses change only by
anomaly. An answer may say ACKNOWLEDGED of what the book then shows as SCHEDULED.
"""


class PendingOp(StrEnum):
    """An operation on a live order whose result is not known yet."""

    MODIFY = "MODIFY"
    CANCEL = "CANCEL"


class MatchedBy(StrEnum):
    """How Ordo knows that the broker's order is this order."""

    ANSWER = "answer"
    TAG = "tag"
    FINGERPRINT = "fingerprint"
    OPERATOR = "operator"


def is_order_id(text: str) -> bool:
    """Whether a text is 15 decimal digits, the first not 0."""
    return _ORDER_ID.fullmatch(text) is not None


def valid_order_id(text: str) -> str:
    """Return an order id or raise `Invalid` (`ORDER_NOT_FOUND`)."""
    if not is_order_id(text):
        raise Invalid.field("order_id", "must be 15 digits", seen=text, code=ErrorCode.ORDER_NOT_FOUND)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTerms:
    """What a trader asks for. Prices in rupees, quantities in units (shares; lots times lot size for
    derivatives).

    `protection` bounds how far a market order may run: `auto` for the broker's slab, `none`, or a percentage
    above 0 and at most 100. The rules of which field goes with which order type are domain facts 1.3; a stray
    field is an error, never ignored.
    """

    instrument: InstrumentKey
    side: Side
    quantity: int
    order_type: OrderType
    product: Product
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    validity: Validity = Validity.DAY
    disclosed_quantity: int | None = None
    after_market: bool = False
    protection: Literal["auto", "none"] | Decimal = "auto"

    def __post_init__(self) -> None:
        faults: list[FieldFault] = []
        if self.disclosed_quantity is not None or not 0 < self.quantity <= MAX_QUANTITY:
            _look_at_quantity(self, faults)
        _look_at_prices(self, faults)
        if self.product not in _PRODUCTS[self.instrument.venue]:
            faults.append(_misfit(self))
        if faults:
            raise Invalid(
                ErrorCode.INVALID_INSTRUMENT if faults[0].field == "instrument" else ErrorCode.INVALID_ORDER,
                "The order was not sent: " + "; ".join(f"{fault.field} {fault.message}" for fault in faults) + ".",
                fields=tuple(faults),
            )


def _fault(name: str, message: str, seen: object) -> FieldFault:
    return FieldFault(field=name, message=message, seen=None if seen is None else str(seen))


def _look_at_quantity(terms: OrderTerms, faults: list[FieldFault]) -> None:
    if not 0 < terms.quantity <= MAX_QUANTITY:
        faults.append(_fault("quantity", f"must be 1 to {MAX_QUANTITY} units", terms.quantity))
    disclosed = terms.disclosed_quantity
    if disclosed is not None:
        if not 0 < disclosed <= terms.quantity:
            faults.append(_fault("disclosed_quantity", "must be 1 to the order's quantity", disclosed))
        if not terms.instrument.venue.is_cash:
            faults.append(_fault("disclosed_quantity", "is possible on NSE and BSE only", disclosed))
        if terms.validity is Validity.IOC:
            faults.append(_fault("disclosed_quantity", "can't go with validity IOC", disclosed))


def _look_at_prices(terms: OrderTerms, faults: list[FieldFault]) -> None:
    kind, price, trigger, protection = terms.order_type, terms.price, terms.trigger_price, terms.protection
    before = len(faults)
    if price is not None or kind in _PRICED:
        _look_at_price(terms, "price", price, faults, wanted=kind in _PRICED)
    if trigger is not None or kind in _TRIGGERED:
        _look_at_price(terms, "trigger_price", trigger, faults, wanted=kind in _TRIGGERED)
        if price is not None and trigger is not None and len(faults) == before:
            gap = (price - trigger) * terms.side.sign
            if gap < 0:
                relation = "at or below" if terms.side is Side.BUY else "at or above"
                faults.append(_fault("trigger_price", f"must be {relation} the price for a {terms.side} stop", trigger))
    if isinstance(protection, Decimal) and not is_plain(protection, most=_WHOLE):
        faults.append(_fault("protection", "must be auto, none, or a percentage above 0 and at most 100", protection))


def _look_at_price(
    terms: OrderTerms, name: str, value: Decimal | None, faults: list[FieldFault], *, wanted: bool
) -> None:
    if value is None:
        faults.append(_fault(name, f"is required for order_type {terms.order_type}", None))
    elif not wanted:
        faults.append(_fault(name, f"must be absent for order_type {terms.order_type}", value))
    elif not is_plain(value, most=MAX_PRICE):
        faults.append(_fault(name, f"must be a price above 0, at most {MAX_PRICE}, to 4 decimals", value))


def _misfit(terms: OrderTerms) -> FieldFault:
    venue = terms.instrument.venue
    if venue.is_index:
        return _fault("instrument", "is an index: it has a level, but can't be traded", terms.instrument)
    held = "CNC, MIS or MTF for shares" if venue.is_cash else "NRML or MIS for derivatives"
    return _fault("product", f"must be {held}", terms.product)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder(OrderTerms):
    """The command to place one order. `allow_duplicate`: it is meant, though it looks like one that was placed a moment
    ago; that is no term of the order.
    """

    allow_duplicate: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyOrder:
    """The command to change a live order: what is `None` stays as it is. At least one field must be given."""

    quantity: int | None = None
    order_type: OrderType | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    validity: Validity | None = None

    def __post_init__(self) -> None:
        if all(getattr(self, item.name) is None for item in fields(self)):
            raise Invalid(ErrorCode.INVALID_ORDER, "Nothing was changed: give at least one field to modify.", fields=())

    def applied_to(self, terms: OrderTerms) -> OrderTerms:
        """The terms after this change; raises `Invalid` when the whole would not be a valid order.

        A new order type drops the price or trigger that it does not use, unless this command names it.
        """
        order_type = self.order_type or terms.order_type
        price = self.price if self.price is not None else terms.price if order_type.has_price else None
        trigger = self.trigger_price
        if trigger is None and order_type.has_trigger:
            trigger = terms.trigger_price
        return OrderTerms(
            instrument=terms.instrument,
            side=terms.side,
            quantity=self.quantity if self.quantity is not None else terms.quantity,
            order_type=order_type,
            product=terms.product,
            price=price,
            trigger_price=trigger,
            validity=self.validity or terms.validity,
            disclosed_quantity=terms.disclosed_quantity,
            after_market=terms.after_market,
            protection=terms.protection,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One step in an order's life: what its state became, when Ordo learnt it, and why."""

    at: datetime
    status: OrderStatus
    filled_quantity: int = 0
    message: str | None = None
    anomaly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(OrderTerms):
    """An order and all that Ordo knows of it.

    `order_id` is Ordo's own and the tag that the broker carries; `broker_order_id` is the broker's.
    `average_price` is in rupees, `None` while nothing is filled. `sent_type` and `sent_price` are what went
    to the broker where that differs from what was asked (market protection). `replayed` marks the repeated
    answer to an earlier call with the same key; it is never stored. Times are aware.
    """

    order_id: str
    account: Account
    status: OrderStatus
    created_at: datetime
    updated_at: datetime
    broker_order_id: str | None = None
    pending_op: PendingOp | None = None
    filled_quantity: int = 0
    average_price: Decimal | None = None
    status_message: str | None = None
    sent_type: OrderType | None = None
    sent_price: Decimal | None = None
    matched_by: MatchedBy | None = None
    history: tuple[OrderEvent, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    replayed: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        # Slots make a new class of the decorated one, which the zero-argument super() does not find.
        OrderTerms.__post_init__(self)
        valid_order_id(self.order_id)
        self._require_sense()

    def recheck(self, changed: Iterable[str]) -> None:
        """Check the invariants that a change of some fields can break: those of the terms only if one of them is among
        the changed.
        """
        if _LASTING.isdisjoint(changed):
            self._require_sense()
        else:
            self.__post_init__()

    def _require_sense(self) -> None:
        if self.filled_quantity < 0:
            raise Invalid.field("filled_quantity", "can't be negative", seen=self.filled_quantity)
        if self.filled_quantity > self.quantity:
            raise Invalid.field("filled_quantity", "can't exceed the quantity", seen=self.filled_quantity)
        if (self.status is OrderStatus.FILLED) is not (self.filled_quantity == self.quantity):
            raise Invalid.field("status", "is FILLED exactly when all is filled", seen=self.status)
        if self.created_at.tzinfo is None or self.updated_at.tzinfo is None:
            raise Invalid.field("created_at", "must be an aware time", seen=self.created_at)

    @property
    def remaining_quantity(self) -> int:
        """Units not filled."""
        return self.quantity - self.filled_quantity

    @classmethod
    def received(
        cls, terms: OrderTerms, *, order_id: str, account: Account, at: datetime, sending: datetime | None = None
    ) -> Order:
        """A new order of which nothing has been sent; `sending`: since when it is about to be."""
        history: tuple[OrderEvent, ...] = (OrderEvent(at=at, status=OrderStatus.RECEIVED),)
        if sending is not None:
            history += (OrderEvent(at=sending, status=OrderStatus.SUBMITTING),)
        return cls(
            instrument=terms.instrument,
            side=terms.side,
            quantity=terms.quantity,
            order_type=terms.order_type,
            product=terms.product,
            price=terms.price,
            trigger_price=terms.trigger_price,
            validity=terms.validity,
            disclosed_quantity=terms.disclosed_quantity,
            after_market=terms.after_market,
            protection=terms.protection,
            order_id=order_id,
            account=account,
            status=history[-1].status,
            created_at=at,
            updated_at=history[-1].at,
            history=history,
        )

    def with_terms(self, terms: OrderTerms) -> Order:
        """The order after the broker took a modification; what went to the broker before is forgotten.

        What is filled stays filled: a quantity that does not fit to that is left for the book to tell.
        """
        fits = terms.quantity > self.filled_quantity and self.status is not OrderStatus.FILLED
        return replace(
            self,
            quantity=terms.quantity if fits else self.quantity,
            order_type=terms.order_type,
            price=terms.price,
            trigger_price=terms.trigger_price,
            validity=terms.validity,
            disclosed_quantity=terms.disclosed_quantity if fits else None,
            sent_type=None,
            sent_price=None,
        )

    def moved(
        self,
        status: OrderStatus,
        *,
        at: datetime,
        message: str | None = None,
        broker_order_id: str | None = None,
        matched_by: MatchedBy | None = None,
    ) -> Order:
        """The order in another of Ordo's own statuses, and with the broker's id, where it is learnt with that; raises
        `IllegalTransition` where the machine forbids it.
        """
        if status not in LEGAL[self.status]:
            raise IllegalTransition(self.status, status)
        event = OrderEvent(at=at, status=status, filled_quantity=self.filled_quantity, message=message)
        return replace(
            self,
            status=status,
            status_message=message,
            updated_at=at,
            history=(*self.history, event),
            broker_order_id=self.broker_order_id if broker_order_id is None else broker_order_id,
            matched_by=self.matched_by if matched_by is None else matched_by,
        )


_LASTING = frozenset(item.name for item in fields(OrderTerms)) | {"order_id"}
"""The fields of an order whose invariants concern them alone, so that a change of the others can't break those."""


class IllegalTransition(Invalid):
    """A status that may not follow another. A bug in the caller, or a broker's word that needs `observe`."""

    def __init__(self, before: OrderStatus, after: OrderStatus) -> None:
        super().__init__(ErrorCode.INTERNAL_ERROR, f"an order can't go from {before} to {after}")

"""Orders and trades, in no broker's words."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ordo_emulators.instruments import Instrument


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_LIMIT = "STOP_LIMIT"
    STOP_MARKET = "STOP_MARKET"

    @property
    def has_limit(self) -> bool:
        return self in {OrderType.LIMIT, OrderType.STOP_LIMIT}

    @property
    def has_trigger(self) -> bool:
        return self in {OrderType.STOP_LIMIT, OrderType.STOP_MARKET}


class Product(StrEnum):
    CNC = "CNC"
    """Delivery."""
    MIS = "MIS"
    """Intraday."""
    NRML = "NRML"
    """Derivatives, carried forward."""
    MTF = "MTF"
    """Delivery on the broker's money."""


class Validity(StrEnum):
    DAY = "DAY"
    IOC = "IOC"


class Status(StrEnum):
    ACKNOWLEDGED = "ACKNOWLEDGED"
    """At the broker, not yet at the exchange."""
    SCHEDULED = "SCHEDULED"
    """An after-market order, parked until the market opens."""
    TRIGGER_PENDING = "TRIGGER_PENDING"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    @property
    def is_final(self) -> bool:
        return self in {Status.FILLED, Status.CANCELLED, Status.REJECTED, Status.EXPIRED}


class Reason(StrEnum):
    """Why the broker's risk system or the exchange rejects an accepted order."""

    MARGIN = "MARGIN"
    HOLDINGS = "HOLDINGS"
    BAND = "BAND"
    FREEZE = "FREEZE"
    INTRADAY = "INTRADAY"
    """A trade-to-trade series can't be traded intraday."""
    MTF = "MTF"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Rejection:
    """`needed` and `allowed` are what the reason compares: rupees, units, or prices."""

    reason: Reason
    needed: Decimal = Decimal(0)
    allowed: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an order asks for.

    `quantity` is in units (in lots where the instrument's `multiplier` is above 1); `price` and `trigger` are in rupees
    and None where the type has none.
    """

    instrument: Instrument
    side: Side
    quantity: int
    type: OrderType
    product: Product
    price: Decimal | None = None
    trigger: Decimal | None = None
    validity: Validity = Validity.DAY
    disclosed: int = 0
    after_market: bool = False
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    id: str
    order_id: str
    quantity: int
    price: Decimal
    at: datetime


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """An accepted order. Only the exchange changes it."""

    id: str
    account: str
    terms: Terms
    request: object
    """The request's body as it came; for the control plane."""
    day: date
    """The trading day, which is a date in India."""
    received_at: datetime
    updated_at: datetime
    visible_at: datetime
    """Until then no book shows the order."""
    tag_echoed: bool = True
    status: Status = Status.ACKNOWLEDGED
    exchange_id: str = ""
    """Empty until the exchange has the order."""
    filled: int = 0
    value: Decimal = Decimal(0)
    """Price times quantity of every fill."""
    triggered: bool = False
    rejection: Rejection | None = None
    trades: list[Trade] = field(default_factory=list)
    blocked: Decimal = Decimal(0)
    """The margin held for what is still open."""

    @property
    def remaining(self) -> int:
        return self.terms.quantity - self.filled

    @property
    def average(self) -> Decimal:
        """The average price of the fills, 0 without one."""
        return self.value / self.filled if self.filled else Decimal(0)

"""What both sides call things, and how FYERS writes times, amounts and tags."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Final

from ordo.adapters.brokers.fyers import wire
from ordo.adapters.brokers.fyers.symbols import listed
from ordo.adapters.brokers.fyers.wire import ProductCode, SideCode, StatusCode, TypeCode, ValidityCode
from ordo.domain.calendar import IST
from ordo.domain.directory import InstrumentDirectory
from ordo.domain.errors import Unreadable
from ordo.domain.instruments import Instrument
from ordo.domain.orders import OrderStatus, OrderType, Product, Side, Validity

SIDES: Final = {Side.BUY: SideCode.BUY, Side.SELL: SideCode.SELL}
TYPES: Final = {
    OrderType.LIMIT: TypeCode.LIMIT,
    OrderType.MARKET: TypeCode.MARKET,
    OrderType.STOP_MARKET: TypeCode.STOP_MARKET,
    OrderType.STOP_LIMIT: TypeCode.STOP_LIMIT,
}
PRODUCTS: Final = {
    Product.CNC: ProductCode.CNC,
    Product.MIS: ProductCode.INTRADAY,
    Product.NRML: ProductCode.MARGIN,
    Product.MTF: ProductCode.MTF,
}
VALIDITIES: Final = {Validity.DAY: ValidityCode.DAY, Validity.IOC: ValidityCode.IOC}
SIDES_IN: Final = {code: side for side, code in SIDES.items()}
TYPES_IN: Final = {code: kind for kind, code in TYPES.items()}
VALIDITIES_IN: Final = {code: validity for validity, code in VALIDITIES.items()}
# Cover and bracket orders, which are no longer taken, were intraday orders with a second leg.
PRODUCTS_IN: Final = {code: product for product, code in PRODUCTS.items()} | {
    ProductCode.COVER: Product.MIS,
    ProductCode.BRACKET: Product.MIS,
}
STATUSES: Final[dict[int, OrderStatus]] = {
    StatusCode.CANCELLED: OrderStatus.CANCELLED,
    StatusCode.TRADED: OrderStatus.FILLED,
    StatusCode.TRANSIT: OrderStatus.ACKNOWLEDGED,
    StatusCode.REJECTED: OrderStatus.REJECTED,
    StatusCode.PENDING: OrderStatus.OPEN,
    StatusCode.EXPIRED: OrderStatus.EXPIRED,
}
"""As far as the number alone says it; `UNUSED` and numbers that stand in no document are no status that Ordo knows."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS: Final = {name: number for number, name in enumerate(_MONTHS, start=1)}
_MOMENT: Final = re.compile(r"\s*(\d{1,2})-([A-Za-z]{3}|\d{1,2})-(\d{4})\s+(\d{1,2}):(\d{1,2}):(\d{1,2})\s*")
_FINEST: Final = Decimal("0.0001")
_MOST: Final = Decimal(10) ** 15
_UNTAGGED: Final = "Untagged"


def moment(text: str) -> datetime:
    """`05-Oct-2026 10:15:31` or `05-10-2026 10:15:31`, which are Indian time; raises `ValueError`."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError("a time is none")
    day, month, year, hour, minute, second = found.groups()
    number = _NUMBERS.get(month.title()) or int(month)
    return datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=IST)


def rupees(value: Decimal) -> Decimal:
    """A price or an amount without the noise of floats (`58.150000000000006`): no more than zeros stand beyond the
    fourth decimal.
    """
    if not value.is_finite() or not -_MOST <= value <= _MOST:
        raise Unreadable("an amount is no number, or none of this world")
    return value.quantize(_FINEST) if value % _FINEST else value


def maybe(value: Decimal | None) -> Decimal | None:
    """The same of what may be missing."""
    return None if value is None else rupees(value)


def instrument_of(directory: InstrumentDirectory, row: wire.Listed) -> Instrument:
    """What a row is about; raises `Unreadable` where no master lists it."""
    return listed(directory, row.symbol, row.fy_token, row.exchange, row.segment)


def tag_of(text: str) -> str | None:
    """The user's tag stands behind `1:`; `2:` is FYERS' own, and `Untagged` is none."""
    owner, colon, tag = text.partition(":")
    if not colon:
        owner, tag = "1", text
    return tag if owner == "1" and tag not in ("", _UNTAGGED) else None


def without_blanks(facts: dict[str, str]) -> dict[str, str]:
    """Of facts for people, those that say something."""
    return {name: value for name, value in facts.items() if value}

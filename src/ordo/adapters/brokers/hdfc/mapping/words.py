"""The broker's words, and what Ordo calls the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from ordo.domain.calendar import IST
from ordo.domain.errors import Unreadable
from ordo.domain.orders import OrderStatus, OrderType, Product, Side, Validity

_S = OrderStatus
_T = TypeVar("_T")

SIDES: Final = {"BUY": Side.BUY, "SELL": Side.SELL}
PRODUCTS: Final = {
    "DELIVERY": Product.CNC,
    "INTRADAY": Product.MIS,
    "OVERNIGHT": Product.NRML,
    "MTF": Product.MTF,
}
FOREIGN_PRODUCTS: Final = {"COLL-SELL": Product.CNC, "ENCASH": Product.CNC, "COVER": Product.MIS}
"""Products that Ordo never sends and other programs may use, and the nearest of its own. An order shows beside it what
the broker says; a position under one can't be shown, for an exit under another product would open a new one.
"""
ORDER_TYPES: Final = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "SL": OrderType.STOP_LIMIT,
    "SL-L": OrderType.STOP_LIMIT,
    "SL-M": OrderType.STOP_MARKET,
    "SLM": OrderType.STOP_MARKET,
}
# What can no longer be had is not asked for again: good till date is a day's order to Ordo, and says so beside it.
VALIDITIES: Final = {
    "DAY": Validity.DAY,
    "1": Validity.DAY,
    "": Validity.DAY,
    "IOC": Validity.IOC,
    "GTD": Validity.DAY,
}
STATUSES: Final[Mapping[str, OrderStatus]] = {
    **dict.fromkeys(("TRADED", "EXECUTED", "COMPLETE", "COMPLETED", "FULLY EXECUTED"), _S.FILLED),
    **dict.fromkeys(("PARTIALLY TRADED", "PARTIAL TRADE"), _S.PARTIALLY_FILLED),
    **dict.fromkeys(("PENDING", "OPEN", "ACCEPTED", "CONFIRMED", "MODIFIED"), _S.OPEN),
    **dict.fromkeys(
        ("PLACED", "RECEIVED", "OPEN PENDING", "VALIDATION PENDING", "TRANSIT", "PUT ORDER REQ RECEIVED"),
        _S.ACKNOWLEDGED,
    ),
    "AFTER MARKET ORDER REQ RECEIVED": _S.SCHEDULED,
    **dict.fromkeys(("TRIGGER PENDING", "SL TRIGGER PENDING"), _S.TRIGGER_PENDING),
    **dict.fromkeys(("CANCELLED", "CANCELED", "CANCEL CONFIRMED"), _S.CANCELLED),
    "REJECTED": _S.REJECTED,
    **dict.fromkeys(("EXPIRED", "LAPSED"), _S.EXPIRED),
}
REQUEST_WORDS: Final = frozenset({"MODIFY PENDING", "CANCEL PENDING", "MODIFY REJECTED", "CANCEL REJECTED"})
"""Words about a request, not about the order: it works on, as far as it did."""

SENT_PRODUCTS: Final = {product: word for word, product in PRODUCTS.items()}
SENT_TYPES: Final = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP_LIMIT: "SL",
    OrderType.STOP_MARKET: "SL-M",
}
_MOMENT: Final = re.compile(r"(\d{2})/(\d{2})/(\d{4}) (\d{2}):(\d{2}):(\d{2})", re.ASCII)


def word(table: Mapping[str, _T], text: str, what: str) -> _T:
    found = table.get(text.upper())
    if found is None:
        raise Unreadable(f"HDFC used the {what} {text[:20]!r}, which Ordo does not know")
    return found


def moment_of(text: str) -> datetime:
    """`10/01/2026 09:30:15`, in India. Raises `ValueError` for any other form."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise Unreadable(f"HDFC wrote a time as {text[:20]!r}")
    day, month, year, hour, minute, second = map(int, found.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=IST)


def shown(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)


def beside(**facts: str) -> dict[str, str]:
    return {name: fact for name, fact in facts.items() if fact}

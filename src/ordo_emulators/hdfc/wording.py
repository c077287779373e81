"""How InvestRight writes: its words for sides, products, types and states, its dates, and its reasons.

The reasons of the risk system are guesses; only that there is one is known.
"""

from datetime import date, datetime
from typing import Final

from ordo_emulators.orders import OrderType, Product, Reason, Rejection, Side, Status

SIDES: Final = {Side.BUY: "Buy", Side.SELL: "Sell"}
PRODUCTS: Final = {
    Product.CNC: "DELIVERY",
    Product.MIS: "INTRADAY",
    Product.NRML: "OVERNIGHT",
    Product.MTF: "MTF",
}
TYPES: Final = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP_LIMIT: "SL",
    OrderType.STOP_MARKET: "SL-M",
}
RIGHTS: Final = {"CE": "Call", "PE": "Put"}
# Only Traded, Rejected and CANCELLED stand in the documents; the others are words that public clients know.
STATES: Final = {
    Status.ACKNOWLEDGED: "Transit",
    Status.SCHEDULED: "After Market Order Req Received",
    Status.TRIGGER_PENDING: "Trigger Pending",
    Status.OPEN: "Pending",
    Status.PARTIALLY_FILLED: "Partially Traded",
    Status.FILLED: "Traded",
    Status.CANCELLED: "CANCELLED",
    Status.REJECTED: "Rejected",
    Status.EXPIRED: "Expired",
}
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def moment(at: datetime) -> str:
    """`05/10/2026 10:15:31`, in India; `at` must be too."""
    return f"{at:%d/%m/%Y %H:%M:%S}"


def day_in_books(day: date | None) -> str:
    """`30 APR 2024`."""
    return f"{day.day:02} {_MONTHS[day.month - 1]} {day.year}" if day else ""


def day_in_positions(day: date | None) -> str:
    """`27-JUN-24`."""
    return f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year % 100:02}" if day else ""


def reason(rejection: Rejection | None) -> str:
    if rejection is None:
        return ""
    needed, allowed = rejection.needed, rejection.allowed
    texts = {
        Reason.MARGIN: f"RMS: Margin shortfall, required {needed:.2f} available {allowed:.2f}",
        Reason.HOLDINGS: f"RMS: Short sell not allowed, quantity {needed} available {allowed}",
        Reason.BAND: f"RMS: Price {needed:.2f} is outside the circuit limit {allowed:.2f}",
        Reason.FREEZE: f"RMS: Quantity {needed} exceeds the freeze quantity {allowed}",
        Reason.INTRADAY: "RMS: INTRADAY orders not allowed for this security",
        Reason.MTF: "RMS: MTF not enabled for this security",
        Reason.CLOSED: "RMS: Market closed",
    }
    return texts[rejection.reason]

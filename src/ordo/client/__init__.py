"""Ordo from Python over HTTP: `OrdoClient`, and `AsyncOrdoClient` with the same names.

with OrdoClient() as ordo:
    order = ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, limit="800.00")
    filled = ordo.orders.wait_until_filled(order, timeout=30)
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ordo.client.errors import GatewayUnreachable, OrderNotFilled, OrdoApiError, OutcomeUnknown, WaitTimedOut
from ordo.schemas.v1.orders import Order, PlaceOrder

if TYPE_CHECKING:
    from ordo.client.calls import leg
    from ordo.client.clients import AsyncOrdoClient, OrdoClient

__all__ = [
    "AsyncOrdoClient",
    "GatewayUnreachable",
    "Order",
    "OrderNotFilled",
    "OrdoApiError",
    "OrdoClient",
    "OutcomeUnknown",
    "PlaceOrder",
    "WaitTimedOut",
    "leg",
]

# The clients bring an HTTP library, and a gateway that knows only the errors does without.
_LATE = {"AsyncOrdoClient": "clients", "OrdoClient": "clients", "leg": "calls"}


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"ordo.client.{_LATE[name]}"), name)

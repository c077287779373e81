"""Ordo from Python over HTTP: `OrdoClient`, and `AsyncOrdoClient` with the same names.

with OrdoClient() as ordo:
    order = ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, limit="800.00")
    filled = ordo.orders.wait_until_filled(order, timeout=30)
"""

from ordo.client.calls import leg
from ordo.client.clients import AsyncOrdoClient, OrdoClient
from ordo.client.errors import GatewayUnreachable, OrderNotFilled, OrdoApiError, OutcomeUnknown, WaitTimedOut
from ordo.schemas.v1.orders import Order, PlaceOrder

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

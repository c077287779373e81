"""Ordo from Python over HTTP: `OrdoClient`, and `AsyncOrdoClient` with the same names.

with OrdoClient() as ordo:
    order = ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, limit="800.00")
"""

from ordo.client.clients import AsyncOrdoClient, OrdoClient
from ordo.client.errors import GatewayUnreachable, OrdoApiError, OutcomeUnknown

__all__ = ["AsyncOrdoClient", "GatewayUnreachable", "OrdoApiError", "OrdoClient", "OutcomeUnknown"]

"""Ordo from Python over HTTP: `OrdoClient`, and `AsyncOrdoClient` with the same names.

with OrdoClient() as ordo:
    order = ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, limit="800.00")
"""

from typing import TYPE_CHECKING

from ordo.client.errors import GatewayUnreachable, OrdoApiError, OutcomeUnknown

if TYPE_CHECKING:
    from ordo.client.clients import AsyncOrdoClient, OrdoClient

__all__ = ["AsyncOrdoClient", "GatewayUnreachable", "OrdoApiError", "OrdoClient", "OutcomeUnknown"]


def __getattr__(name: str) -> object:
    # The clients bring an HTTP library, and a gateway that knows only these errors does without.
    if name not in ("AsyncOrdoClient", "OrdoClient"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ordo.client import clients

    return getattr(clients, name)

"""What FYERS sends and takes, as it stands on the wire. Unknown fields are passed over, unknown states are not.

Captures show numbers as strings, ids as numbers, empty strings for nothing, and rows without the younger fields: all of
that is read. A row without what an order depends on is no row, and then the whole answer is unreadable.
"""

from __future__ import annotations

from ordo.adapters.brokers.fyers.wire.account import (
    CodeRequest,
    FundRow,
    Funds,
    HoldingRow,
    Holdings,
    PositionRow,
    Positions,
    Profile,
    Token,
)
from ordo.adapters.brokers.fyers.wire.envelope import (
    Envelope,
    ProductCode,
    SideCode,
    StatusCode,
    TypeCode,
    ValidityCode,
    dumped,
    loaded,
)
from ordo.adapters.brokers.fyers.wire.market import Depth, Ladder, LastPrice, MarketStatus, Quotes
from ordo.adapters.brokers.fyers.wire.orders import (
    CancelRequest,
    Listed,
    ModifyRequest,
    OrderBook,
    OrderRow,
    PlaceRequest,
    TradeBook,
    TradeRow,
)

__all__ = [
    "CancelRequest",
    "CodeRequest",
    "Depth",
    "Envelope",
    "FundRow",
    "Funds",
    "HoldingRow",
    "Holdings",
    "Ladder",
    "LastPrice",
    "Listed",
    "MarketStatus",
    "ModifyRequest",
    "OrderBook",
    "OrderRow",
    "PlaceRequest",
    "PositionRow",
    "Positions",
    "ProductCode",
    "Profile",
    "Quotes",
    "SideCode",
    "StatusCode",
    "Token",
    "TradeBook",
    "TradeRow",
    "TypeCode",
    "ValidityCode",
    "dumped",
    "loaded",
]

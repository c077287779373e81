"""Switches of the emulated FYERS, changed through the control plane's `/settings`."""

from dataclasses import dataclass
from enum import StrEnum


class Rejections(StrEnum):
    """How the place endpoint speaks of an order that the risk system rejects."""

    ANSWER = "answer"
    """-99 with the order's id."""
    BOOK = "book"
    """1101 as if all were well; the rejection is seen only in the order book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    rate_limits: bool = True
    late_seconds: float = 3.0
    """How long an order under the fault `late_in_book` stays hidden."""
    transit_seconds: float = 0.0
    """How long an order keeps status 4 before it is at the exchange."""
    liquidity: int = 0
    """Units that one touch of the price fills in one order; 0 for all."""
    market_open: bool = True
    rejections: Rejections = Rejections.ANSWER
    orders_allowed: bool = True
    """False: as for an old app, a missing permission or an address that is not registered."""
    unconfirmed: bool = False
    """Placing answers 201: sent, without an acknowledgement."""
    refresh_tokens: bool = False
    """The refresh endpoint as it was until 2026-03-31."""
    html_429: bool = False
    """The edge, not the API, answers what is over the limit."""
    loose_types: bool = False
    """Ids as numbers, codes, exchanges and segments as strings: all seen in the wild."""
    sparse_rows: bool = False
    """Rows without the keys that older captures lack."""

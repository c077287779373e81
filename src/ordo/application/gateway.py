"""The Python API: all use cases in one frozen bundle. HTTP and direct use call the very same services."""

from __future__ import annotations

from dataclasses import dataclass

from ordo.application.brokers import Brokers
from ordo.application.fanout import FanOut
from ordo.application.instruments import InstrumentService
from ordo.application.orders import OrderService
from ordo.application.portfolio import PortfolioService, QuoteService
from ordo.application.safety import SafetyService
from ordo.application.sessions import SessionService
from ordo.application.status import StatusService


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What `open_gateway()` gives: safe to share between tasks of one event loop."""

    brokers: Brokers
    orders: OrderService
    portfolio: PortfolioService
    fanout: FanOut
    quotes: QuoteService
    sessions: SessionService
    safety: SafetyService
    status: StatusService
    instruments: InstrumentService

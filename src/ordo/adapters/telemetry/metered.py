"""Ports that are measured on their way."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import TypeVar

from ordo.domain.audit import AuditEvent
from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import OrdoError
from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Quote
from ordo.domain.orders import OrderTerms
from ordo.domain.portfolio import Funds, Holding, Position, Trade
from ordo.domain.sessions import Session
from ordo.ports.audit import AuditLog
from ordo.ports.broker import Broker
from ordo.ports.meter import Meter

T = TypeVar("T")


class MeteredAuditLog(AuditLog):
    """Counts what is written into a trail."""

    def __init__(self, log: AuditLog, meter: Meter) -> None:
        self._log = log
        self._meter = meter

    def append(self, event: AuditEvent) -> None:
        began = time.perf_counter()
        self._log.append(event)
        self._meter.event(event, time.perf_counter() - began)

    def check(self) -> None:
        self._log.check()


class MeteredBroker(Broker):
    """Times every call to a broker."""

    def __init__(self, adapter_id: str, broker: Broker, meter: Meter) -> None:
        self._adapter_id = adapter_id
        self._broker = broker
        self._meter = meter

    @property
    def capabilities(self) -> Capabilities:
        return self._broker.capabilities

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        return await self._timed("place", self._broker.place(session, terms, tag=tag))

    async def modify(self, session: Session, broker_order_id: str, terms: OrderTerms) -> Acknowledged:
        return await self._timed("modify", self._broker.modify(session, broker_order_id, terms))

    async def cancel(self, session: Session, broker_order_id: str) -> Acknowledged:
        return await self._timed("cancel", self._broker.cancel(session, broker_order_id))

    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        return await self._timed("orders", self._broker.orders(session))

    async def trades(self, session: Session) -> Snapshot[Trade]:
        return await self._timed("trades", self._broker.trades(session))

    async def funds(self, session: Session) -> Funds:
        return await self._timed("funds", self._broker.funds(session))

    async def positions(self, session: Session) -> Snapshot[Position]:
        return await self._timed("positions", self._broker.positions(session))

    async def holdings(self, session: Session) -> Snapshot[Holding]:
        return await self._timed("holdings", self._broker.holdings(session))

    async def quotes(self, session: Session, instruments: tuple[InstrumentKey, ...]) -> tuple[Quote, ...]:
        return await self._timed("quotes", self._broker.quotes(session, instruments))

    async def _timed(self, call: str, work: Awaitable[T]) -> T:
        watch = self._meter.broker_call(self._adapter_id)
        result = "unforeseen"
        try:
            answer = await work
            result = "ok"
        except OrdoError as error:
            result = str(error.code)
            raise
        finally:
            watch.stop(call, result)
        return answer

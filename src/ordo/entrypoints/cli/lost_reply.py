"""A broker whose answers can be lost on purpose, for the demonstration."""

from __future__ import annotations

from collections import Counter

from ordo.domain.book import Acknowledged, BrokerOrder, Snapshot
from ordo.domain.capabilities import Capabilities
from ordo.domain.errors import OutcomeUnknown
from ordo.domain.instruments import InstrumentKey
from ordo.domain.market import Quote
from ordo.domain.orders import OrderTerms
from ordo.domain.portfolio import Funds, Holding, Position, Trade
from ordo.domain.sessions import Session
from ordo.ports.broker import Broker


class LosingBroker(Broker):
    """Hands every call on to another broker. Loses the answer to the next order after `lose_next`, once that broker
    has accepted it. `placed` counts how often each tag was handed on.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._losing = False
        self.placed: Counter[str] = Counter()
        self.lost: list[Acknowledged] = []

    def lose_next(self) -> None:
        self._losing = True

    @property
    def capabilities(self) -> Capabilities:
        return self._broker.capabilities

    async def place(self, session: Session, terms: OrderTerms, *, tag: str) -> Acknowledged:
        self.placed[tag] += 1
        answer = await self._broker.place(session, terms, tag=tag)
        if self._losing:
            self._losing = False
            self.lost.append(answer)
            raise OutcomeUnknown("the connection broke before the broker's answer arrived")
        return answer

    async def modify(self, session: Session, broker_order_id: str, terms: OrderTerms) -> Acknowledged:
        return await self._broker.modify(session, broker_order_id, terms)

    async def cancel(self, session: Session, broker_order_id: str) -> Acknowledged:
        return await self._broker.cancel(session, broker_order_id)

    async def orders(self, session: Session) -> Snapshot[BrokerOrder]:
        return await self._broker.orders(session)

    async def trades(self, session: Session) -> Snapshot[Trade]:
        return await self._broker.trades(session)

    async def funds(self, session: Session) -> Funds:
        return await self._broker.funds(session)

    async def positions(self, session: Session) -> Snapshot[Position]:
        return await self._broker.positions(session)

    async def holdings(self, session: Session) -> Snapshot[Holding]:
        return await self._broker.holdings(session)

    async def quotes(self, session: Session, instruments: tuple[InstrumentKey, ...]) -> tuple[Quote, ...]:
        return await self._broker.quotes(session, instruments)

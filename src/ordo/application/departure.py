"""The last steps of an order: a place in the budget, one more look at the kill switch, and the sending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from ordo.application.context import Context
from ordo.application.facts import FactReader
from ordo.application.pacing import Pacing, Turn
from ordo.application.reading import BrokerCalls
from ordo.application.safety import Passage, SafetyService
from ordo.domain.accounts import Account
from ordo.domain.book import Acknowledged
from ordo.domain.budget import Lane
from ordo.domain.circuits import CallKind
from ordo.domain.errors import before_sending
from ordo.domain.orders import Order, OrderTerms, Product
from ordo.domain.safety import KillState, KillSwitch
from ordo.domain.sessions import Session

T = TypeVar("T")


class Cleared(NamedTuple):
    """An order that has passed every check: the session to send it with, the terms to send (a market order may have
    become a limit), and the lane of the budget that it goes in.
    """

    session: Session
    terms: OrderTerms
    lane: Lane

    def marked(self, order: Order) -> Order:
        """The order with what goes to the broker, where that differs from what was asked."""
        if self.terms.order_type is order.order_type:
            return order
        return replace(order, sent_type=self.terms.order_type, sent_price=self.terms.price)


class Ready(NamedTuple):
    """What an order has that may leave at this instant: its place in the budget, what makes whoever sets the switch
    wait for it, and the switch as it was seen last.
    """

    turn: Turn
    passage: Passage
    switch: KillSwitch


class Departures:
    """Lets orders leave."""

    def __init__(self, calls: BrokerCalls, safety: SafetyService, facts: FactReader, pacing: Pacing) -> None:
        self._calls = calls
        self._safety = safety
        self._facts = facts
        self._pacing = pacing
        self._closing: dict[Account, asyncio.Lock] = {}

    def of(self, cleared: Cleared, context: Context) -> Departure:
        """The way out of one order."""
        return Departure(self, cleared, context)

    def of_cancellation(
        self, session: Session, context: Context, call: Callable[[], Awaitable[Acknowledged]]
    ) -> Cancellation:
        """The way out of one cancellation."""
        return Cancellation(self._pacing, self._calls, session, context, call)

    async def ready(self, cleared: Cleared) -> Ready:
        """Take a place in the order budget, then look at the switch once more. Raises `Invalid` (`ORDER_BUDGET`; or
        `KILL_SWITCH_ACTIVE`, where it is `HALTED`).
        """
        account = cleared.session.account
        turn = await self._pacing.admit(account, cleared.lane)
        passage = self._safety.enter(account)
        try:
            switch = await self._safety.get(account)
        except BaseException:
            await self._stay(turn, passage)
            raise
        if switch.state is KillState.HALTED:
            await self._stay(turn, passage)
            raise switch.refusal()
        return Ready(turn, passage, switch)

    async def leave(self, departure: Departure, ready: Ready, call: Callable[[], Awaitable[T]]) -> T:
        """Send. Whoever halts trading meanwhile waits for its end."""

        def leaving() -> Awaitable[T]:
            # As late as can be: what comes before may wait for stores.
            ready.passage.begin()
            return call()

        try:
            return await self._calls.write(departure.cleared.session, departure.context, CallKind.ORDER, leaving)
        finally:
            ready.passage.leave()
            await self._pacing.over(ready.turn)

    async def leave_closing(
        self, departure: Departure, ready: Ready, order: Order, call: Callable[[], Awaitable[T]]
    ) -> T:
        """Send under `REDUCE_ONLY`: only after fresh reads have shown that the order closes a position."""
        try:
            # Orders that wait to be looked at must not keep the places that those looks need.
            await self._pacing.over(ready.turn, made=False)
            # One at a time, so that two orders do not close the same position twice.
            async with self._closing.setdefault(order.account, asyncio.Lock()):
                with before_sending():
                    ready.passage.require_fresh()
                    await self._require_closing(departure, order, ready.switch)
                    turn = await self._pacing.admit(order.account, Lane.URGENT)
                return await self.leave(departure, ready._replace(turn=turn), call)
        finally:
            ready.passage.leave()

    async def _stay(self, turn: Turn, passage: Passage) -> None:
        passage.leave()
        await self._pacing.over(turn, made=False)

    async def _require_closing(self, departure: Departure, order: Order, switch: KillSwitch) -> None:
        facts = await self._facts.account(order.account, departure.context, holdings=order.product is Product.CNC)
        if facts is None or not facts.closes(departure.cleared.terms, order):
            raise switch.refusal("At the instant of sending it could not be shown to make a position smaller.")


class Departure:
    """One order on its way out: first `gate`, then `send`, in one task."""

    def __init__(self, departures: Departures, cleared: Cleared, context: Context) -> None:
        self._departures = departures
        self.cleared = cleared
        self.context = context
        self._ready: Ready | None = None

    async def gate(self) -> None:
        """Raise `Invalid` (`ORDER_BUDGET`, `KILL_SWITCH_ACTIVE`) unless the order may leave at this instant."""
        self._ready = await self._departures.ready(self.cleared)

    def send(self, order: Order, call: Callable[[], Awaitable[T]]) -> Coroutine[Any, Any, T]:
        """Make the call. Whoever halts trading meanwhile waits for its end."""
        ready = self._ready
        if ready is None:
            raise RuntimeError("an order leaves through its gate")
        if ready.switch.state is KillState.REDUCE_ONLY:
            return self._departures.leave_closing(self, ready, order, call)
        return self._departures.leave(self, ready, call)


class Cancellation:
    """One cancellation on its way out: no switch holds it back."""

    def __init__(
        self,
        pacing: Pacing,
        calls: BrokerCalls,
        session: Session,
        context: Context,
        call: Callable[[], Awaitable[Acknowledged]],
    ) -> None:
        self._pacing = pacing
        self._calls = calls
        self._session = session
        self._context = context
        self._call = call
        self._turn: Turn | None = None

    async def gate(self) -> None:
        """Raise `Invalid` (`ORDER_BUDGET`) unless it may leave at this instant."""
        self._turn = await self._pacing.admit(self._session.account, Lane.URGENT)

    async def send(self) -> Acknowledged:
        """Make the call."""
        if self._turn is None:
            raise RuntimeError("a cancellation leaves through its gate")
        try:
            return await self._calls.write(self._session, self._context, CallKind.CANCEL, self._call)
        finally:
            await self._pacing.over(self._turn)

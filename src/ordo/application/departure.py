"""The last steps of an order: a place in the budget, one more look at the kill switch, and the sending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
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
        return Cancellation(self, self._calls, session, context, call)

    async def admit(self, account: Account, lane: Lane) -> Turn:
        """Take a place in the order budget, waiting a little for one; raises `Invalid` (`ORDER_BUDGET`)."""
        return await self._pacing.admit(account, lane)

    async def over(self, turn: Turn, *, made: bool) -> None:
        """The call of a turn has come to its end, or is not made."""
        await self._pacing.over(turn, made=made)

    async def look(self, account: Account) -> tuple[Passage, KillSwitch]:
        """The switch as it stands, and what makes whoever sets it wait for this order; raises `Invalid`
        (`KILL_SWITCH_ACTIVE`) where it is `HALTED`.
        """
        passage = self._safety.enter(account)
        try:
            switch = await self._safety.get(account)
        except BaseException:
            passage.leave()
            raise
        if switch.state is KillState.HALTED:
            passage.leave()
            raise switch.refusal()
        return passage, switch

    async def send(
        self,
        departure: Departure,
        order: Order,
        turn: Turn,
        passage: Passage,
        switch: KillSwitch,
        call: Callable[[], Awaitable[T]],
    ) -> T:
        """Send; under `REDUCE_ONLY` only after fresh reads have shown that the order closes a position."""
        if switch.state is not KillState.REDUCE_ONLY:
            return await self._leave(departure, turn, passage, call)
        # Orders that wait to be looked at must not keep the places that those looks need.
        await self._pacing.over(turn, made=False)
        # One at a time, so that two orders do not close the same position twice.
        async with self._closing.setdefault(order.account, asyncio.Lock()):
            with before_sending():
                passage.require_fresh()
                await self._require_closing(departure, order, switch)
                turn = await self._pacing.admit(order.account, Lane.URGENT)
            return await self._leave(departure, turn, passage, call)

    async def _leave(self, departure: Departure, turn: Turn, passage: Passage, call: Callable[[], Awaitable[T]]) -> T:
        async def leaving() -> T:
            # As late as can be: what comes before may wait for stores.
            passage.begin()
            return await call()

        try:
            return await self._calls.write(departure.cleared.session, departure.context, CallKind.ORDER, leaving)
        finally:
            await self._pacing.over(turn)

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
        self._ready: tuple[Turn, Passage, KillSwitch] | None = None

    async def gate(self) -> None:
        """Raise `Invalid` (`ORDER_BUDGET`, `KILL_SWITCH_ACTIVE`) unless the order may leave at this instant."""
        account = self.cleared.session.account
        turn = await self._departures.admit(account, self.cleared.lane)
        try:
            self._ready = turn, *await self._departures.look(account)
        except BaseException:
            await self._departures.over(turn, made=False)
            raise

    async def send(self, order: Order, call: Callable[[], Awaitable[T]]) -> T:
        """Make the call. Whoever halts trading meanwhile waits for its end."""
        if self._ready is None:
            raise RuntimeError("an order leaves through its gate")
        turn, passage, switch = self._ready
        try:
            return await self._departures.send(self, order, turn, passage, switch, call)
        finally:
            passage.leave()


class Cancellation:
    """One cancellation on its way out: no switch holds it back."""

    def __init__(
        self,
        departures: Departures,
        calls: BrokerCalls,
        session: Session,
        context: Context,
        call: Callable[[], Awaitable[Acknowledged]],
    ) -> None:
        self._departures = departures
        self._calls = calls
        self._session = session
        self._context = context
        self._call = call
        self._turn: Turn | None = None

    async def gate(self) -> None:
        """Raise `Invalid` (`ORDER_BUDGET`) unless it may leave at this instant."""
        self._turn = await self._departures.admit(self._session.account, Lane.URGENT)

    async def send(self) -> Acknowledged:
        """Make the call."""
        if self._turn is None:
            raise RuntimeError("a cancellation leaves through its gate")
        try:
            return await self._calls.write(self._session, self._context, CallKind.CANCEL, self._call)
        finally:
            await self._departures.over(self._turn, made=True)

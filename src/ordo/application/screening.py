"""Gathers what the checks look at, and runs them."""

from __future__ import annotations

from ordo.application.checks import CheckResult, Proposal, require, review
from ordo.application.context import Context
from ordo.application.reading import BrokerCalls
from ordo.application.safety import SafetyService
from ordo.application.sessions import SessionService
from ordo.domain.accounts import Account
from ordo.domain.orders import OrderTerms
from ordo.domain.sessions import Session
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore


class Screening:
    """What stands between a request and the record of it."""

    def __init__(
        self,
        calls: BrokerCalls,
        sessions: SessionService,
        instruments: InstrumentStore,
        safety: SafetyService,
        clock: Clock,
    ) -> None:
        self._calls = calls
        self._sessions = sessions
        self._instruments = instruments
        self._safety = safety
        self._clock = clock

    async def require(self, account: Account, terms: OrderTerms, context: Context) -> Session:
        """The session to send with; raises `Invalid` at the first check that fails."""
        session = await self._sessions.require(account, context)
        require(await self._proposal(account, terms, session))
        return session

    async def review(self, account: Account, terms: OrderTerms, context: Context) -> tuple[CheckResult, ...]:
        """The result of every check."""
        session = await self._sessions.current(account, context)
        return review(await self._proposal(account, terms, session))

    async def gate(self) -> None:
        """What is asked once more at the instant of sending."""
        await self._safety.gate()

    async def _proposal(self, account: Account, terms: OrderTerms, session: Session | None) -> Proposal:
        return Proposal(
            account=account,
            terms=terms,
            instrument=self._instruments.directory().get(terms.instrument),
            capabilities=self._calls.broker(account).capabilities,
            session=session,
            switch=await self._safety.get(),
            now=self._clock.now(),
        )

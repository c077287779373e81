"""Gathers what the checks look at, and runs them."""

from __future__ import annotations

import logging
from datetime import date

from ordo.application.aliases import nearest
from ordo.application.checks import CheckResult, Proposal, require, review
from ordo.application.context import Context
from ordo.application.master_sync import stale_masters
from ordo.application.reading import BrokerCalls
from ordo.application.safety import SafetyService
from ordo.application.sessions import SessionService
from ordo.domain.accounts import Account
from ordo.domain.calendar import trading_day
from ordo.domain.instruments import Instrument
from ordo.domain.orders import OrderTerms
from ordo.domain.sessions import Session
from ordo.ports.clock import Clock
from ordo.ports.instruments import InstrumentStore
from ordo.ports.market_calendar import MarketCalendar

_log = logging.getLogger(__name__)


class Screening:
    """What stands between a request and the record of it. `allow_stale`: derivatives trade on a master of another day
    too, which is logged for each order. Without a `calendar` every market counts as open.
    """

    def __init__(
        self,
        calls: BrokerCalls,
        sessions: SessionService,
        instruments: InstrumentStore,
        safety: SafetyService,
        clock: Clock,
        *,
        allow_stale: bool = False,
        calendar: MarketCalendar | None = None,
    ) -> None:
        self._calls = calls
        self._sessions = sessions
        self._instruments = instruments
        self._safety = safety
        self._clock = clock
        self._allow_stale = allow_stale
        self._calendar = calendar

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
        directory = self._instruments.directory()
        found = directory.get(terms.instrument)
        now = self._clock.now()
        return Proposal(
            account=account,
            terms=terms,
            instrument=found,
            candidates=() if found else nearest(directory, str(terms.instrument)),
            stale=self._stale(found, account, trading_day(now)),
            capabilities=self._calls.broker(account).capabilities,
            session=session,
            switch=await self._safety.get(),
            now=now,
            hours=self._calendar.hours if self._calendar and self._calls.obeys_hours(account) else None,
            listed=directory,
        )

    def _stale(self, instrument: Instrument | None, account: Account, today: date) -> tuple[str, ...]:
        if instrument is None or not instrument.key.venue.is_derivative:
            return ()
        kind = self._calls.kind(account)
        stale = stale_masters(self._instruments.reports(), instrument.references, today, kind=kind)
        if stale and self._allow_stale:
            _log.warning(
                "%s is traded on masters that are not dated today (%s), as the setting instruments.allow_stale permits",
                instrument.key,
                ", ".join(stale),
            )
            return ()
        return stale

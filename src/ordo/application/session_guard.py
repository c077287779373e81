"""Watches over the sessions: asks again whether a rejected token is really dead, and calls for a login in time."""

from __future__ import annotations

import asyncio
import logging
from datetime import date, timedelta

from ordo.application.brokers import Brokers
from ordo.application.context import Context
from ordo.application.sessions import SessionService
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.calendar import day_start, trading_day
from ordo.domain.errors import ErrorCode, OrdoError, Unavailable
from ordo.domain.instruments import Kind, Venue
from ordo.domain.market_hours import HoursUnknown, Traded
from ordo.domain.sessions import Session, SessionState
from ordo.ports.clock import Clock
from ordo.ports.market_calendar import MarketCalendar

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 5.0
_CALLS_FROM = timedelta(hours=8, minutes=30)
_CALLS_UNTIL = timedelta(hours=15, minutes=30)
_SHARES = Traded(venue=Venue.NSE, root="", kind=Kind.EQUITY, cas_eligible=False, in_pre_open=True)


class SessionGuard:
    """Looks after the sessions that the gateway knows, for as long as it runs."""

    def __init__(
        self, brokers: Brokers, sessions: SessionService, calendar: MarketCalendar, clock: Clock, trail: Trail
    ) -> None:
        self._brokers = brokers
        self._sessions = sessions
        self._calendar = calendar
        self._clock = clock
        self._trail = trail
        self._asking: dict[Account, asyncio.Task[SessionState]] = {}
        self._dead: dict[Account, Session] = {}
        self._called: dict[Account, date] = {}

    async def watch(self) -> None:
        """Look every five seconds."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                _log.warning("the sessions could not be looked after: %s", error.message)
            await self._clock.sleep(_EVERY_SECONDS)

    async def look(self) -> None:
        """Ask once more for every session that a broker rejected, and call for the logins that today needs."""
        kept = await self._sessions.kept()
        now = self._clock.now()
        for session in kept:
            if session.state(now) is SessionState.SUSPECT and self._dead.get(session.account) != session:
                await self.revalidate(session.account)
        for session in kept:
            self._call_for_login(session)

    async def revalidate(self, account: Account) -> SessionState:
        """Ask the broker whether a suspect session still holds, once for all who want to know; the state after that.

        A token that is rejected again is dead: only a login helps. A broker that does not answer proves nothing.
        """
        asking = self._asking.get(account)
        if asking is None:
            asking = self._asking[account] = asyncio.get_running_loop().create_task(self._asked(account))
            asking.add_done_callback(lambda _: self._asking.pop(account, None))
        return await asyncio.shield(asking)

    async def _asked(self, account: Account) -> SessionState:
        session = next((one for one in await self._sessions.kept() if one.account == account), None)
        if session is None:
            return SessionState.NONE
        if session.state(self._clock.now()) is not SessionState.SUSPECT:
            return session.state(self._clock.now())
        try:
            await self._brokers.of(account).broker.funds(session)
        except OrdoError as error:
            if error.code is ErrorCode.INVALID_SESSION:
                self._dead[account] = session
            return SessionState.SUSPECT
        await self._sessions.trust(session, Context())
        return SessionState.ACTIVE

    def _call_for_login(self, session: Session) -> None:
        """Once a trading day, before the market opens: the session will not last until it closes."""
        account, now = session.account, self._clock.now()
        today, since = trading_day(now), now - day_start(now)
        if not _CALLS_FROM <= since < _CALLS_UNTIL or self._called.get(account) == today:
            return
        lasts = session.state(now) is SessionState.ACTIVE and session.expires_at >= day_start(now) + _CALLS_UNTIL
        if lasts or not self._trades(today) or self._brokers.of(account).login.unattended(account):
            return
        self._called[account] = today
        state = session.state(now)
        _log.warning(
            "%s needs a login before the market opens (its session is %s): `ordo login %s %s`",
            account,
            state,
            account.adapter_id,
            account.account_id,
        )
        self._trail.write(AuditKind.SESSION_NEEDED, Context(), account=account, facts={"state": state})

    def _trades(self, today: date) -> bool:
        try:
            return self._calendar.hours.day(_SHARES, today).is_trading_day
        except HoursUnknown:
            return True  # Better one call too many.

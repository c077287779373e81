"""Logging in, staying in, logging out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from ordo.application.brokers import Brokers
from ordo.application.checks import no_session
from ordo.application.context import Context
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid, OrdoError
from ordo.domain.sessions import LoginAnswer, LoginChallenge, Session, SessionState
from ordo.ports.clock import Clock
from ordo.ports.sessions import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReport:
    """Where an account's session stands and what to do about it. Never holds a token."""

    account: Account
    state: SessionState
    advice: str
    issued_at: datetime | None = None
    expires_at: datetime | None = None


class SessionService:
    """The sessions of all accounts."""

    def __init__(self, brokers: Brokers, store: SessionStore, clock: Clock, trail: Trail) -> None:
        self._brokers = brokers
        self._store = store
        self._clock = clock
        self._trail = trail
        self._challenges: dict[str, LoginChallenge] = {}
        self._opening: dict[Account, asyncio.Lock] = {}

    async def begin(self, account: Account, context: Context | None = None) -> LoginChallenge | Session:
        """Start a login: the first challenge, or the session at once where the broker asks for nothing."""
        context = context or Context()
        line = self._brokers.of(account)
        try:
            return await self._take(account, await line.login.begin(account), context)
        except OrdoError as error:
            self._refused(account, error, context)
            raise

    async def answer(
        self, account: Account, answer: LoginAnswer, context: Context | None = None
    ) -> LoginChallenge | Session:
        """Answer the challenge that `begin` or an earlier answer gave; each may be answered once."""
        context = context or Context()
        line = self._brokers.of(account)
        challenge = self._challenges.get(answer.challenge_id)
        if challenge is None or challenge.account != account or challenge.expires_at <= self._clock.now():
            raise Invalid.field(
                "challenge_id",
                "is not a challenge that this account can answer now; start the login again",
                code=ErrorCode.NOT_FOUND,
            )
        del self._challenges[answer.challenge_id]
        try:
            return await self._take(account, await line.login.answer(challenge, answer), context)
        except OrdoError as error:
            self._refused(account, error, context)
            raise

    async def all(self) -> tuple[SessionReport, ...]:
        """Every session that the gateway knows, by account."""
        return tuple(self._report(session.account, session) for session in await self._store.all())

    async def get(self, account: Account) -> SessionReport:
        """One account's session; `NONE` where there is none."""
        self._brokers.of(account)
        return self._report(account, await self._store.get(account))

    async def end(self, account: Account, context: Context | None = None) -> None:
        """Log out at the broker and forget the session. Having none is success."""
        line = self._brokers.of(account)
        session = await self._store.get(account)
        if session is None:
            return
        if session.state(self._clock.now()) is SessionState.ACTIVE:
            await line.login.end(session)
        await self._store.delete(account)
        self._trail.write(AuditKind.SESSION_CLOSED, context or Context(), account=account)

    async def current(self, account: Account, context: Context) -> Session | None:
        """The account's session as it is kept; opened on demand where the broker asks for no person."""
        line = self._brokers.of(account)
        session = await self._store.get(account)
        if self._usable(session) or not line.login.unattended(account):
            return session
        async with self._opening.setdefault(account, asyncio.Lock()):
            session = await self._store.get(account)
            if self._usable(session):
                return session
            opened = await self.begin(account, context)
            return opened if isinstance(opened, Session) else None

    async def require(self, account: Account, context: Context) -> Session:
        """A session that may be used now; raises `Invalid` (`INVALID_SESSION`) where there is none."""
        session = await self.current(account, context)
        state = SessionState.NONE if session is None else session.state(self._clock.now())
        if session is None or state is not SessionState.ACTIVE:
            raise no_session(account, state)
        return session

    async def suspect(self, session: Session, context: Context) -> None:
        """The broker rejected a token that should be good: stop new orders until somebody logs in.

        A session that has been replaced or ended meanwhile is not the one that was rejected.
        """
        kept = await self._store.get(session.account)
        if kept is None or kept.suspect or kept.access_token != session.access_token:
            return
        await self._store.save(replace(kept, suspect=True))
        self._trail.write(AuditKind.SESSION_SUSPECT, context, account=session.account)

    def _usable(self, session: Session | None) -> bool:
        return session is not None and session.state(self._clock.now()) is SessionState.ACTIVE

    async def _take(
        self, account: Account, step: LoginChallenge | Session, context: Context
    ) -> LoginChallenge | Session:
        now = self._clock.now()
        if step.account != account:
            raise Invalid.field(
                "account",
                f"the broker logged in {step.account}; nothing was kept, log in again as {account}",
                seen=account,
                code=ErrorCode.INVALID_CREDENTIALS,
            )
        if isinstance(step, Session):
            await self._store.save(step)
            self._trail.write(
                AuditKind.SESSION_OPENED,
                context,
                account=step.account,
                facts={"expires_at": step.expires_at.isoformat()},
            )
        else:
            live = {key: kept for key, kept in self._challenges.items() if kept.expires_at > now}
            self._challenges = live | {step.challenge_id: step}
        return step

    def _refused(self, account: Account, error: OrdoError, context: Context) -> None:
        self._trail.write(AuditKind.LOGIN_REFUSED, context, account=account, facts={"error_code": error.code})

    def _report(self, account: Account, session: Session | None) -> SessionReport:
        state = SessionState.NONE if session is None else session.state(self._clock.now())
        login = f"log in: `ordo login {account.adapter_id} {account.account_id}`"
        advice = {
            SessionState.ACTIVE: "nothing to do",
            SessionState.NONE: login,
            SessionState.EXPIRED: f"the session has ended; {login}",
            SessionState.SUSPECT: f"the broker rejected the token; {login}",
        }[state]
        return SessionReport(
            account=account,
            state=state,
            advice=advice,
            issued_at=None if session is None else session.issued_at,
            expires_at=None if session is None else session.expires_at,
        )

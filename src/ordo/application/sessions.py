"""Logging in, staying in, logging out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ordo.application.brokers import Brokers
from ordo.application.challenges import Challenges, same_state
from ordo.application.context import Context, new_correlation_id
from ordo.application.pace import Pace
from ordo.application.proposal import no_session
from ordo.application.trail import Trail
from ordo.domain.accounts import Account
from ordo.domain.audit import AuditKind
from ordo.domain.calendar import IST
from ordo.domain.errors import ErrorCode, FieldFault, Invalid, NotSent, OrdoError
from ordo.domain.sessions import (
    ChallengeKind,
    LoginAnswer,
    LoginChallenge,
    Secret,
    Session,
    SessionState,
    ends_at,
    state_in,
)
from ordo.ports.clock import Clock
from ordo.ports.logins import LoginNotes
from ordo.ports.sessions import SessionStore

_TO_LOOK = timedelta(minutes=5)
_SOON = timedelta(hours=1)
_WRONG_ANSWERS = 5
_WITHIN_SECONDS = 900


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

    def __init__(self, brokers: Brokers, store: SessionStore, notes: LoginNotes, clock: Clock, trail: Trail) -> None:
        self._brokers = brokers
        self._store = store
        self._clock = clock
        self._trail = trail
        self._challenges = Challenges(notes, clock)
        self._opening: dict[Account, asyncio.Lock] = {}
        self._wrong = Pace(clock, most=_WRONG_ANSWERS, per_second=_WRONG_ANSWERS / _WITHIN_SECONDS)

    async def begin(self, account: Account, context: Context | None = None) -> LoginChallenge:
        """Start a login: the first challenge. Where the broker asks for nothing its kind is `NONE`, and the session is
        open already.
        """
        step = await self._begun(account, context or Context())
        if isinstance(step, LoginChallenge):
            return step
        nothing = LoginChallenge(
            account=account,
            challenge_id=new_correlation_id(),
            kind=ChallengeKind.NONE,
            expires_at=self._clock.now() + _TO_LOOK,
        )
        await self._challenges.remember(nothing)
        return nothing

    async def answer(
        self, account: Account, answer: LoginAnswer, context: Context | None = None
    ) -> LoginChallenge | Session:
        """Answer the challenge that `begin` or an earlier answer gave. Each may be answered once; again only after a
        one-time code that the broker refused, and after an answer of which certainly no byte left.
        """
        context = context or Context()
        self._brokers.of(account)
        challenge = await self._challenges.open(account, answer.challenge_id)
        _require_fit(challenge, answer)
        if challenge.kind is ChallengeKind.NONE:
            await self._challenges.take(challenge)
            return await self.require(account, context)
        return await self._send(challenge, answer, context)

    async def redirected(
        self, adapter_id: str, redirect_url: Secret, context: Context | None = None
    ) -> LoginChallenge | Session:
        """Answer the one open challenge of this broker whose `state` stands in the address to which it sent a browser.

        Raises `Invalid` (`NOT_FOUND`) alike for a state that is missing, unknown, used, expired or another broker's.
        """
        challenge = await self._challenges.of_redirect(adapter_id, state_in(redirect_url.reveal()))
        if challenge is None:
            raise Invalid(
                ErrorCode.NOT_FOUND, "Nothing was done: no login waits for this redirect. Start the login again."
            )
        answer = LoginAnswer(challenge_id=challenge.challenge_id, redirect_url=redirect_url)
        return await self._send(challenge, answer, context or Context())

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
        session, _ = await self._current(account, context)
        return session

    async def require(self, account: Account, context: Context) -> Session:
        """A session that may be used now; raises `Invalid` (`INVALID_SESSION`) where there is none."""
        session, state = await self._current(account, context)
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

    async def kept(self) -> tuple[Session, ...]:
        """Every session as it is kept, for those who look after them."""
        return await self._store.all()

    async def trust(self, session: Session, context: Context) -> None:
        """The broker serves a token again that it had rejected. A session that has been replaced or ended meanwhile is
        left alone.
        """
        kept = await self._store.get(session.account)
        if kept is None or not kept.suspect or kept.access_token != session.access_token:
            return
        await self._store.save(replace(kept, suspect=False))
        self._trail.write(AuditKind.SESSION_TRUSTED, context, account=session.account)

    async def _begun(self, account: Account, context: Context) -> LoginChallenge | Session:
        try:
            return await self._take(account, await self._brokers.of(account).login.begin(account), context)
        except OrdoError as error:
            self._refused(account, error, context)
            raise

    async def _send(self, challenge: LoginChallenge, answer: LoginAnswer, context: Context) -> LoginChallenge | Session:
        account = challenge.account
        line = self._brokers.of(account)
        self._refuse_guessing(account)
        await self._challenges.take(challenge)
        try:
            return await self._take(account, await line.login.answer(challenge, answer), context)
        except OrdoError as error:
            if error.code is ErrorCode.INVALID_OTP or isinstance(error, NotSent):
                await self._challenges.remember(challenge)
            # The code that ends a login is a guess like those before it: whoever begins anew begins no new count.
            if challenge.kind is ChallengeKind.OTP and error.code is ErrorCode.INVALID_SESSION:
                self._wrong.count(str(account))
            self._refused(account, error, context)
            raise

    async def _current(self, account: Account, context: Context) -> tuple[Session | None, SessionState]:
        line = self._brokers.of(account)
        session = await self._store.get(account)
        state = self._state(session)
        if state is SessionState.ACTIVE or not line.login.unattended(account):
            return session, state
        async with self._opening.setdefault(account, asyncio.Lock()):
            session = await self._store.get(account)
            if self._state(session) is not SessionState.ACTIVE:
                await self._begun(account, context)
                session = await self._store.get(account)
            return session, self._state(session)

    def _state(self, session: Session | None) -> SessionState:
        return SessionState.NONE if session is None else session.state(self._clock.now())

    async def _take(
        self, account: Account, step: LoginChallenge | Session, context: Context
    ) -> LoginChallenge | Session:
        if step.account != account:
            raise Invalid.field(
                "account",
                f"the broker logged in {step.account}; nothing was kept, log in again as {account}",
                seen=account,
                code=ErrorCode.INVALID_CREDENTIALS,
            )
        if isinstance(step, Session):
            step = replace(step, expires_at=ends_at(step))
            await self._store.save(step)
            self._trail.write(
                AuditKind.SESSION_OPENED,
                context,
                account=step.account,
                facts={"expires_at": step.expires_at.isoformat()},
            )
        else:
            await self._challenges.remember(step)
        return step

    def _refuse_guessing(self, account: Account) -> None:
        """Brokers lock an account after a few wrong passwords, and strangers may know only its name."""
        wait = self._wrong.wait(str(account))
        if wait > 0:
            raise Invalid(
                ErrorCode.TOO_MANY_REQUESTS,
                f"Nothing was sent: too many wrong answers for {account}. The challenge can be answered in"
                f" {wait:.0f} s, if it still holds then.",
                retry_after_ms=int(wait * 1000) + 1,
            )

    def _refused(self, account: Account, error: OrdoError, context: Context) -> None:
        if error.code in (ErrorCode.INVALID_CREDENTIALS, ErrorCode.INVALID_OTP):
            self._wrong.count(str(account))
        self._trail.write(AuditKind.LOGIN_REFUSED, context, account=account, facts={"error_code": error.code})

    def _forecast(self, session: Session | None, login: str) -> str:
        if session is None or session.expires_at - self._clock.now() > _SOON:
            return "nothing to do"
        return f"the session ends at {session.expires_at.astimezone(IST):%H:%M} IST; to go on after that {login}"

    def _report(self, account: Account, session: Session | None) -> SessionReport:
        state = self._state(session)
        login = f"log in: `ordo login {account.adapter_id} {account.account_id}`"
        advice = {
            SessionState.ACTIVE: self._forecast(session, login),
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


def _require_fit(challenge: LoginChallenge, answer: LoginAnswer) -> None:
    """Raise `Invalid` for an answer that is not to this challenge, which stays open."""
    if answer.redirect_url is not None:
        faults = _faults_of_redirect(challenge, state_in(answer.redirect_url.reveal()))
    elif challenge.kind is ChallengeKind.REDIRECT and not challenge.fields:
        faults = (FieldFault(field="redirect_url", message="is asked for"),)
    else:
        missing = (name for name in challenge.fields if name not in answer.answers)
        faults = tuple(FieldFault(field=f"answers.{name}", message="is asked for") for name in missing)
    if faults:
        told = "; ".join(f"{fault.field} {fault.message}" for fault in faults)
        raise Invalid(
            ErrorCode.VALIDATION_ERROR,
            f"Nothing was sent, and the challenge can still be answered: {told}.",
            fields=faults,
        )


def _faults_of_redirect(challenge: LoginChallenge, state: str | None) -> tuple[FieldFault, ...]:
    if challenge.login_url is None:
        return (FieldFault(field="redirect_url", message="is not what this challenge asks for"),)
    if challenge.state is not None and not same_state(state, challenge):
        return (FieldFault(field="redirect_url", message="belongs to another login, or lacks its `state`"),)
    return ()

"""Calls to a broker: with a session, with care, and with an eye on what a refusal says about that session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from ordo.application.brokers import BrokerLine, Brokers
from ordo.application.care import Care
from ordo.application.context import Context
from ordo.application.sessions import SessionService
from ordo.domain.accounts import Account
from ordo.domain.circuits import CallKind
from ordo.domain.errors import ErrorCode, Refused, Unavailable
from ordo.domain.sessions import Session
from ordo.ports.broker import Broker

T = TypeVar("T")


class BrokerCalls:
    """Makes calls to an account's broker. A broker that rejects the token makes the session suspect.

    Without `care` every call is made at once, and once.
    """

    def __init__(self, brokers: Brokers, sessions: SessionService, care: Care | None = None) -> None:
        self._brokers = brokers
        self._sessions = sessions
        self._care = care

    def line(self, account: Account) -> BrokerLine:
        """What is configured of the broker that serves an account."""
        return self._brokers.of(account)

    def broker(self, account: Account) -> Broker:
        """The adapter that serves an account."""
        return self._brokers.of(account).broker

    async def read(self, account: Account, context: Context, call: Callable[[Broker, Session], Awaitable[T]]) -> T:
        """Read with the account's session; raises what the broker port says, and `INVALID_SESSION` without
        one.
        """
        context.permit(account)
        broker = self.broker(account)
        session = await self._sessions.require(account, context)
        if self._care is None:
            return await self.guarded(session, context, call(broker, session))
        return await self._care.read(account, lambda: self.guarded(session, context, call(broker, session)))

    def write(
        self, session: Session, context: Context, kind: CallKind, call: Callable[[], Awaitable[T]]
    ) -> Coroutine[Any, Any, T]:
        """Make one write, once; raises what the broker port says, and `NotSent` where Ordo lets the broker rest."""
        made = call() if self._care is None else self._care.write(session.account, kind, call)
        return self.guarded(session, context, made)

    async def guarded(self, session: Session, context: Context, call: Awaitable[T]) -> T:
        """Await a call, and mark the session suspect when the broker says that it is not valid."""
        try:
            return await call
        except Refused as error:
            if error.code is ErrorCode.INVALID_SESSION:
                with suppress(Unavailable):  # What the broker said is true, whether or not it can be noted.
                    await self._sessions.suspect(session, context)
            raise

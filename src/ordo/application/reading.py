"""Reads at a broker: with a session, and with an eye on what a refusal says about that session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from ordo.application.brokers import Brokers
from ordo.application.context import Context
from ordo.application.sessions import SessionService
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Refused, Unavailable
from ordo.domain.sessions import Session
from ordo.ports.broker import Broker

T = TypeVar("T")


class BrokerCalls:
    """Makes calls to an account's broker. A broker that rejects the token makes the session suspect."""

    def __init__(self, brokers: Brokers, sessions: SessionService) -> None:
        self._brokers = brokers
        self._sessions = sessions

    def broker(self, account: Account) -> Broker:
        """The adapter that serves an account."""
        return self._brokers.of(account).broker

    def obeys_hours(self, account: Account) -> bool:
        """Whether the account's broker trades in market hours only."""
        return self._brokers.of(account).obeys_hours

    async def read(self, account: Account, context: Context, call: Callable[[Broker, Session], Awaitable[T]]) -> T:
        """Read with the account's session; raises what the broker port says, and `INVALID_SESSION` without
        one.
        """
        context.permit(account)
        broker = self.broker(account)
        session = await self._sessions.require(account, context)
        return await self.guarded(session, context, call(broker, session))

    async def guarded(self, session: Session, context: Context, call: Awaitable[T]) -> T:
        """Await a call, and mark the session suspect when the broker says that it is not valid."""
        try:
            return await call
        except Refused as error:
            if error.code is ErrorCode.INVALID_SESSION:
                with suppress(Unavailable):  # What the broker said is true, whether or not it can be noted.
                    await self._sessions.suspect(session, context)
            raise

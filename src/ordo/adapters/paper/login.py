"""Logging in at the paper broker: it asks for nothing, and its sessions end like the real ones."""

from __future__ import annotations

import secrets

from ordo.domain.accounts import Account
from ordo.domain.calendar import next_time
from ordo.domain.errors import ErrorCode, Refused
from ordo.domain.sessions import LoginAnswer, LoginChallenge, Secret, Session
from ordo.ports.broker import BrokerLogin
from ordo.ports.clock import Clock

SESSIONS_END_HOUR = 3
"""Indian time: when sessions at Indian brokers are held for dead (domain facts, section 5.5)."""


class PaperLogin(BrokerLogin):
    """Every account may log in, and those that are named need not; the token is random and opens nothing."""

    def __init__(self, *, clock: Clock, accounts: tuple[str, ...] = ()) -> None:
        self._clock = clock
        self._accounts = frozenset(accounts)

    def unattended(self, account: Account) -> bool:
        return account.account_id in self._accounts

    async def begin(self, account: Account) -> LoginChallenge | Session:
        now = self._clock.now()
        return Session(
            account=account,
            access_token=Secret(secrets.token_urlsafe(24)),
            issued_at=now,
            expires_at=next_time(now, SESSIONS_END_HOUR),
        )

    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:  # noqa: ARG002
        raise Refused(
            ErrorCode.INVALID_CREDENTIALS,
            "The paper broker asks for nothing, so there is nothing to answer: a login is done once it is begun.",
            broker_id=challenge.account.adapter_id,
        )

    async def end(self, session: Session) -> None:
        """Nothing is kept of a session here."""

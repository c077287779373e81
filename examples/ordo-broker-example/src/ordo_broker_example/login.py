"""Logging in at Lotus: with a PIN."""

from __future__ import annotations

import secrets
from datetime import timedelta

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Refused
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session
from ordo.ports.broker import BrokerLogin
from ordo.ports.clock import Clock
from ordo_broker_example.client import LotusClient


class LotusLogin(BrokerLogin):
    def __init__(self, client: LotusClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def unattended(self, account: Account) -> bool:  # noqa: ARG002
        return False

    async def begin(self, account: Account) -> LoginChallenge | Session:
        return LoginChallenge(
            account=account,
            challenge_id=secrets.token_urlsafe(12),
            kind=ChallengeKind.PASSWORD,
            expires_at=self._clock.now() + timedelta(minutes=5),
            fields=("pin",),
        )

    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:
        pin = answer.answers.get("pin", Secret(""))
        now, told = self._clock.now(), await self._client.log_in(challenge.account, pin)
        return Session(account=challenge.account, access_token=Secret(told.token), issued_at=now, expires_at=told.until)

    async def end(self, session: Session) -> None:
        try:
            await self._client.log_out(session)
        except Refused as refusal:
            if refusal.code is not ErrorCode.INVALID_SESSION:  # That is to be logged out already.
                raise

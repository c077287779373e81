"""Logins as real brokers have them: by redirect, and by password and one-time code."""

from __future__ import annotations

import secrets
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, OrdoError, Refused
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session
from ordo.ports.broker import BrokerLogin
from ordo.ports.clock import Clock

LOGIN_PAGE = "https://broker.invalid/login"
AUTH_CODE = "an-invented-auth-code"
PASSWORD = "an-invented-password"
OTP = "123456"
OTP_TRIES = 3


class _Opens(BrokerLogin):
    """What both ways have in common. `failure` befalls the next answer."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lasts = timedelta(minutes=5)
        self.failure: OrdoError | None = None
        self.logs_in_as: Account | None = None
        self.asked: list[str] = []
        self.ended: list[Session] = []

    def unattended(self, account: Account) -> bool:  # noqa: ARG002
        return False

    async def end(self, session: Session) -> None:
        self.ended.append(session)

    def _disturbed(self, challenge: LoginChallenge) -> None:
        self.asked.append(challenge.challenge_id)
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def _session(self, account: Account) -> Session:
        now = self.clock.now()
        return Session(
            account=self.logs_in_as or account,
            access_token=Secret(secrets.token_hex(8)),
            issued_at=now,
            expires_at=now + timedelta(hours=8),
        )

    def _refusal(self, code: ErrorCode, challenge: LoginChallenge, words: str) -> Refused:
        broker_id = challenge.account.adapter_id
        return Refused(code, "The broker refused the login.", broker_id=broker_id, native_error=words)


class RedirectLogin(_Opens):
    """Sends the browser to its page, which sends it back to `redirect_uri` with a code and the state."""

    def __init__(self, clock: Clock, *, redirect_uri: str = "http://127.0.0.1:8000/callback/redirects") -> None:
        super().__init__(clock)
        self.redirect_uri = redirect_uri
        self.asks_more = False

    async def begin(self, account: Account) -> LoginChallenge | Session:
        query = {"client_id": "app", "redirect_uri": self.redirect_uri, "state": secrets.token_urlsafe(16)}
        return LoginChallenge(
            account=account,
            challenge_id=secrets.token_hex(8),
            kind=ChallengeKind.REDIRECT,
            expires_at=self.clock.now() + self.lasts,
            login_url=f"{LOGIN_PAGE}?{urlencode(query)}",
        )

    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:
        self._disturbed(challenge)
        assert answer.redirect_url is not None
        if parse_qs(urlsplit(answer.redirect_url.reveal()).query).get("auth_code") != [AUTH_CODE]:
            raise self._refusal(ErrorCode.INVALID_CREDENTIALS, challenge, "-437 invalid auth code")
        if self.asks_more:
            return await self.begin(challenge.account)
        return self._session(challenge.account)


class OtpLogin(_Opens):
    """Asks for a user's name and password, then for a code; the third wrong code is the last."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.wrong: dict[str, int] = {}

    async def begin(self, account: Account) -> LoginChallenge | Session:
        return self._challenge(account, ChallengeKind.PASSWORD, "username", "password")

    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:
        self._disturbed(challenge)
        if challenge.kind is ChallengeKind.PASSWORD:
            if answer.answers["password"] != Secret(PASSWORD):
                raise self._refusal(ErrorCode.INVALID_CREDENTIALS, challenge, "wrong password")
            return self._challenge(challenge.account, ChallengeKind.OTP, "otp")
        if answer.answers["otp"] == Secret(OTP):
            return self._session(challenge.account)
        wrong = self.wrong[challenge.challenge_id] = self.wrong.get(challenge.challenge_id, 0) + 1
        if wrong < OTP_TRIES:
            raise self._refusal(ErrorCode.INVALID_OTP, challenge, "Invalid OTP")
        raise self._refusal(ErrorCode.INVALID_SESSION, challenge, "Too many attempts")

    def _challenge(self, account: Account, kind: ChallengeKind, *fields: str) -> LoginChallenge:
        return LoginChallenge(
            account=account,
            challenge_id=secrets.token_hex(8),
            kind=kind,
            expires_at=self.clock.now() + self.lasts,
            fields=fields,
        )


def sent_back(login_url: str | None, *, auth_code: str = AUTH_CODE, **changes: str) -> str:
    """The address to which the broker's page sends the browser."""
    assert login_url is not None
    query = {name: values[0] for name, values in parse_qs(urlsplit(login_url).query).items()}
    answer = {"s": "ok", "code": "200", "auth_code": auth_code, "state": query["state"]} | changes
    return f"{query['redirect_uri']}?{urlencode(answer)}"

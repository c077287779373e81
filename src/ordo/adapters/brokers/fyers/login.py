"""The daily login at FYERS: a person logs in on the broker's page, and its redirect brings a code that works once."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

from ordo.adapters.brokers.fyers.client import FyersClient
from ordo.adapters.brokers.fyers.errors import UNDONE, Call, words
from ordo.adapters.brokers.fyers.wire import CodeRequest
from ordo.domain.accounts import Account
from ordo.domain.calendar import next_time
from ordo.domain.errors import ErrorCode, Invalid, Refused, Unavailable
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session
from ordo.ports.broker import BrokerLogin
from ordo.ports.clock import Clock

_TO_LOG_IN: Final = timedelta(minutes=10)
_ENDS_AT: Final = 3
"""Indian time: the hour at which a day's sessions are over, whatever a token says (domain facts, section 5.5)."""


class FyersLogin(BrokerLogin):
    """Logs in accounts of one registered app. There is no refresh: FYERS ended it in April 2026."""

    def __init__(self, *, client: FyersClient, clock: Clock, app_id: str, secret: Secret, redirect_uri: str) -> None:
        self._client = client
        self._clock = clock
        self._app_id = app_id
        self._secret = secret
        self._redirect_uri = redirect_uri

    def unattended(self, account: Account) -> bool:  # noqa: ARG002  (a person and two factors, every day)
        return False

    async def begin(self, account: Account) -> LoginChallenge | Session:
        state = secrets.token_urlsafe(32)
        return LoginChallenge(
            account=account,
            challenge_id=secrets.token_urlsafe(16),
            kind=ChallengeKind.REDIRECT,
            expires_at=self._clock.now() + _TO_LOG_IN,
            login_url=self._client.login_page(self._redirect_uri, state),
        )

    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:
        account = challenge.account
        code = self._code(challenge, answer)
        hashed = hashlib.sha256(f"{self._app_id}:{self._secret.reveal()}".encode()).hexdigest()
        granted = await self._client.redeem(account, CodeRequest(app_id_hash=hashed, code=code))
        now = self._clock.now()
        session = Session(
            account=account,
            access_token=Secret(granted.access_token),
            issued_at=now,
            expires_at=min(_expiry(account, granted.access_token, now), next_time(now, _ENDS_AT)),
        )
        # The token alone says whose it is: whoever was logged in on the page is not always who was meant.
        await self._require_same(session)
        return session

    async def end(self, session: Session) -> None:
        try:
            await self._client.logout(session)
        except Refused as refusal:
            if refusal.code is not ErrorCode.INVALID_SESSION:
                raise Unavailable(
                    ErrorCode.BROKER_UNAVAILABLE,
                    f"{session.account} is still logged in at FYERS; try again.",
                    broker_id=session.account.adapter_id,
                    native_error=refusal.native_error,
                ) from None

    def _code(self, challenge: LoginChallenge, answer: LoginAnswer) -> str:
        if answer.redirect_url is None:
            raise Invalid.field(
                "redirect_url", "is asked for: the whole address of the page after the login", code=_ASKED
            )
        given = _query(answer.redirect_url.reveal())
        if not _same(given.get("state", ""), _query(challenge.login_url or "").get("state", "")):
            raise self._refused(challenge.account, "the address belongs to another login")
        if given.get("s") != "ok" or not given.get("auth_code"):
            secrets = (given.get("auth_code", ""), given.get("state", ""))
            said = words(None, given.get("message", ""), challenge.account.account_id, secrets)
            raise self._refused(challenge.account, "FYERS' page gave no code", said or None)
        return given["auth_code"]

    async def _require_same(self, session: Session) -> None:
        account = session.account
        told = (await self._client.profile(session)).data.fy_id
        if not _same(told.upper(), account.account_id.upper()):
            raise self._refused(account, "FYERS logged in another account than the one asked for")

    def _refused(self, account: Account, why: str, native: str | None = None) -> Refused:
        return Refused(
            ErrorCode.INVALID_CREDENTIALS,
            f"{UNDONE[Call.LOGIN]}: {why}. Begin the login again.",
            broker_id=account.adapter_id,
            native_error=native,
        )


_ASKED: Final = ErrorCode.VALIDATION_ERROR


def _query(address: str) -> dict[str, str]:
    """The parameters of an address; one that stands twice is none."""
    try:
        found = parse_qs(urlsplit(address.strip()).query)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _same(one: str, other: str) -> bool:
    return bool(other) and hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))


def _expiry(account: Account, token: str, now: datetime) -> datetime:
    """When a token ends, by its own word; one that does not say, or is over already, opens no session."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        ends = datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (LookupError, TypeError, ValueError, OverflowError, OSError, binascii.Error, RecursionError):
        ends = now
    if ends <= now:
        raise Unavailable(
            ErrorCode.BROKER_ERROR,
            f"{UNDONE[Call.LOGIN]}: FYERS' token does not say when it ends, or has ended. Begin the login again.",
            broker_id=account.adapter_id,
        )
    return ends

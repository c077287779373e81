"""The login, step by step, and the access tokens that came of it."""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

import orjson

from ordo_emulators.hdfc.answers import Failure, dead_token, gateway
from ordo_emulators.hdfc.settings import Settings, TwoFA

API_KEY: Final = "EMULATED"
SECRET: Final = "EMULATED-SECRET"  # noqa: S105 - invented, and printed in the documentation
USER: Final = "EMUSER"
PASSWORD: Final = "emu-pass"  # noqa: S105 - likewise
OTP: Final = "123456"
ACCOUNT: Final = "7000001"

_TERMS: Final = {"version": 1, "content": [{"header": "Terms and conditions", "body": "This broker is emulated."}]}


class _Step(Enum):
    PASSWORD = auto()
    OTP = auto()
    CONSENT = auto()
    DONE = auto()


@dataclass(slots=True)
class _Attempt:
    """What one `tokenId` stands for."""

    step: _Step = _Step.PASSWORD
    otp_sent_at: datetime | None = None
    wrong_otps: int = 0
    request_token: str = ""
    """Step 3's, which step 4 turns into one that can be exchanged."""


class Logins:
    """What was granted. A token that is not known here is dead, whatever it says about itself.

    The texts and statuses of all refusals here are guesses.
    """

    def __init__(self) -> None:
        self._attempts: dict[str, _Attempt] = {}
        self._request_tokens: dict[str, datetime] = {}
        self._sessions: dict[str, datetime] = {}
        self._consented = False

    def start(self) -> dict[str, object]:
        token_id = secrets.token_hex(16)
        self._attempts[token_id] = _Attempt()
        return {"tokenId": token_id}

    def check_password(
        self, token_id: str, fields: Mapping[str, object], now: datetime, settings: Settings
    ) -> dict[str, object]:
        attempt = self._attempt(token_id, _Step.PASSWORD)
        if (fields.get("username"), fields.get("password")) != (USER, PASSWORD):
            raise gateway(401, "Invalid username or password")
        asks = settings.twofa is TwoFA.ON
        if asks:
            attempt.step, attempt.otp_sent_at = _Step.OTP, now
        return {
            "recaptcha": settings.twofa is TwoFA.RECAPTCHA,
            "loginId": ACCOUNT,
            "twofa": {"questions": [{"question": "Please enter OTP"}] if asks else []},
            "twoFAEnabled": settings.twofa is not TwoFA.OFF,
        }

    def resend(self, token_id: str, now: datetime) -> None:
        self._attempt(token_id, _Step.OTP).otp_sent_at = now

    def check_otp(
        self, token_id: str, fields: Mapping[str, object], now: datetime, settings: Settings
    ) -> dict[str, object]:
        attempt = self._attempt(token_id, _Step.OTP)
        if fields.get("answer") != OTP:
            attempt.wrong_otps += 1
            if attempt.wrong_otps >= settings.otp_tries:
                del self._attempts[token_id]
            raise gateway(400, "Invalid OTP")
        if attempt.otp_sent_at is None or _is_over(attempt.otp_sent_at, settings.otp_seconds, now):
            raise gateway(400, "OTP expired")
        attempt.step, attempt.request_token = _Step.CONSENT, secrets.token_hex(16)
        return {
            "requestToken": attempt.request_token,
            "termsAndConditions": _TERMS,
            "authorised": self._consented or not settings.asks_consent,
        }

    def authorise(
        self, token_id: str, request_token: str, consent: str, now: datetime, settings: Settings
    ) -> dict[str, object]:
        attempt = self._attempt(token_id, _Step.CONSENT)
        if not secrets.compare_digest(request_token.encode(), attempt.request_token.encode()):
            raise gateway(400, "Invalid request token")
        # Documented as True or False; whether in these letters is not.
        if consent.lower() != "true":
            raise gateway(400, "Consent is required")
        attempt.step, self._consented = _Step.DONE, True
        return {"callbackUrl": settings.callback_url, "requestToken": self.grant(now)}

    def grant(self, now: datetime) -> str:
        """A request token that can be exchanged, once."""
        token = secrets.token_hex(16)
        self._request_tokens[token] = now
        return token

    def exchange(
        self, request_token: str, fields: Mapping[str, object], now: datetime, settings: Settings
    ) -> dict[str, object]:
        granted_at = self._request_tokens.get(request_token)
        if granted_at is None or _is_over(granted_at, settings.request_token_seconds, now):
            raise gateway(400, "Invalid request token")
        if fields.get("apiSecret") != SECRET:
            raise gateway(401, "Invalid api secret")
        del self._request_tokens[request_token]
        expires_at = now + timedelta(seconds=settings.token_ttl)
        token = _access_token(now, expires_at)
        self._sessions[token] = expires_at
        return {"accessToken": token}

    def check(self, authorization: str, now: datetime) -> None:
        """The header holds the bare token; with anything before it there is no such token."""
        expires_at = self._sessions.get(authorization)
        if expires_at is None or expires_at <= now:
            raise dead_token()

    def end_all(self) -> int:
        ended = len(self._sessions)
        self._sessions.clear()
        return ended

    def _attempt(self, token_id: str, step: _Step) -> _Attempt:
        attempt = self._attempts.get(token_id)
        if attempt is None:
            raise _unknown_attempt()
        if attempt.step is not step:
            raise gateway(400, "This step of the login is not due")
        return attempt


def _unknown_attempt() -> Failure:
    return gateway(400, "Invalid token id")


def _is_over(since: datetime, seconds: int, now: datetime) -> bool:
    return now >= since + timedelta(seconds=seconds)


def _access_token(now: datetime, expires_at: datetime) -> str:
    claims = {
        "sub": ACCOUNT,
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "merchant": "EMULATED",
        "merchant_api_key": API_KEY,
    }
    parts = (orjson.dumps({"alg": "HS256", "typ": "JWT"}), orjson.dumps(claims), secrets.token_bytes(32))
    # Only the broker can check the signature, so any bytes will do.
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)

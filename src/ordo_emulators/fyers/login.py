"""FYERS' daily login: authorisation codes, access tokens, and the retired refresh."""

import base64
import hashlib
import hmac
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

import orjson

from ordo_emulators.clock import IST
from ordo_emulators.fyers.answers import Failure, invalid, ok
from ordo_emulators.server import Response

APP_ID: Final = "EMULATED-100"
SECRET: Final = "EMULATED-SECRET"  # noqa: S105 - invented, and printed in the documentation
ACCOUNT: Final = "XE00001"
PIN: Final = "1234"
APP_ID_HASH: Final = hashlib.sha256(f"{APP_ID}:{SECRET}".encode()).hexdigest()

_CODE_LIFE: Final = timedelta(hours=8, minutes=20)
_REFRESH_LIFE: Final = timedelta(days=15)
_CUT: Final = time(6, 0)


@dataclass(slots=True)
class _Grant:
    expires_at: datetime
    challenge: str = ""


class Logins:
    """What was granted. A token that is not known here is dead, whatever it says about itself."""

    def __init__(self, seed: int) -> None:
        # Another emulator of the same seed on the same day must not accept these tokens: they are random in earnest.
        self._random = random.SystemRandom()
        self._key = hashlib.sha256(f"fyers emulator {seed}".encode()).digest()
        self._codes: dict[str, _Grant] = {}
        self._tokens: dict[str, _Grant] = {}
        self._refresh: dict[str, _Grant] = {}

    def authorise(self, query: Mapping[str, str], now: datetime) -> Response:
        """The login page: it knows its user, and redirects at once. What a wrong call shows there is a guess."""
        if query.get("client_id") != APP_ID:
            raise Failure(-352, "invalid app id")
        if query.get("response_type") != "code":
            raise invalid("response_type must be code")
        redirect = query.get("redirect_uri", "")
        if not redirect.startswith(("http://", "https://")) or not (redirect.isascii() and redirect.isprintable()):
            raise invalid("redirect_uri must be the one registered for the app")
        code = self._token("auth_code", now, now + _CODE_LIFE, scope="open")
        self._codes[code] = _Grant(now + _CODE_LIFE, query.get("code_challenge", ""))
        answer = {"s": "ok", "code": "200", "auth_code": code}
        if "state" in query:
            answer["state"] = query["state"]
        joint = "&" if "?" in redirect else "?"
        location = f"{redirect}{joint}{urlencode(answer)}"
        return Response(status=302, content_type="text/html", headers={"Location": location})

    def validate(self, body: object, now: datetime) -> dict[str, object]:
        """`POST /validate-authcode`. No HTTP status is recorded for its errors; 400 is a guess."""
        fields = body if isinstance(body, dict) else {}
        code = fields.get("code")
        if not code:
            raise Failure(-441, "auth code is required")
        if fields.get("grant_type") != "authorization_code":
            raise Failure(-442, "Please provide valid grant_type")
        grant = self._codes.get(code) if isinstance(code, str) else None
        self._check_caller(fields, grant)
        if grant is None or grant.expires_at <= now:
            raise Failure(-437, "invalid auth code")
        del self._codes[str(code)]
        refresh = self._token("refresh_token", now, now + _REFRESH_LIFE)
        self._refresh[refresh] = _Grant(now + _REFRESH_LIFE)
        return ok(access_token=self._access_token(now), refresh_token=refresh)

    def refresh(self, body: object, now: datetime, *, allowed: bool) -> dict[str, object]:
        """`POST /validate-refresh-token`, discontinued on 2026-04-01. How it now refuses is a guess."""
        fields = body if isinstance(body, dict) else {}
        if fields.get("grant_type") != "refresh_token":
            raise Failure(-442, "Please provide valid grant_type")
        token = fields.get("refresh_token")
        grant = self._refresh.get(token) if isinstance(token, str) else None
        if not allowed or grant is None or grant.expires_at <= now:
            raise Failure(-501, "Please provide valid refresh token")
        self._check_caller({"appIdHash": fields.get("appIdHash")}, None)
        if fields.get("pin") != PIN:
            raise invalid("invalid pin")
        return ok(access_token=self._access_token(now))

    def check(self, authorization: str, now: datetime, *, bare: bool = False) -> str:
        """The token in an Authorization header; `bare` allows one without the app's id. DeadToken, or WrongApp."""
        app, colon, token = authorization.partition(":")
        if not colon and bare:
            app, token = APP_ID, authorization
        grant = self._tokens.get(token)
        if grant is None:
            raise DeadToken(expired=False)
        if grant.expires_at <= now:
            raise DeadToken(expired=True)
        if app != APP_ID:
            raise WrongApp(app)
        return token

    def end(self, token: str) -> None:
        del self._tokens[token]

    def end_all(self) -> int:
        ended = len(self._tokens)
        self._tokens.clear()
        return ended

    def _check_caller(self, fields: Mapping[str, object], grant: _Grant | None) -> None:
        verifier = fields.get("code_verifier")
        if isinstance(verifier, str) and grant is not None and grant.challenge:
            digest = hashlib.sha256(verifier.encode()).digest()
            # PKCE by the book (S256); the broker's documents don't say how it compares.
            if _base64(digest) != grant.challenge:
                raise Failure(-5, "invalid app id hash")
            return
        given = fields.get("appIdHash")
        if not given:
            raise Failure(-371, "provide the sha256 hash of the app id and secret")
        if given != APP_ID_HASH:
            raise Failure(-5, "invalid app id hash")

    def _access_token(self, now: datetime) -> str:
        local = now.astimezone(IST)
        cut = datetime.combine(local.date(), _CUT, tzinfo=IST)
        expires_at = cut if local < cut else cut + timedelta(days=1)
        token = self._token(
            "access_token",
            now,
            expires_at,
            aud=["x:0", "x:1", "x:2", "d:1", "d:2"],
            hsm_key=self._hex(56),
            isDdpiEnabled="N",
            isMtfEnabled="Y",
        )
        self._tokens[token] = _Grant(expires_at)
        return token

    def _token(self, subject: str, now: datetime, expires_at: datetime, **claims: object) -> str:
        header = _base64(orjson.dumps({"alg": "HS256", "typ": "JWT"}))
        payload = {
            "iss": "api.fyers.in",
            "sub": subject,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "at_hash": self._hex(32),
            "fy_id": ACCOUNT,
            "display_name": ACCOUNT,
            "appType": 100,
            "oms": "K1",
            **claims,
        }
        signed = f"{header}.{_base64(orjson.dumps(payload))}"
        return f"{signed}.{_base64(hmac.digest(self._key, signed.encode(), 'sha256'))}"

    def _hex(self, length: int) -> str:
        return f"{self._random.getrandbits(4 * length):0{length}x}"


class DeadToken(Exception):
    """`expired` by its own `exp`; otherwise ended by the broker, or never given."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("expired" if expired else "unknown")
        self.expired = expired


class WrongApp(Exception):
    """The token is alive, and belongs to another app than the header names."""


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

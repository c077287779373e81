"""Sessions: the right to act at a broker for one account, and the ways to obtain it."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import parse_qs

from ordo.domain.accounts import Account
from ordo.domain.calendar import next_time
from ordo.domain.secrecy import SECRET_NAMES as SECRET_NAMES  # noqa: PLC0414  (where everybody looks for them)

_DAY_ENDS = 3
_JWT_PARTS = 3


class Secret:
    """Text that must not be seen: it shows as `***` wherever it is printed, formatted or logged."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that must send or seal it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes(), other._bytes())

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def _bytes(self) -> bytes:
        # A text that can't be encoded would stand in the error, secret or not.
        return self._text.encode(errors="surrogatepass")

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be serialised")


class SessionState(StrEnum):
    """`SUSPECT`: the broker has rejected the token although it should be good; new orders stop until a login."""

    NONE = "NONE"
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    SUSPECT = "SUSPECT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that succeeded. Times are aware; `metadata` holds no secret."""

    account: Account
    access_token: Secret
    issued_at: datetime
    expires_at: datetime
    refresh_token: Secret | None = None
    suspect: bool = False
    metadata: dict[str, str] = field(default_factory=dict)

    def state(self, now: datetime) -> SessionState:
        """Whether the session may be used at `now`. At `expires_at` itself it no longer may."""
        if now >= self.expires_at:
            return SessionState.EXPIRED
        return SessionState.SUSPECT if self.suspect else SessionState.ACTIVE


def ends_at(session: Session) -> datetime:
    """When a session must count as ended: at what its broker said, at the `exp` of a token that is a JWT, or at 03:00
    IST after the login, whichever is first. Brokers end every session before the next trading day (domain facts 5.5).
    """
    told = _expiry(session.access_token)
    midway = min(session.expires_at, next_time(session.issued_at, _DAY_ENDS))
    return midway if told is None else min(midway, told)


def _expiry(token: Secret) -> datetime | None:
    """What a JSON Web Token says of its own end; `None` for any other token. Its signature is the broker's business."""
    parts = token.reveal().split(".")
    if len(parts) != _JWT_PARTS:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        seconds = claims.get("exp")
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
    except (AttributeError, OSError, OverflowError, ValueError, RecursionError):
        return None


class ChallengeKind(StrEnum):
    """What a person must do next to log in."""

    REDIRECT = "redirect"
    PASSWORD = "password"  # noqa: S105  (a kind of challenge, not a password)
    OTP = "otp"
    CONSENT = "consent"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginChallenge:
    """One step of a login: open `login_url`, or answer the named `fields`; `none` needs no answer at all. `message` is
    what the person must read first: the terms to consent to, or why a code is asked for again.
    """

    account: Account
    challenge_id: str
    kind: ChallengeKind
    expires_at: datetime
    login_url: str | None = None
    fields: tuple[str, ...] = ()
    message: str | None = None

    @property
    def state(self) -> str | None:
        """The `state` in `login_url`, by which the broker's redirect is known to belong to this challenge; `None` where
        the broker carries none.
        """
        return None if self.login_url is None else state_in(self.login_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAnswer:
    """A person's answer to a challenge: the address that the broker redirected to, or the fields asked for."""

    challenge_id: str
    redirect_url: Secret | None = None
    answers: dict[str, Secret] = field(default_factory=dict)


def state_in(address: str) -> str | None:
    """The one `state` in an address, or `None` where there is none or several."""
    query = address.partition("?")[2].partition("#")[0]
    match parse_qs(query).get("state"):
        case [state]:
            return state
        case _:
            return None

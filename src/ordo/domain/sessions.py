"""Sessions: the right to act at a broker for one account, and the ways to obtain it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ordo.domain.accounts import Account
from ordo.domain.secrecy import SECRET_NAMES as SECRET_NAMES  # noqa: PLC0414  (where everybody looks for them)


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


class ChallengeKind(StrEnum):
    """What a person must do next to log in."""

    REDIRECT = "redirect"
    PASSWORD = "password"  # noqa: S105  (a kind of challenge, not a password)
    OTP = "otp"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginChallenge:
    """One step of a login: open `login_url`, or answer the named `fields`; `none` needs no answer at all."""

    account: Account
    challenge_id: str
    kind: ChallengeKind
    expires_at: datetime
    login_url: str | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAnswer:
    """A person's answer to a challenge: the address that the broker redirected to, or the fields asked for."""

    challenge_id: str
    redirect_url: Secret | None = None
    answers: dict[str, Secret] = field(default_factory=dict)

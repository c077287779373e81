"""Logging in at InvestRight: by user, password and a one-time code, or on HDFC's own page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

from ordo.adapters.brokers.hdfc.client import HdfcClient
from ordo.adapters.brokers.hdfc.errors import is_expired_code
from ordo.adapters.brokers.hdfc.wire import Claims, OtpAnswer, decoded
from ordo.domain.accounts import Account
from ordo.domain.errors import ErrorCode, Invalid, NotSent, OrdoError, Refused, Unavailable
from ordo.domain.sessions import ChallengeKind, LoginAnswer, LoginChallenge, Secret, Session
from ordo.ports.broker import BrokerLogin
from ordo.ports.clock import Clock
from ordo.ports.logins import LoginNotes
from ordo.schemas.config.brokers import HDFCConfig

RESEND: Final = "resend"
"""The answer in place of a code that asks for another one."""

_TO_ANSWER: Final = timedelta(minutes=10)
_OTP_TRIES: Final = 2
_AGREED: Final = frozenset({"yes", "true", "agree", "agreed", "y"})
_NO_SECOND_USE: Final = timedelta(days=1)
_JWT_PARTS: Final = 3
# How the browser brings the request token is not documented: these, in this order.
_REQUEST_TOKENS: Final = ("request_token", "requestToken", "request-token", "code")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """What the broker knows a login under way by. No password and no code is ever in it."""

    token_id: str = field(repr=False)
    expires_at: datetime
    wrong_codes: int = 0
    request_token: Secret | None = None
    authorised: bool = False

    def packed(self) -> Secret:
        token = None if self.request_token is None else self.request_token.reveal()
        return Secret(
            json.dumps([self.token_id, self.expires_at.isoformat(), self.wrong_codes, token, self.authorised])
        )

    @classmethod
    def unpacked(cls, text: Secret) -> _Attempt:
        token_id, expires_at, wrong_codes, token, authorised = json.loads(text.reveal())
        return cls(
            token_id=token_id,
            expires_at=datetime.fromisoformat(expires_at),
            wrong_codes=wrong_codes,
            request_token=None if token is None else Secret(token),
            authorised=authorised,
        )


class HdfcLogin(BrokerLogin):
    """Attempts are kept for ten minutes a step. There is no log-out at HDFC: a session is forgotten."""

    def __init__(
        self, *, adapter_id: str, config: HDFCConfig, client: HdfcClient, notes: LoginNotes, clock: Clock
    ) -> None:
        self._adapter_id = adapter_id
        self._config = config
        self._client = client
        self._clock = clock
        self._notes = notes

    def unattended(self, account: Account) -> bool:  # noqa: ARG002  (a code comes by message, each time)
        return False

    async def begin(self, account: Account) -> LoginChallenge | Session:
        if self._config.login == "browser":
            return self._browser(account)
        return self._challenge(account, ChallengeKind.PASSWORD, ("username", "password"))

    async def answer(self, challenge: LoginChallenge, answer: LoginAnswer) -> LoginChallenge | Session:
        if challenge.kind is ChallengeKind.REDIRECT or answer.redirect_url is not None:
            return await self._returned(challenge.account, answer)
        if challenge.kind is ChallengeKind.PASSWORD:
            return await self._password(challenge.account, answer)
        kept = await self._notes.take(self._attempt_of(challenge.challenge_id), now=self._clock.now())
        if kept is None:
            raise self._refused(ErrorCode.INVALID_SESSION, "this login is over or began elsewhere: start it again")
        attempt = _Attempt.unpacked(kept)
        try:
            if challenge.kind is ChallengeKind.OTP:
                return await self._otp(challenge, attempt, answer)
            return await self._consent(challenge.account, attempt, answer)
        except NotSent:
            await self._keep(challenge.challenge_id, attempt)  # It is as it was: the broker has not heard of this.
            raise

    async def end(self, session: Session) -> None:
        """No log-out is documented: the token is forgotten, and ends by itself."""

    async def _password(self, account: Account, answer: LoginAnswer) -> LoginChallenge:
        user, password = answer.answers["username"], answer.answers["password"]
        token_id = await self._client.start()
        said = await self._client.password(token_id, user, password)
        if said.recaptcha or not said.twofa_enabled:
            why = "demands a captcha" if said.recaptcha else "has two-factor login switched off for this user"
            return self._browser(account, f"HDFC {why}, so only its own page can log in: open it instead.")
        attempt = _Attempt(token_id=token_id, expires_at=self._clock.now() + _TO_ANSWER)
        return await self._ask_code(account, attempt, f"HDFC has sent a code. Answer {RESEND!r} to be sent another.")

    async def _otp(self, challenge: LoginChallenge, attempt: _Attempt, answer: LoginAnswer) -> LoginChallenge | Session:
        account = challenge.account
        code = answer.answers["otp"]
        if code.reveal().strip().lower() == RESEND:
            await self._client.resend(attempt.token_id)
            return await self._ask_code(account, attempt, "HDFC was asked for another code, and took the request.")
        try:
            said = await self._client.otp(attempt.token_id, code)
        except Refused as refusal:
            raise await self._not_taken(challenge.challenge_id, attempt, refusal) from None
        attempt = replace(attempt, request_token=Secret(said.request_token), authorised=said.authorised)
        if said.authorised:  # The person has agreed before.
            return await self._authorise(account, attempt)
        return await self._remember(account, attempt, ChallengeKind.CONSENT, ("consent",), _terms(said))

    async def _not_taken(self, challenge_id: str, attempt: _Attempt, refusal: Refused) -> Refused:
        """How a refused code is told. The same challenge may be answered once more, under the same attempt: whether the
        broker bears that is not known, and it costs nothing.
        """
        if refusal.code is not ErrorCode.INVALID_OTP:
            return refusal
        attempt = replace(attempt, wrong_codes=attempt.wrong_codes + 1)
        code, more = ErrorCode.INVALID_OTP, f"Answer once more, or {RESEND!r} for another code."
        if attempt.wrong_codes >= _OTP_TRIES:
            code, more = ErrorCode.INVALID_SESSION, "This login is over: start it again, for a new code."
        elif is_expired_code(refusal.native_error or ""):
            await self._client.resend(attempt.token_id)
            more = "It had expired, and another was asked for: answer with that."
        if code is ErrorCode.INVALID_OTP:
            await self._keep(challenge_id, attempt)
        return Refused(
            code,
            f"HDFC did not take the code, and no session was opened. {more}",
            broker_id=self._adapter_id,
            native_error=refusal.native_error,
        )

    async def _consent(self, account: Account, attempt: _Attempt, answer: LoginAnswer) -> Session:
        if answer.answers["consent"].reveal().strip().lower() not in _AGREED:
            raise self._refused(
                ErrorCode.PERMISSION_DENIED,
                "HDFC gives no session without consent to its terms, and it was not given. Nothing was sent",
            )
        return await self._authorise(account, attempt)

    async def _authorise(self, account: Account, attempt: _Attempt) -> Session:
        if attempt.request_token is None:
            raise self._refused(ErrorCode.INVALID_SESSION, "the code has not been answered yet: start the login again")
        try:
            token = await self._client.authorise(attempt.token_id, attempt.request_token, self._config.consent)
        except Refused:
            if not attempt.authorised:
                raise
            token = attempt.request_token  # Perhaps there was nothing left to authorise (the dossier, 2.1).
        return await self._exchange(account, token)

    async def _returned(self, account: Account, answer: LoginAnswer) -> Session:
        address = "" if answer.redirect_url is None else answer.redirect_url.reveal()
        query = parse_qs(urlsplit(address).query)
        found = next((query[name][0] for name in _REQUEST_TOKENS if query.get(name, [""])[0]), None)
        if found is None:
            raise Invalid.field(
                "redirect_url",
                f"holds no request token: none of {', '.join(_REQUEST_TOKENS)} is in its query; copy the whole address"
                " to which HDFC sent the browser",
                code=ErrorCode.VALIDATION_ERROR,
            )
        return await self._exchange(account, Secret(found))

    async def _exchange(self, account: Account, request_token: Secret) -> Session:
        digest = hashlib.sha256(request_token.reveal().encode(errors="surrogatepass")).hexdigest()
        mark, now = f"used {self._adapter_id} {digest}", self._clock.now()
        if not await self._notes.keep(mark, Secret(""), until=now + _NO_SECOND_USE, now=now):
            raise self._refused(ErrorCode.INVALID_SESSION, "this request token was used before: start the login again")
        try:
            access_token = await self._client.exchange(request_token)
        except NotSent:
            await self._notes.take(mark, now=self._clock.now())
            raise
        claims = _claims(access_token)
        metadata = await self._checked(account, access_token, claims.sub)
        return Session(
            account=account,
            access_token=access_token,
            issued_at=now,
            expires_at=self._ends(claims, now),
            metadata=metadata,
        )

    async def _checked(self, account: Account, access_token: Secret, subject: str) -> dict[str, str]:
        """What the profile adds to a session. It is optional where the token itself says whose it is."""
        name = ""
        try:
            profile = await self._client.profile(access_token)
        except OrdoError:
            if not subject:
                raise Unavailable(
                    ErrorCode.BROKER_ERROR,
                    f"HDFC gave a token that does not say whose it is, and no profile, so it may not be {account}'s. No"
                    " session was opened; start the login again.",
                    broker_id=self._adapter_id,
                ) from None
        else:
            name = profile.user_name
            if subject and profile.user_id != subject:
                raise self._refused(ErrorCode.INVALID_CREDENTIALS, "its token and its profile name two accounts")
            subject = profile.user_id
        if subject != account.account_id:
            raise self._refused(
                ErrorCode.INVALID_CREDENTIALS,
                f"it logged in another account than {account}; log in as that account's user",
            )
        return {"name": name} if name else {}

    def _ends(self, claims: Claims, now: datetime) -> datetime:
        try:
            ends = None if claims.exp is None else datetime.fromtimestamp(claims.exp, UTC)
        except (ValueError, OverflowError, OSError):
            ends = None
        ends = ends or now + timedelta(hours=self._config.session_hours)
        if ends <= now:
            raise self._refused(
                ErrorCode.INVALID_SESSION, "its token has already ended: see whether the clock is right"
            )
        return ends

    def _browser(self, account: Account, message: str | None = None) -> LoginChallenge:
        challenge = self._challenge(account, ChallengeKind.REDIRECT, ())
        return replace(challenge, login_url=self._client.login_url(), message=message)

    async def _ask_code(self, account: Account, attempt: _Attempt, message: str) -> LoginChallenge:
        return await self._remember(account, attempt, ChallengeKind.OTP, ("otp",), message)

    async def _remember(
        self, account: Account, attempt: _Attempt, kind: ChallengeKind, fields: tuple[str, ...], message: str
    ) -> LoginChallenge:
        challenge = self._challenge(account, kind, fields)
        await self._keep(challenge.challenge_id, replace(attempt, expires_at=challenge.expires_at))
        return replace(challenge, message=message)

    async def _keep(self, challenge_id: str, attempt: _Attempt) -> None:
        name, now = self._attempt_of(challenge_id), self._clock.now()
        await self._notes.keep(name, attempt.packed(), until=attempt.expires_at, now=now)

    def _attempt_of(self, challenge_id: str) -> str:
        return f"attempt {self._adapter_id} {challenge_id}"

    def _challenge(self, account: Account, kind: ChallengeKind, fields: tuple[str, ...]) -> LoginChallenge:
        return LoginChallenge(
            account=account,
            challenge_id=secrets.token_urlsafe(24),
            kind=kind,
            expires_at=self._clock.now() + _TO_ANSWER,
            fields=fields,
        )

    def _refused(self, code: ErrorCode, why: str) -> Refused:
        return Refused(code, f"HDFC: {why}. No session was opened.", broker_id=self._adapter_id)


def _terms(said: OtpAnswer) -> str:
    terms = said.terms_and_conditions
    clauses = () if terms is None else terms.content
    text = "\n\n".join(f"{clause.header}\n{clause.body}".strip() for clause in clauses) or "(HDFC sent no text)"
    return f"HDFC asks for consent to its terms. Answer yes, or no.\n\n{text}"


def _claims(token: Secret) -> Claims:
    """What the token says of itself; nothing, where it is no JWT. Its signature is for the broker to check."""
    parts = token.reveal().split(".")
    try:
        if len(parts) != _JWT_PARTS:
            return Claims()
        return Claims.model_validate(decoded(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))))
    except (ValueError, binascii.Error):
        return Claims()

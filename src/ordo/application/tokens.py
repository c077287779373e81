"""Making, revoking and recognising the tokens of the API."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from ordo.application.brokers import Brokers
from ordo.application.context import Context
from ordo.application.trail import Trail
from ordo.domain.audit import AuditKind
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.sessions import Secret
from ordo.domain.tokens import ApiToken, Grant, Realm, Scope, adapter_of
from ordo.ports.clock import Clock
from ordo.ports.tokens import TokenStore

_TEXT = re.compile(r"ordo_(?:paper|live)_(?P<id>[0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_ID_BYTES = 6
_SECRET_BYTES = 32
_PAPER = "paper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a token: the name of the token in trail and keys, and what it grants."""

    principal: str
    grant: Grant


class TokenService:
    """The tokens. A token's text is shown once, when it is made; what is kept can't be turned back into it."""

    def __init__(self, store: TokenStore, brokers: Brokers, clock: Clock, trail: Trail) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._kinds = {line.adapter_id: line.kind for line in brokers.lines}
        self._adapters = {realm: self._of(realm) for realm in Realm}

    async def make(
        self,
        *,
        scopes: frozenset[Scope],
        accounts: tuple[str, ...],
        name: str = "",
        expires_at: datetime | None = None,
        context: Context | None = None,
    ) -> tuple[ApiToken, Secret]:
        """A new token, and its text. Its accounts decide whether it is for paper or for real money; raises `Invalid`
        where they are of both kinds, or of no configured broker.
        """
        token_id = secrets.token_hex(_ID_BYTES)
        realm = self._realm(accounts)
        text = f"{realm.prefix}{token_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        token = ApiToken(
            token_id=token_id,
            digest=_digest(text),
            realm=realm,
            scopes=scopes,
            accounts=accounts,
            name=name,
            created_at=self._clock.now(),
            expires_at=expires_at,
        )
        self._write(AuditKind.TOKEN_MADE, token, context)
        if not await self._store.add(token):
            raise Invalid.field("token", "was not made: its id is taken; try again", code=ErrorCode.VALIDATION_ERROR)
        return token, Secret(text)

    async def all(self) -> tuple[ApiToken, ...]:
        """Every token that was ever made, the oldest first."""
        return await self._store.all()

    async def revoke(self, token_id: str, context: Context | None = None) -> ApiToken:
        """End a token; when this returns, no process that shares the store lets it in. Raises `Invalid`
        (`NOT_FOUND`).
        """
        token = await self._store.revoke(token_id, at=self._clock.now())
        if token is None:
            raise Invalid.field("token", "is no token's id; `ordo tokens list` shows them", code=ErrorCode.NOT_FOUND)
        self._write(AuditKind.TOKEN_REVOKED, token, context)
        return token

    async def holder(self, text: str) -> Holder:
        """Whose token this is; raises `Invalid` (`UNAUTHENTICATED`) for what is none, or none any more.

        It is read from the store each time: a token that is revoked is out with the next request.
        """
        form = _TEXT.fullmatch(text)
        token = None if form is None else await self._store.find(form["id"])
        if token is None or not hmac.compare_digest(token.digest, _digest(text)):
            raise _unauthenticated("it is no token of this gateway")
        if token.is_over(self._clock.now()):
            raise _unauthenticated("it was revoked" if token.revoked_at else f"it has expired on {token.expires_at}")
        return Holder(
            principal=f"token:{token.token_id}",
            grant=Grant(scopes=token.scopes, accounts=frozenset(token.accounts), adapters=self._adapters[token.realm]),
        )

    def _realm(self, accounts: tuple[str, ...]) -> Realm:
        adapters = {adapter_of(account) for account in accounts}
        unknown = sorted(adapters - self._kinds.keys())
        if unknown:
            raise Invalid.field(
                "account",
                f"no broker is configured as {', '.join(unknown)}; there are {', '.join(sorted(self._kinds))}",
                code=ErrorCode.UNKNOWN_ACCOUNT,
            )
        paper = {self._kinds[adapter] == _PAPER for adapter in adapters}
        if len(paper) > 1:
            raise Invalid.field(
                "account",
                "are of paper and of real brokers; make one token for each, so that neither is used in the other's"
                " place",
                code=ErrorCode.VALIDATION_ERROR,
            )
        return Realm.LIVE if paper == {False} else Realm.PAPER

    def _of(self, realm: Realm) -> frozenset[str]:
        return frozenset(name for name, kind in self._kinds.items() if (kind == _PAPER) is (realm is Realm.PAPER))

    def _write(self, kind: AuditKind, token: ApiToken, context: Context | None) -> None:
        facts = {
            "token_id": token.token_id,
            "name": token.name,
            "scopes": " ".join(sorted(token.scopes)),
            "accounts": " ".join(token.accounts),
            "expires_at": "never" if token.expires_at is None else token.expires_at.isoformat(),
        }
        self._trail.write(kind, context or Context(), facts=facts)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _unauthenticated(why: str) -> Invalid:
    return Invalid(
        ErrorCode.UNAUTHENTICATED,
        f"Nothing was done: the token in Authorization: Bearer <token> does not open this gateway: {why}. `ordo tokens"
        " new` makes one.",
    )

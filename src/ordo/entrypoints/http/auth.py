"""Who may come in: whoever has the token."""

from __future__ import annotations

import hmac
from hashlib import sha256

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from ordo.domain.errors import ErrorCode, Invalid
from ordo.entrypoints.http.contract import PUBLIC_OPTION


class BearerToken(ASGIMiddleware):
    """Lets a request through that has `Authorization: Bearer <token>`, or whose route says that it is public.

    Tokens are compared by their digests and in constant time, so that neither length nor content can be timed.
    """

    scopes: tuple[ScopeType, ...] = (ScopeType.HTTP,)
    exclude_opt_key: str | None = PUBLIC_OPTION

    def __init__(self, token: str) -> None:
        self._digest = sha256(token.encode()).digest()

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(given) != 1 or not self._admits(given[0]):
            raise Invalid(
                ErrorCode.UNAUTHENTICATED,
                "Nothing was done: this needs the header Authorization: Bearer <token>, with the token of this gateway"
                " (ORDO_TOKEN).",
            )
        await next_app(scope, receive, send)

    def _admits(self, header: bytes) -> bool:
        scheme, _, token = header.partition(b" ")
        known = hmac.compare_digest(sha256(token.strip()).digest(), self._digest)
        return known and scheme.lower() == b"bearer"

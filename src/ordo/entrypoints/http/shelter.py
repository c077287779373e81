"""What every answer tells a browser: to do nothing with it that was not meant."""

from __future__ import annotations

from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_SECURE: Final = (b"strict-transport-security", b"max-age=31536000")
_SHOWN: Final = b"Idempotency-Replayed, Location, Retry-After, X-Correlation-ID, X-Ordo-As-Of"
_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE"),
    (b"access-control-allow-headers", b"Authorization, Content-Type, Idempotency-Key, X-Correlation-ID"),
    (b"access-control-max-age", b"600"),
)


class Sheltered:
    """Adds the headers that keep browsers from guessing, framing and passing on. Pages of other origins may read
    answers only where their origin is named; there is no wildcard, and no cookie.
    """

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...]) -> None:
        self._app = app
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        origin = given.get(b"origin")
        more = list(_ALWAYS)
        if scope["scheme"] == "https":
            more.append(_SECURE)
        if self._origins:
            more.append((b"vary", b"Origin"))
        named = origin in self._origins
        if origin is not None and named:
            more += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _SHOWN)]

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(header for header in more if header[0] not in told)]
            await send(message)

        if named and scope["method"] == "OPTIONS" and b"access-control-request-method" in given:
            await answer({"type": "http.response.start", "status": 204, "headers": list(_PREFLIGHT)})
            await answer({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await self._app(scope, receive, answer)

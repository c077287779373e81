"""The outermost layer: every answer, whoever gives it, carries a correlation id."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ordo.application.context import new_correlation_id

HEADER: Final = b"x-correlation-id"
_STATE: Final = "correlation_id"
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,128}")


class Correlated:
    """Gives each request its correlation id: the caller's where it sent a sane one. Plain ASGI around Litestar, whose
    middleware does not run where there is no route. No answer may be kept by a cache.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        name = _wanted(scope) or new_correlation_id().encode()
        inner: dict[str, Any] = {**scope, "state": {**scope.get("state", {}), _STATE: name.decode()}}

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, name), (b"cache-control", b"no-store")]
            await send(message)

        await self._app(cast("Scope", inner), receive, answer)


def correlation_id(scope: Scope) -> str:
    """The correlation id of a request that came through `Correlated`."""
    return cast("str", scope["state"][_STATE])


def _wanted(scope: Scope) -> bytes | None:
    values = [value for name, value in scope["headers"] if name == HEADER]
    return values[0] if len(values) == 1 and _SANE.fullmatch(values[0]) else None

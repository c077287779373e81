"""`HEAD` and `OPTIONS`, the same for every address."""

from __future__ import annotations

from typing import Any, Final, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_NOBODYS: Final = "NOBODYS"
_NO_CONTENT: Final = 204
_NOT_ALLOWED: Final = 405


class Methods:
    """Answers `HEAD` as the `GET` would be, without the body, and `OPTIONS` with the methods that the address takes.

    Litestar's own `OPTIONS` knows only the first of several handlers. What it knows of all of them is told by the
    `Allow` of its 405, so it is asked with a method that no handler has.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["type"] == ScopeType.HTTP else None
        if method not in ("HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        asked: dict[str, Any] = {**scope, "method": "GET" if method == "HEAD" else _NOBODYS}
        empty = method == "HEAD"

        async def answer(message: Message) -> None:
            nonlocal empty
            if message["type"] == "http.response.start" and message["status"] == _NOT_ALLOWED and method == "OPTIONS":
                empty = True
                message["status"] = _NO_CONTENT
                message["headers"] = [header for header in message["headers"] if header[0] == b"allow"]
            elif message["type"] == "http.response.body" and empty:
                message["body"] = b""
            await send(message)

        await self._app(cast("Scope", asked), receive, answer)

"""The outermost layer: what holds for every request, and for every answer, whoever gives it."""

from __future__ import annotations

from typing import Any, Final, cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from ordo.application.context import new_correlation_id
from ordo.entrypoints.http import correlation, heads
from ordo.entrypoints.http.heads import Heads
from ordo.entrypoints.http.methods import ASKED_AS, Turned
from ordo.entrypoints.http.shelter import PREFLIGHT, Headers, Shelter, sheltered
from ordo.ports.meter import Meter

_NO_STORE: Final = (b"cache-control", b"no-store")


class Front:
    """Gives each request its correlation id, the caller's where it sent a sane one; answers `HEAD`, `OPTIONS` and the
    preflights of browsers; times each request by the operation that it asked for, and those that ask for nothing that
    is there together. Plain ASGI around Litestar, whose middleware does not run where there is no route. No answer may
    be kept by a cache.
    """

    def __init__(self, app: ASGIApp, meter: Meter, shelter: Shelter) -> None:
        self._app = app
        self._meter = meter
        self._shelter = shelter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        given, method = Heads(scope["headers"]), scope["method"]
        origin = given.last(b"origin")
        shelter = self._shelter.headers(scope["scheme"], origin)
        if (
            method == "OPTIONS"
            and given.last(b"access-control-request-method") is not None
            and self._shelter.admits(origin)
        ):
            await send({"type": "http.response.start", "status": 204, "headers": sheltered([*PREFLIGHT], shelter)})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        name = correlation.wanted(given) or new_correlation_id()
        scope["state"] = {**scope.get("state", {})}
        correlation.name(scope, name)
        heads.note(scope, given)
        turned = None
        if method in ASKED_AS:
            turned = Turned(method)
            scope = cast("HTTPScope", {**cast("dict[str, Any]", scope), "method": ASKED_AS[method]})
        answer = _Answer(send, turned, ((correlation.HEADER, name.encode()), _NO_STORE), shelter)
        watch = self._meter.request(name)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            operation = getattr(scope.get("route_handler"), "operation_id", None)
            watch.stop(str(operation or "none"), answer.status)


class _Answer:
    """The way of one answer to whoever asked."""

    __slots__ = ("_more", "_send", "_shelter", "_turned", "status")

    def __init__(self, send: Send, turned: Turned | None, more: Headers, shelter: Headers) -> None:
        self._send = send
        self._turned = turned
        self._more = more
        self._shelter = shelter
        self.status = "none"

    async def send(self, message: Message) -> None:
        turned = self._turned
        if message["type"] == "http.response.start":
            self.status = str(message["status"])
            if turned is not None:
                turned.turn(message)
            message["headers"] = sheltered([*message["headers"], *self._more], self._shelter)
        elif turned is not None:
            turned.turn(message)
        await self._send(message)

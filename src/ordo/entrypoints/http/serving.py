"""From the route that Litestar found straight to its handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

from litestar import Request
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from ordo.entrypoints.http.answers import NOTHING, Reply
from ordo.entrypoints.http.auth import Admission
from ordo.entrypoints.http.contract import PUBLIC_OPTION, contract_of
from ordo.entrypoints.http.failures import answer
from ordo.entrypoints.http.heads import heads_of
from ordo.entrypoints.http.query import refuse_unread
from ordo.entrypoints.http.reading import body_of, reader_of

_MOST_KNOWN: Final = 1024
_LONGEST_KNOWN: Final = 256
_FOUND: Final = ("app", "litestar_app", "path", "path_params", "path_template", "route_handler")


class Serving:
    """The one middleware, and the end of the way: it admits who asks, refuses a parameter that nobody reads, reads the
    body, calls the handler and sends its `Reply`. Litestar's own way is made for every signature and every answer; here
    a handler takes the `Call`, and `data` where its route `reads` a body, or nothing.
    """

    def __init__(self, admission: Admission, *, most: int) -> None:
        """`most` is the largest body in bytes."""
        self._admission = admission
        self._most = most
        self._ways: dict[HTTPRouteHandler, _Way] = {}
        self._known: dict[tuple[str, str, bytes], dict[str, Any]] = {}

    def __call__(self, app: ASGIApp) -> ASGIApp:  # noqa: ARG002  (Litestar's own way to the handler, not taken)
        return self._serve

    def before(self, app: ASGIApp) -> ASGIApp:
        """Litestar, asked once for the route of each method, path and host; what it found is served from then on
        without it.
        """

        async def straight(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            # Litestar turns down a host that can't be one, and looks at the first of several.
            asked = (scope["method"], scope["path"], heads_of(scope).only(b"host") or b"")
            known = self._known.get(asked)
            if known is None:
                await app(scope, receive, send)
                self._remember(asked, scope)
                return
            scope.update(cast("HTTPScope", known))
            try:
                reply = await self._reply(scope, receive, send)
            except Exception as error:  # noqa: BLE001  (whatever it is, it is told as every failure is)
                await answer(Request(scope, receive, send), error)(scope, receive, send)
                return
            await reply(scope, receive, send)

        return straight

    def _remember(self, asked: tuple[str, str, bytes], scope: HTTPScope) -> None:
        _, path, host = asked
        if host and len(path) + len(host) <= _LONGEST_KNOWN and "route_handler" in scope:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[asked] = {name: cast("dict[str, Any]", scope)[name] for name in _FOUND}

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._reply(scope, receive, send))(scope, receive, send)

    async def _reply(self, scope: Scope, receive: Receive, send: Send) -> Reply:
        handler: Any = scope["route_handler"]
        way = self._ways.get(handler)
        if way is None:
            way = self._ways[handler] = _Way(handler)
        if not way.is_public:
            await self._admission.admit(scope)
            if way.takes_no_query and (query := scope["query_string"]):
                refuse_unread(query)
        if way.read is not None:
            heads = heads_of(scope)
            data = way.read(await body_of(heads, receive, most=self._most), heads)
            reply = await way.handle(Request(scope, receive, send), data)
        elif way.takes_call:
            reply = await way.handle(Request(scope, receive, send))
        else:
            reply = await way.handle()
        return reply or NOTHING


class _Way:
    """What of a route is known before any request."""

    __slots__ = ("handle", "is_public", "read", "takes_call", "takes_no_query")

    def __init__(self, handler: HTTPRouteHandler) -> None:
        promise, takes = contract_of(handler), tuple(handler.parsed_fn_signature.parameters)
        self.read = reader_of(handler)
        known = (("request", "data"),) if self.read is not None else (("request",), ())
        if takes not in known or handler.resolve_guards() or handler.resolve_dependencies():
            raise TypeError(f"{handler} takes {takes}, guards or dependencies; here it would be given {known[0]} alone")
        self.handle: Callable[..., Awaitable[Reply | None]] = handler.fn
        self.takes_call = bool(takes)
        self.is_public = bool(handler.opt.get(PUBLIC_OPTION))
        self.takes_no_query = promise is not None and promise.query is None

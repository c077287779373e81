"""Every request is timed, and `/metrics` tells."""

from __future__ import annotations

from litestar import Router, get
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ordo.application.measures import Measures
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.correlation import correlation_id
from ordo.entrypoints.http.reading import Call, context
from ordo.ports.meter import Meter

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Metered:
    """Times requests by the operation that they asked for; those that ask for nothing that is there, together."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        watch = self._meter.request(correlation_id(scope))
        status = "none"

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            watch.stop(str(getattr(scope.get("route_handler"), "operation_id", None) or "none"), status)


def routes(measures: Measures) -> Router:
    """Not in the contract: its form is Prometheus's."""

    @get("/metrics", operation_id="getMetrics")
    async def metrics(request: Call) -> Reply:
        return Reply(await measures.exposition(context(request)), media_type=_TEXT)

    return Router("/", route_handlers=[metrics])

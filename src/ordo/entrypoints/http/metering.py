"""`/metrics` tells what was measured."""

from __future__ import annotations

from litestar import Router, get

from ordo.application.measures import Measures
from ordo.entrypoints.http.answers import Reply
from ordo.entrypoints.http.reading import Call, context

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def routes(measures: Measures) -> Router:
    """Not in the contract: its form is Prometheus's."""

    @get("/metrics", operation_id="getMetrics")
    async def metrics(request: Call) -> Reply:
        return Reply(await measures.exposition(context(request)), media_type=_TEXT)

    return Router("/", route_handlers=[metrics])

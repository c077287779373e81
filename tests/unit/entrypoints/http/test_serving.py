"""The way from the server to a handler: what it must leave alone, and what it must not overlook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from litestar import Litestar, Request, get
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from ordo.entrypoints.http.answers import NOTHING, Reply
from ordo.entrypoints.http.auth import Admission
from ordo.entrypoints.http.contract import PUBLIC
from ordo.entrypoints.http.reading import reads
from ordo.entrypoints.http.serving import Serving
from ordo.schemas.v1.safety import SetKillSwitch
from tests.unit.entrypoints.http.gateway_door import TOKEN, Door


def _scope(state: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = [(b"host", b"gateway"), (b"authorization", f"Bearer {TOKEN}".encode())]
    return {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/brokers",
        "raw_path": b"/api/v1/brokers",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("gateway", 80),
        "scheme": "http",
        "state": {} if state is None else state,
    }


async def _asked(app: Any, scope: dict[str, Any]) -> dict[bytes, bytes]:  # noqa: ANN401  (any ASGI application)
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    assert messages[0]["status"] == 200
    return dict(messages[0]["headers"])


async def test_what_a_server_hands_to_several_requests_is_left_as_it_was(door: Door) -> None:
    shared: dict[str, Any] = {"of": "the server"}
    names = {(await _asked(door.app, _scope(shared)))[b"x-correlation-id"] for _ in range(2)}
    assert len(names) == 2
    assert shared == {"of": "the server"}


async def _asks_for_more(request: Request[Any, Any, Any], scope: Scope) -> Reply:  # noqa: ARG001
    return NOTHING


async def _forgets_its_body(request: Request[Any, Any, Any]) -> Reply:  # noqa: ARG001
    return NOTHING


async def _guarded() -> Reply:
    return NOTHING


def _closed(_: ASGIConnection[Any, Any, Any, Any], __: BaseRouteHandler) -> None:
    raise AssertionError("nobody asks this guard")


@pytest.mark.parametrize(
    ("handler", "named"),
    [
        (_asks_for_more, {"opt": PUBLIC}),
        (_forgets_its_body, {"opt": PUBLIC | reads(SetKillSwitch)}),
        (_guarded, {"opt": PUBLIC, "guards": [_closed]}),
    ],
)
async def test_a_route_that_asks_for_what_it_would_not_get_is_never_served(
    handler: Callable[..., Any], named: dict[str, Any]
) -> None:
    seen: list[Exception] = []

    def heard(_: Request[Any, Any, Any], error: Exception) -> Any:  # noqa: ANN401  (never returns)
        seen.append(error)
        raise error

    app = Litestar(
        [get("/api/v1/brokers", **named)(handler)],
        middleware=[Serving(cast("Admission", None), most=1)],
        exception_handlers={Exception: heard},
        openapi_config=None,
        logging_config=None,
    )
    with pytest.raises(TypeError, match="would be given"):
        await _asked(app, _scope())
    assert [type(error) for error in seen] == [TypeError]

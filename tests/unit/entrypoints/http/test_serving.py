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
from ordo.entrypoints.http.serving import _FOUND, Serving
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


PREVIEW = "/api/v1/accounts/paper/DEMO/orders/preview"
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "/api/v1/brokers", {}),
    ("GET", "//api/v1/brokers/", {}),
    ("HEAD", "/api/v1/brokers", {}),
    ("OPTIONS", "/api/v1/brokers", {}),
    ("GET", "/api/v1/accounts/paper/DEMO/funds", {}),
    ("GET", "/api/v1/accounts/paper/nobody/funds", {}),
    ("GET", "/api/v1/accounts/paper/%20/funds", {}),
    ("GET", "/api/v1/brokers?more=1", {}),
    ("GET", "/api/v1/brokers", {"headers": {"Authorization": "Bearer wrong"}}),
    ("GET", "/api/v1/brokers", {"headers": {"Host": "<"}}),
    ("POST", "/api/v1/brokers", {}),
    ("GET", "/nothing", {}),
    ("POST", PREVIEW, {"json": {"instrument": "NSE:SBIN"}}),
    ("POST", PREVIEW, {"content": b"x" * 2_000_000}),
    ("POST", PREVIEW, {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
]


@pytest.mark.parametrize(("method", "path", "named"), ASKED)
async def test_a_route_that_is_known_answers_as_it_did_when_it_was_found(
    method: str, path: str, named: dict[str, Any], door: Door
) -> None:
    named = named | {"headers": {"X-Correlation-ID": "one"} | named.get("headers", {})}
    answers = [await door.http.request(method, path, **named) for _ in range(3)]
    told = [(one.status_code, sorted(one.headers.multi_items()), one.content) for one in answers]
    assert told[1:] == told[:1] * 2


async def test_a_known_route_says_nothing_of_a_host_that_can_not_be_one(door: Door) -> None:
    assert (await door.http.get("/api/v1/brokers")).status_code == 200
    scope = _scope()
    for hosts in (["<"], ["gateway", "<"], ["<", "gateway"]):
        scope = _scope() | {"headers": [*_scope()["headers"][1:], *((b"host", host.encode()) for host in hosts)]}
        statuses = [await _status(door.app, {**scope, "state": {}}) for _ in range(3)]
        assert statuses == [200 if hosts[0] == "gateway" else 400] * 3


async def _status(app: Any, scope: dict[str, Any]) -> int:  # noqa: ANN401  (any ASGI application)
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    await app(scope, receive, send)
    return statuses[0]


async def test_a_fault_of_ours_is_told_as_one_however_its_route_was_found(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr("ordo.entrypoints.http.v1.accounts.context", broken)
    answers = [await door.http.get("/api/v1/accounts/paper/DEMO/funds") for _ in range(2)]
    assert [one.status_code for one in answers] == [500, 500]
    assert {one.json()["error_code"] for one in answers} == {"INTERNAL_ERROR"}
    assert len([one for one in caplog.records if one.exc_info and one.exc_info[0] is ZeroDivisionError]) == 2


async def test_no_more_routes_are_known_than_have_room() -> None:
    serving = Serving(cast("Admission", None), most=1)
    for number in range(3000):
        serving._remember(("GET", f"/{number}", b"gateway"), cast("Any", dict.fromkeys(_FOUND, 0)))
        assert len(serving._known) <= 1024
    before = len(serving._known)
    serving._remember(("GET", "/" * 300, b"gateway"), cast("Any", dict.fromkeys(_FOUND, 0)))
    serving._remember(("GET", "/nothing", b"gateway"), cast("Any", {}))
    assert len(serving._known) == before

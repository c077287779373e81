"""What surrounds every route: the token, the correlation id, methods, and the failures that the framework finds."""

from __future__ import annotations

import gc
import json
import logging
from pathlib import Path
from typing import Never

import pytest

from ordo.container.root import container_for
from ordo.entrypoints.http.app import app_from_environment, create_app
from ordo.schemas.config.settings import ConfigurationError, Settings
from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, TOKEN, Door, alive

PUBLIC = ("/health", "/ready", "/schema", "/schema/openapi.json")
GUARDED = ("/api/v1/status", "/api/v1/brokers", "/api/v1/sessions", "/api/v1/kill-switch", ORDERS)


async def test_public_addresses_need_no_token(door: Door) -> None:
    for path in PUBLIC:
        assert (await door.http.get(path, headers={"Authorization": ""})).status_code == 200


WRONG_TOKENS = (
    "",
    TOKEN,
    "Bearer",
    "Bearer ",
    f"Basic {TOKEN}",
    f"Bearer {TOKEN}x",
    f"Bearer {TOKEN[:-1]}",
    f"Bearer {TOKEN.upper()}",
    f"Bearer {TOKEN} {TOKEN}",
    "Bearer \u00e9",
)


async def test_anything_but_the_token_is_turned_away(door: Door) -> None:
    del door.http.headers["Authorization"]
    for given in ([], *([(b"Authorization", header.encode("latin-1"))] for header in WRONG_TOKENS)):
        for path in GUARDED:
            answer = await door.http.get(path, headers=given)
            assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED"), given
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ordo"'
        order = await door.http.post(ORDERS, json=dict(BUY), headers=[*given, (b"Idempotency-Key", b"k")])
        assert (order.status_code, order.json()["details"]) == (401, {"outcome": "not_sent"})
    assert await door.intents() == ()


async def test_two_tokens_are_none(door: Door) -> None:
    twice = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")]
    del door.http.headers["Authorization"]
    assert (await door.http.get("/api/v1/status", headers=twice)).status_code == 401
    assert (await door.http.get("/api/v1/status", headers={"Authorization": f"bearer {TOKEN}"})).status_code == 200


async def test_a_token_is_never_told(door: Door) -> None:
    for path in (*PUBLIC, *GUARDED, "/nonsense"):
        assert TOKEN not in (await door.http.get(path)).text


async def test_every_answer_has_a_correlation_id_of_its_own(door: Door) -> None:
    answers = [await door.http.get(path) for path in ("/health", "/nonsense", "/api/v1/status", ORDERS, "/schema")]
    answers += [
        await door.http.put("/health"),
        await door.http.get("/api/v1/status", headers={"Authorization": ""}),
        await door.http.options("/api/v1/status"),
        await door.http.post(ORDERS, content=b"x" * 100_000),
    ]
    ids = {answer.headers["X-Correlation-ID"] for answer in answers}
    assert len(ids) == len(answers)
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in answers)


async def test_a_sane_correlation_id_is_kept_and_another_replaced(door: Door) -> None:
    for sane in ("a", "run-7.order_3", "x" * 128):
        answer = await door.http.get("/nonsense", headers={"X-Correlation-ID": sane})
        assert answer.headers["X-Correlation-ID"] == answer.json()["correlation_id"] == sane
    for insane in (b"", b"x" * 129, b"two words", b"<script>", "\u00e9".encode("latin-1")):
        answer = await door.http.get("/nonsense", headers=[(b"X-Correlation-ID", insane)])
        made = answer.headers["X-Correlation-ID"]
        assert len(made) == 32
        assert made == answer.json()["correlation_id"]
    two = await door.http.get("/health", headers=[("X-Correlation-ID", "a"), ("X-Correlation-ID", "b")])
    assert two.headers["X-Correlation-ID"] not in ("a", "b")


async def test_the_correlation_id_leads_to_the_audit_trail(door: Door) -> None:
    await door.http.post(ORDERS, json=dict(BUY), headers={"Idempotency-Key": "k", "X-Correlation-ID": "find-me"})
    kinds = [event.kind for event in door.audit.events if event.correlation_id == "find-me"]
    assert "order.placed" in kinds


async def test_what_is_not_there_is_404(door: Door) -> None:
    for path in (
        "/",
        "/nonsense",
        "/api",
        "/api/v1",
        "/api/v2/status",
        "/schema/nonsense",
        "/health/x",
        f"{ORDERS}/1/2",
    ):
        for method in ("GET", "POST", "DELETE"):
            answer = await door.http.request(method, path)
            assert answer.status_code == 404, path
            assert answer.json()["error_code"] == "NOT_FOUND"
            assert answer.json()["details"] == {}
            assert method in answer.json()["message"]


async def test_a_method_that_an_address_does_not_take_is_405_with_those_that_it_does(door: Door) -> None:
    for method, path, allow in (
        ("PUT", "/health", "GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/kill-switch", "GET, HEAD, OPTIONS, PUT"),
        ("PUT", ORDERS, "GET, HEAD, OPTIONS, POST"),
        ("HEAD", f"{ORDERS}/preview", "OPTIONS, POST"),
        ("TRACE", "/schema", "GET, HEAD, OPTIONS"),
        ("BREW", "/ready", "GET, HEAD, OPTIONS"),
    ):
        answer = await door.http.request(method, path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
        if method != "HEAD":
            assert answer.json()["error_code"] == "METHOD_NOT_ALLOWED"


async def test_head_is_get_without_the_body(door: Door) -> None:
    for path in ("/health", "/api/v1/brokers", "/schema", "/nonsense"):
        get, head = await door.http.get(path), await door.http.head(path)
        assert head.status_code == get.status_code
        assert head.content == b""
        for name in ("Content-Type", "Content-Length"):
            if path != "/nonsense":  # Its message names the method.
                assert head.headers[name] == get.headers[name]


async def test_options_tells_every_method_and_nothing_else(door: Door) -> None:
    for path, allow in (
        (ORDERS, "GET, HEAD, OPTIONS, POST"),
        (f"{ORDERS}/375000000000001", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/api/v1/kill-switch", "GET, HEAD, OPTIONS, PUT"),
    ):
        answer = await door.http.options(path)
        assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, allow, b"")
        assert "Content-Type" not in answer.headers
    assert (await door.http.options("/nonsense")).status_code == 404


async def test_an_unforeseen_failure_leaks_nothing_and_is_found_in_the_log(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> Never:
        raise ZeroDivisionError("a secret of the inside")

    door.broker.orders = broken  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        answer = await door.http.get(ORDERS, headers={"X-Correlation-ID": "find-me"})
    assert answer.status_code == 500
    assert answer.json()["error_code"] == "INTERNAL_ERROR"
    assert "secret" not in answer.text
    assert answer.json()["details"] == {}
    (record,) = [record for record in caplog.records if "find-me" in record.getMessage()]
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


async def test_an_unforeseen_failure_of_a_write_is_unknown_not_unsent(door: Door) -> None:
    async def broken(*_: object, **__: object) -> Never:
        raise ZeroDivisionError

    door.container.gateway().orders._once.run = broken  # type: ignore[method-assign]
    answer = await door.place()
    assert (answer.status_code, answer.json()["details"]) == (500, {"outcome": "unknown"})


async def test_a_host_that_is_none_is_a_clear_error(door: Door) -> None:
    answer = await door.http.get("/health", headers={"Host": "no host\x00"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "VALIDATION_ERROR")


async def test_the_garbage_collector_is_tuned_while_it_serves_and_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDO_TOKEN", TOKEN)
    before = gc.get_threshold()
    gc.disable()  # As `ordo serve` does, until the house stands.
    try:
        async with alive(app_from_environment()):
            assert gc.isenabled()
            assert gc.get_freeze_count() > 0
            assert gc.get_threshold() != before
    finally:
        gc.enable()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_a_gateway_without_a_token_does_not_start(tmp_path: Path) -> None:
    settings = Settings.model_validate({"database_url": f"sqlite+aiosqlite:///{tmp_path / 'ordo.db'}"})
    with pytest.raises(ConfigurationError, match="ORDO_TOKEN"):
        create_app(container_for(settings))


def test_the_environment_makes_an_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORDO_TOKEN", TOKEN)
    assert callable(app_from_environment())
    monkeypatch.setenv("ORDO_TOKEN", "")
    with pytest.raises(ConfigurationError):
        app_from_environment()


@pytest.mark.parametrize("query", ["foo=1", "instrument=NSE:SBIN&token=x", "=", "%00"])
async def test_a_query_parameter_that_nobody_reads_is_refused(door: Door, query: str) -> None:
    for method, path in (("GET", ORDERS), ("GET", "/api/v1/status"), ("DELETE", f"{ORDERS}/373000000000001")):
        answer = await door.http.request(method, f"{path}?{query}", headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()["error_code"]) == (400, "VALIDATION_ERROR")
    placed = await door.http.post(f"{ORDERS}?{query}", json=dict(BUY), headers={"Idempotency-Key": "k"})
    assert placed.status_code == 400
    assert (await door.http.get(ORDERS)).json() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json; charset=latin1"},
        {"Content-Type": "text/plain"},
    ],
)
async def test_a_body_in_another_form_is_refused(door: Door, headers: dict[str, str]) -> None:
    body = json.dumps(dict(BUY))
    answer = await door.http.post(ORDERS, content=body, headers=headers | {"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    plain = {"Content-Type": 'application/json; charset="UTF-8"', "Idempotency-Key": "k"}
    assert (await door.http.post(ORDERS, content=body, headers=plain)).status_code == 201

"""Bodies that no honest caller sends: a clear error each, the gateway lives, and nothing is stored."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, TOKEN, Door

HEADERS = {"Idempotency-Key": "k", "Content-Type": "application/json"}
GOOD = json.dumps(dict(BUY)).encode()

BODIES: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 400, "VALIDATION_ERROR"),
    "blank": (b"  \n", 400, "VALIDATION_ERROR"),
    "a megabyte": (b'{"instrument": "' + b"N" * 1_048_576 + b'"}', 413, "BODY_TOO_LARGE"),
    "just too large": (b" " * 65_537, 413, "BODY_TOO_LARGE"),
    "cut off": (GOOD[:-1], 400, "VALIDATION_ERROR"),
    "two documents": (GOOD + GOOD, 400, "VALIDATION_ERROR"),
    "no UTF-8": (b'{"instrument": "\xff\xfe"}', 400, "VALIDATION_ERROR"),
    "UTF-16": (json.dumps(dict(BUY)).encode("utf-16"), 400, "VALIDATION_ERROR"),
    "half a surrogate": (b'{"instrument": "\\ud800"}', 400, "VALIDATION_ERROR"),
    "a zero byte": (b'{"instrument": "NSE:SBIN\x00"}', 400, "VALIDATION_ERROR"),
    "an array": (b"[" + GOOD + b"]", 400, "VALIDATION_ERROR"),
    "a text": (b'"order"', 400, "VALIDATION_ERROR"),
    "null": (b"null", 400, "VALIDATION_ERROR"),
    "NaN": (GOOD.replace(b'"800.00"', b"NaN"), 400, "VALIDATION_ERROR"),
    "infinity": (GOOD.replace(b'"800.00"', b"-Infinity"), 400, "VALIDATION_ERROR"),
    "NaN as a quantity": (GOOD.replace(b": 10,", b": NaN,"), 400, "VALIDATION_ERROR"),
    "1e400": (GOOD.replace(b'"800.00"', b"1e400"), 400, "VALIDATION_ERROR"),
    "1e400 as a quantity": (GOOD.replace(b": 10,", b": 1e400,"), 400, "VALIDATION_ERROR"),
    "5,000 digits": (GOOD.replace(b": 10,", b": " + b"1" * 5_000 + b","), 400, "VALIDATION_ERROR"),
    "4,000 digits": (GOOD.replace(b": 10,", b": " + b"1" * 4_000 + b","), 422, "INVALID_ORDER"),
    "10,000 arrays deep": (b"[" * 10_000 + b"]" * 10_000, 400, "VALIDATION_ERROR"),
    "10,000 objects deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "VALIDATION_ERROR"),
    "deep in a field": (b'{"price": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400, "VALIDATION_ERROR"),
    "10,000 unknown fields": (
        json.dumps({**BUY, **{f"f{number}": 1 for number in range(5_000)}}).encode(),
        400,
        "VALIDATION_ERROR",
    ),
    "a name twice": (GOOD[:-1] + b', "quantity": 1000}', 400, "VALIDATION_ERROR"),
    "a name twice, disguised": (GOOD[:-1] + b', "quant\\u0069ty": 1000}', 400, "VALIDATION_ERROR"),
}


async def _lives(door: Door) -> None:
    assert await door.intents() == ()
    assert not door.broker.reached.is_set()
    assert (await door.place()).status_code == 201


async def test_a_body_that_is_no_order_is_a_clear_error(door: Door) -> None:
    for name, (body, status, code) in BODIES.items():
        answer = await door.http.post(ORDERS, content=body, headers=HEADERS)
        told = answer.json()
        assert (answer.status_code, told["error_code"]) == (status, code), name
        assert told["message"].startswith(("Nothing was done", "The order was not sent")), name
        assert told["details"]["outcome"] == "not_sent"
        assert len(answer.content) < 5_000, name
    await _lives(door)


async def test_a_body_that_comes_in_pieces_is_cut_off_too(door: Door) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1_024

    answer = await door.http.post(ORDERS, content=pieces(), headers=HEADERS)
    assert (answer.status_code, answer.json()["error_code"]) == (413, "BODY_TOO_LARGE")
    await _lives(door)


async def test_a_caller_that_leaves_amid_its_body_has_ordered_nothing(door: Door) -> None:
    coming: Iterator[Any] = iter(
        [{"type": "http.request", "body": GOOD[:20], "more_body": True}, {"type": "http.disconnect"}]
    )
    told: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401  (an ASGI message)
        return next(coming)

    async def send(message: Any) -> None:  # noqa: ANN401
        told.append(message)

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": ORDERS,
        "raw_path": ORDERS.encode(),
        "query_string": b"",
        "headers": [
            (b"authorization", f"Bearer {TOKEN}".encode()),
            (b"content-type", b"application/json"),
            (b"idempotency-key", b"k"),
        ],
        "client": None,
        "server": None,
    }
    await door.app(scope, receive, send)
    assert told[0]["status"] == 500
    await _lives(door)


async def test_a_body_of_another_type_is_415(door: Door) -> None:
    for media_type in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await door.http.post(ORDERS, content=GOOD, headers={**HEADERS, "Content-Type": media_type})
        assert (answer.status_code, answer.json()["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    untyped = await door.http.post(ORDERS, content=GOOD, headers={"Idempotency-Key": "k"})
    assert untyped.status_code == 415
    await _lives(door)


async def test_json_is_json_however_it_is_announced(door: Door) -> None:
    for media_type in ("application/json; charset=utf-8", "Application/JSON"):
        answer = await door.http.post(ORDERS, content=GOOD, headers={**HEADERS, "Content-Type": media_type})
        assert answer.status_code == 201


async def test_a_secret_in_a_wrong_place_is_not_repeated(door: Door) -> None:
    answer = await door.http.post(
        "/api/v1/sessions/asks/A1/login/answer",
        json={"challenge_id": "c", "answers": {"password": ["hunter-two"]}, "otp": "hunter-two"},
    )
    assert answer.status_code == 400
    assert b"hunter-two" not in answer.content
    assert [fault["field"] for fault in answer.json()["details"]["fields"]] == ["answers.password", "otp"]

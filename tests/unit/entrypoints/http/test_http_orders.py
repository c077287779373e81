"""Orders over HTTP: placed once, told the same way ever after, and never guessed at."""

from __future__ import annotations

import asyncio
from typing import Any

from ordo.domain.errors import ErrorCode, NotSent, Refused
from tests.unit.entrypoints.http.gateway_door import BUY, DEMO, ORDERS, RESTING, Door

ORDER_FIELDS = {
    "order_id",
    "broker_order_id",
    "account",
    "instrument",
    "side",
    "quantity",
    "order_type",
    "product",
    "price",
    "trigger_price",
    "validity",
    "disclosed_quantity",
    "after_market",
    "protection",
    "status",
    "pending_op",
    "filled_quantity",
    "average_price",
    "status_message",
    "sent_type",
    "sent_price",
    "created_at",
    "updated_at",
    "matched_by",
    "requested_type",
    "history",
    "metadata_json",
}


async def test_an_order_is_placed_and_told_with_every_field(door: Door) -> None:
    answer = await door.place()
    assert answer.status_code == 201
    order = answer.json()
    assert set(order) == ORDER_FIELDS
    assert order["account"] == "paper/DEMO"
    assert order["price"] == "800.00"
    assert order["average_price"] == "780.05"
    assert order["quantity"] == order["filled_quantity"] == 10
    assert order["status"] == "FILLED"
    assert order["matched_by"] == "answer"
    assert order["created_at"] == "2026-11-23T10:00:00+05:30"
    assert [step["status"] for step in order["history"]] == ["RECEIVED", "SUBMITTING", "FILLED"]
    assert answer.headers["Location"] == f"{ORDERS}/{order['order_id']}"
    assert "Idempotency-Replayed" not in answer.headers


async def test_a_replay_is_the_first_answer_byte_for_byte(door: Door) -> None:
    first = await door.place()
    again = await door.place()
    assert again.status_code == first.status_code == 201
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-Correlation-ID"] != first.headers["X-Correlation-ID"]
    assert len(await door.intents()) == 1


async def test_equal_bodies_are_one_order_however_they_are_written(door: Door) -> None:
    first = await door.place({**BUY, "validity": "DAY", "protection": "auto", "trigger_price": None})
    again = await door.place(dict(reversed(list(BUY.items()))))
    assert again.content == first.content


async def test_a_key_for_another_body_is_refused_with_the_order_that_holds_it(door: Door) -> None:
    first = (await door.place()).json()
    other = await door.place({**BUY, "quantity": 11})
    assert other.status_code == 422
    assert other.json()["error_code"] == "IDEMPOTENCY_KEY_REUSED"
    assert other.json()["details"]["outcome"] == "not_sent"
    assert other.json()["details"]["order"]["order_id"] == first["order_id"]


async def test_a_write_without_a_key_is_refused(door: Door) -> None:
    order = (await door.place(RESTING)).json()
    one = f"{ORDERS}/{order['order_id']}"
    for answer in (
        await door.http.post(ORDERS, json=BUY),
        await door.http.post(ORDERS, json=BUY, headers={"Idempotency-Key": "  "}),
        await door.http.patch(one, json={"quantity": 5}),
        await door.http.delete(one),
    ):
        assert answer.status_code == 400
        assert answer.json()["error_code"] == "IDEMPOTENCY_KEY_MISSING"
        assert answer.json()["details"]["outcome"] == "not_sent"
    assert len(await door.intents()) == 1


async def test_a_key_that_is_no_key_is_refused(door: Door) -> None:
    for key in (b"k" * 256, "schl\u00fcssel".encode("latin-1"), b"a\tb"):
        answer = await door.http.post(ORDERS, json=BUY, headers=[(b"Idempotency-Key", key)])
        assert answer.status_code == 400
        assert answer.json()["error_code"] == "VALIDATION_ERROR"
        assert answer.json()["details"]["fields"][0]["field"] == "Idempotency-Key"
    two = await door.http.post(ORDERS, json=BUY, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    assert two.status_code == 400
    assert await door.intents() == ()
    longest = await door.place(key="k" * 255)
    assert longest.status_code == 201


async def test_a_lost_reply_is_202_with_the_order_and_never_sent_twice(door: Door) -> None:
    door.broker.loses_replies = door.broker.hides_book = True
    lost = await door.place()
    assert lost.status_code == 202
    assert lost.json()["status"] == "UNKNOWN"
    assert set(lost.json()) == ORDER_FIELDS
    where = f"{ORDERS}/{lost.json()['order_id']}"
    assert lost.headers["Location"] == where

    again = await door.place()
    assert (again.status_code, again.json()["order_id"]) == (202, lost.json()["order_id"])

    door.broker.hides_book = False
    found = await door.place()
    assert found.status_code == 201
    assert found.json()["matched_by"] == "tag"
    assert found.json()["status"] == "FILLED"
    listed = await door.http.get(ORDERS)
    assert [order["order_id"] for order in listed.json()] == [lost.json()["order_id"]]


async def test_asking_for_an_unknown_order_looks_for_it(door: Door) -> None:
    door.broker.loses_replies = door.broker.hides_book = True
    where = (await door.place()).headers["Location"]
    assert (await door.http.get(where)).json()["status"] == "UNKNOWN"
    door.broker.hides_book = False
    assert (await door.http.get(where)).json()["status"] == "FILLED"


async def test_a_refusal_is_repeated_word_for_word_under_the_first_correlation_id(door: Door) -> None:
    door.broker.refusal = Refused(
        ErrorCode.INSUFFICIENT_FUNDS,
        "The broker refused the order: the account can't pay for it.",
        native_error="RMS: margin shortfall 1204.50",
    )
    first = await door.http.post(ORDERS, json=BUY, headers={"Idempotency-Key": "k", "X-Correlation-ID": "first"})
    door.broker.refusal = None
    again = await door.http.post(ORDERS, json=BUY, headers={"Idempotency-Key": "k", "X-Correlation-ID": "second"})
    assert first.status_code == again.status_code == 422
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-Correlation-ID"] == "second"
    told = again.json()
    assert told["error_code"] == "INSUFFICIENT_FUNDS"
    assert told["correlation_id"] == "first"
    assert told["details"]["broker_id"] == "paper"
    assert told["details"]["native_error"] == "RMS: margin shortfall 1204.50"
    assert told["details"]["outcome"] == "refused"
    assert told["details"]["order"]["status"] == "REJECTED"


async def test_what_was_never_sent_frees_its_key(door: Door) -> None:
    door.broker.refusal = NotSent(ErrorCode.BROKER_UNAVAILABLE, "The order was not sent: connection refused.")
    first = await door.place()
    assert first.status_code == 503
    assert first.json()["details"]["outcome"] == "not_sent"
    door.broker.refusal = None
    assert (await door.place()).status_code == 201


async def test_a_second_call_during_the_first_waits_its_turn(door: Door) -> None:
    door.broker.holds = asyncio.Event()
    first = asyncio.ensure_future(door.place())
    await door.broker.reached.wait()
    early = await door.place()
    assert early.status_code == 409
    assert early.json()["error_code"] == "IDEMPOTENCY_IN_FLIGHT"
    assert early.json()["details"]["retry_after_ms"] == 500
    assert early.json()["details"]["outcome"] == "unknown"
    assert early.headers["Retry-After"] == "1"
    door.broker.holds.set()
    told = await first
    assert (await door.place()).content == told.content


async def test_an_order_is_changed_and_cancelled(door: Door) -> None:
    order: dict[str, Any] = (await door.place(RESTING)).json()
    assert order["status"] == "OPEN"
    one = f"{ORDERS}/{order['order_id']}"

    changed = await door.http.patch(one, json={"quantity": 20, "price": "701.05"}, headers={"Idempotency-Key": "m"})
    assert changed.status_code == 200
    assert (changed.json()["quantity"], changed.json()["price"]) == (20, "701.05")
    again = await door.http.patch(one, json={"quantity": 20, "price": "701.05"}, headers={"Idempotency-Key": "m"})
    assert again.content == changed.content
    assert again.headers["Idempotency-Replayed"] == "true"

    cancelled = await door.http.delete(one, headers={"Idempotency-Key": "c"})
    assert cancelled.status_code == 200
    assert cancelled.json()["order_id"] == order["order_id"]
    assert (await door.http.get(one)).json()["status"] == "CANCELLED"

    late = await door.http.delete(one, headers={"Idempotency-Key": "c2"})
    assert late.status_code == 409
    assert late.json()["error_code"] == "ORDER_NOT_MODIFIABLE"
    assert late.json()["details"]["order"]["status"] == "CANCELLED"


async def test_a_change_that_changes_nothing_is_refused(door: Door) -> None:
    one = (await door.place(RESTING)).headers["Location"]
    for body in ({}, {"price": None}):
        answer = await door.http.patch(one, json=body, headers={"Idempotency-Key": "m"})
        assert answer.status_code == 422
        assert answer.json()["error_code"] == "INVALID_ORDER"


async def test_orders_are_listed_with_the_time_of_the_book(door: Door) -> None:
    first = (await door.place(key="1")).json()
    second = (await door.place(RESTING, key="2")).json()
    listed = await door.http.get(ORDERS)
    assert listed.status_code == 200
    assert [order["order_id"] for order in listed.json()] == [first["order_id"], second["order_id"]]
    assert listed.headers["X-Ordo-As-Of"] == "2026-11-23T10:00:00+05:30"
    one = await door.http.get(f"{ORDERS}/{first['order_id']}")
    assert one.json()["history"] == first["history"]


async def test_an_order_that_is_not_there_is_404(door: Door) -> None:
    for order_id in ("375000000000001", "1", "nonsense", "0" * 15):
        for answer in (
            await door.http.get(f"{ORDERS}/{order_id}"),
            await door.http.delete(f"{ORDERS}/{order_id}", headers={"Idempotency-Key": "k"}),
            await door.http.patch(f"{ORDERS}/{order_id}", json={"quantity": 1}, headers={"Idempotency-Key": "k"}),
        ):
            assert answer.status_code == 404
            assert answer.json()["error_code"] == "ORDER_NOT_FOUND"


async def test_a_preview_tells_every_check_and_keeps_nothing(door: Door) -> None:
    good = await door.http.post(f"{ORDERS}/preview", json=BUY)
    assert good.status_code == 200
    assert good.json()["would_send"] is True
    assert {check["name"] for check in good.json()["checks"]} >= {"kill_switch", "session", "lot", "tick"}
    bad = await door.http.post(f"{ORDERS}/preview", json={**BUY, "price": "800.03"})
    assert bad.status_code == 200
    assert bad.json()["would_send"] is False
    (failed,) = [check for check in bad.json()["checks"] if not check["passed"]]
    assert (failed["name"], failed["error_code"]) == ("tick", "INVALID_ORDER")
    assert failed["fields"] == [
        {
            "field": "price",
            "message": "must be a multiple of the tick 0.05; nearest: 800.00 and 800.05",
            "seen": "800.03",
        }
    ]
    assert await door.intents() == ()
    assert not door.broker.reached.is_set()


async def test_a_halt_stops_orders_and_lets_cancellations_pass(door: Door) -> None:
    one = (await door.place(RESTING)).headers["Location"]
    await door.http.put("/api/v1/kill-switch", json={"state": "HALTED", "reason": "testing"})
    halted = await door.place(key="2")
    assert halted.status_code == 403
    assert halted.json()["error_code"] == "KILL_SWITCH_ACTIVE"
    assert (await door.http.delete(one, headers={"Idempotency-Key": "c"})).status_code == 200


async def test_the_principal_is_the_owner_of_direct_use(door: Door) -> None:
    await door.place(key="shared")
    (intent,) = await door.intents()
    assert (intent.key.principal, intent.key.account, intent.key.key) == ("owner", DEMO, "shared")

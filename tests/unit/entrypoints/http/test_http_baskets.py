"""Baskets, the guard against slips, and the operator's word, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx2

from ordo.domain.audit import AuditKind
from tests.unit.entrypoints.http.gateway_door import BUY, ORDERS, RESTING, Door

_LEGS = [{"account": "paper/DEMO", **BUY}, {"account": "paper/DEMO", **RESTING}]


async def _basket(door: Door, *, key: str = "b", **changes: Any) -> httpx2.Response:  # noqa: ANN401  (any JSON)
    body = {"mode": "AT_ONCE", "legs": _LEGS} | changes
    return await door.http.post("/api/v1/baskets", json=body, headers={"Idempotency-Key": key})


async def test_a_basket_answers_200_with_each_leg_and_the_same_again(door: Door) -> None:
    first = await _basket(door)
    assert first.status_code == 200
    legs = first.json()["legs"]
    assert [(leg["account"], leg["outcome"], leg["error"]) for leg in legs] == [("paper/DEMO", "PLACED", None)] * 2
    assert [leg["order"]["price"] for leg in legs] == ["800.00", "700.00"]
    assert "Idempotency-Replayed" not in first.headers
    again = await _basket(door)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(await door.intents()) == 2


async def test_what_befalls_one_leg_is_told_in_it_and_answers_207(door: Door) -> None:
    nobody = {"account": "nobody/X", **BUY}
    answer = await _basket(door, legs=[nobody, _LEGS[0]], mode="IN_ORDER")
    assert answer.status_code == 207
    first, second = answer.json()["legs"]
    assert (first["outcome"], first["error"]["error_code"]) == ("NOT_SENT", "UNKNOWN_ACCOUNT")
    assert first["error"]["details"]["outcome"] == "not_sent"
    assert (second["outcome"], second["order"], second["error"]) == ("SKIPPED", None, None)
    assert await door.intents() == ()


async def test_a_basket_is_read_strictly(door: Door) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"mode": "LATER"},
        {"legs": []},
        {"legs": _LEGS * 11},
        {"legs": [{"account": "paper/DEMO"}]},
    )
    for changes in wrong:
        answer = await _basket(door, **changes)
        assert (answer.status_code, answer.json()["error_code"]) == (400, "VALIDATION_ERROR"), changes
    assert (await _basket(door, key="")).json()["error_code"] == "IDEMPOTENCY_KEY_MISSING"
    assert (await _basket(door)).status_code == 200
    assert (await _basket(door, legs=_LEGS[:1])).json()["error_code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_a_slip_is_refused_with_the_field_that_says_otherwise(door: Door) -> None:
    slip = {**BUY, "allow_duplicate": False}
    assert (await door.place(slip, key="one")).status_code == 201
    answer = await door.place(slip, key="two")
    told = answer.json()
    assert (answer.status_code, told["error_code"]) == (422, "RISK_LIMIT")
    assert [fault["field"] for fault in told["details"]["fields"]] == ["allow_duplicate"]
    assert told["details"]["outcome"] == "not_sent"
    assert (await door.place(BUY, key="two")).status_code == 201


async def test_an_operator_settles_an_order_that_nobody_can_find(door: Door) -> None:
    door.broker.loses_replies = door.broker.hides_book = True
    order_id = (await door.place()).json()["order_id"]
    url = f"{ORDERS}/{order_id}/resolve"
    for body in ({"finding": "MAYBE", "why": "asked"}, {"finding": "PLACED"}, {"finding": "PLACED", "why": ""}):
        assert (await door.http.post(url, json=body)).status_code == 400, body
    said = {"finding": "NOT_PLACED", "why": "asked the desk"}
    answer = await door.http.post(url, json=said)
    assert (answer.status_code, answer.json()["status"]) == (200, "NOT_PLACED")
    assert door.audit.events[-1].kind is AuditKind.ORDER_RESOLVED
    assert (await door.http.get("/api/v1/status")).json()["unknown_orders"] == []
    again = await door.http.post(url, json=said)
    assert (again.status_code, again.json()["error_code"]) == (409, "ORDER_NOT_MODIFIABLE")
    missing = await door.http.post(f"{ORDERS}/375000000000000/resolve", json=said)
    assert (missing.status_code, missing.json()["error_code"]) == (404, "ORDER_NOT_FOUND")

"""Order writes against a gateway that loses, delays and mangles answers: one key, and never a guess."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ordo.client import GatewayUnreachable, OrdoApiError, OrdoClient, OutcomeUnknown
from ordo.domain.orders import OrderStatus
from ordo.schemas.v1.orders import Order
from tests.support.orders import order_of
from tests.unit.client.conftest import Ask
from tests.unit.client.hostile_gateway import LOST, HostileGateway, answer

ORDER = Order.of(replace(order_of(), status=OrderStatus.OPEN, broker_order_id="B1"))
UNKNOWN = Order.of(replace(order_of(), status=OrderStatus.UNKNOWN))
PLACED = answer(201, ORDER.model_dump_json(), "X-Correlation-ID: c1")


def error(status: int, code: str, *headers: str, **details: object) -> bytes:
    document = {"error_code": code, "message": "so it is.", "details": details, "correlation_id": "c9"}
    return answer(status, json.dumps(document), *headers)


def place(ordo: OrdoClient) -> Order:
    return ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 10, limit="800.00")


def test_an_order_is_sent_as_api_v1_has_it(ask: Ask) -> None:
    with HostileGateway.serving(PLACED) as gateway:
        order = ask(gateway.url, place, token="t0ken")
    (seen,) = gateway.seen
    assert order == ORDER
    assert (seen.method, seen.target) == ("POST", "/api/v1/accounts/paper/DEMO/orders")
    assert seen.headers["authorization"] == "Bearer t0ken"
    assert json.loads(seen.body) == {
        "instrument": "NSE:SBIN",
        "side": "BUY",
        "quantity": 10,
        "order_type": "LIMIT",
        "product": "CNC",
        "price": "800.00",
    }


@pytest.mark.parametrize(
    "nothing_of_use",
    [
        pytest.param(LOST, id="lost"),
        pytest.param(answer(201, '{"order_id"', length=900), id="cut"),
        pytest.param(answer(502, "<html>Bad Gateway</html>"), id="proxy"),
        pytest.param(b"\x15\x03\x01\x00\x02", id="no HTTP"),
    ],
)
def test_a_lost_answer_is_asked_for_again_under_the_same_key(ask: Ask, nothing_of_use: bytes) -> None:
    with HostileGateway.serving(nothing_of_use, LOST, PLACED) as gateway:
        order = ask(gateway.url, place)
    assert order == ORDER
    assert len(gateway.keys) == 3
    assert len(set(gateway.keys)) == 1
    assert len({request.body for request in gateway.seen}) == 1


def test_a_gateway_that_does_not_come_back_leaves_the_outcome_unknown(ask: Ask) -> None:
    with HostileGateway.serving(LOST) as gateway, pytest.raises(OutcomeUnknown) as raised:
        ask(gateway.url, place, timeout=0.5)
    assert raised.value.order is None
    assert raised.value.key == gateway.keys[0]
    assert raised.value.key in raised.value.message


def test_a_gateway_that_never_answers_is_given_up_in_time(ask: Ask, mute: str) -> None:
    with pytest.raises(OutcomeUnknown):
        ask(mute, place, timeout=0.3)


def test_a_refused_connection_proves_that_nothing_was_sent(ask: Ask, nobody: str) -> None:
    with pytest.raises(GatewayUnreachable) as raised:
        ask(nobody, place)
    assert raised.value.details == {"outcome": "not_sent"}
    assert raised.value.status is None


def test_a_key_in_flight_is_waited_for(ask: Ask) -> None:
    busy = error(409, "IDEMPOTENCY_IN_FLIGHT", "Retry-After: 0", outcome="not_sent", retry_after_ms=1)
    with HostileGateway.serving(busy, busy, PLACED) as gateway:
        assert ask(gateway.url, place) == ORDER
    assert len(set(gateway.keys)) == 1
    assert len(gateway.keys) == 3


def test_a_key_in_flight_for_too_long_is_an_error(ask: Ask) -> None:
    busy = error(409, "IDEMPOTENCY_IN_FLIGHT", "Retry-After: 60")
    with HostileGateway.serving(busy) as gateway, pytest.raises(OrdoApiError) as raised:
        ask(gateway.url, place, timeout=5)
    assert raised.value.error_code == "IDEMPOTENCY_IN_FLIGHT"


def test_what_is_in_flight_for_too_long_is_told_as_unknown_and_not_as_unsent(ask: Ask) -> None:
    busy = error(409, "IDEMPOTENCY_IN_FLIGHT", "Retry-After: 60", outcome="unknown")
    with HostileGateway.serving(busy) as gateway, pytest.raises(OutcomeUnknown) as raised:
        ask(gateway.url, place, timeout=5)
    assert raised.value.details["outcome"] == "unknown"


def test_an_unknown_outcome_raises_with_the_order(ask: Ask) -> None:
    with (
        HostileGateway.serving(answer(202, UNKNOWN.model_dump_json(), "X-Correlation-ID: c2")) as gateway,
        pytest.raises(OutcomeUnknown) as raised,
    ):
        ask(gateway.url, place)
    assert raised.value.order == UNKNOWN
    assert raised.value.error_code == "OUTCOME_UNKNOWN"
    assert (raised.value.status, raised.value.correlation_id) == (202, "c2")


def test_an_unknown_outcome_may_be_asked_for(ask: Ask) -> None:
    with HostileGateway.serving(answer(202, UNKNOWN.model_dump_json())) as gateway:
        order = ask(
            gateway.url, lambda ordo: ordo.orders.cancel("paper/DEMO", ORDER.order_id, key="k", allow_unknown=True)
        )
    assert order == UNKNOWN


def test_a_refusal_tells_all_that_the_gateway_said(ask: Ask) -> None:
    refusal = error(422, "INSUFFICIENT_FUNDS", outcome="refused", native_error="RMS: margin", broker_id="paper")
    with HostileGateway.serving(refusal) as gateway, pytest.raises(OrdoApiError) as raised:
        ask(gateway.url, place)
    assert raised.value.error_code == "INSUFFICIENT_FUNDS"
    assert raised.value.message == "so it is."
    assert raised.value.details == {"outcome": "refused", "native_error": "RMS: margin", "broker_id": "paper"}
    assert (raised.value.correlation_id, raised.value.status) == ("c9", 422)
    assert len(gateway.seen) == 1


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "STORE_UNAVAILABLE", "TOO_MANY_REQUESTS"])
def test_what_is_said_before_the_key_is_looked_at_settles_no_earlier_try(ask: Ask, code: str) -> None:
    refusal = error(503, code, outcome="not_sent")
    with HostileGateway.serving(LOST, refusal) as gateway, pytest.raises(OutcomeUnknown):
        ask(gateway.url, place)
    with HostileGateway.serving(refusal) as gateway, pytest.raises(OrdoApiError) as raised:
        ask(gateway.url, place)
    assert raised.value.error_code == code


def test_a_refusal_after_a_lost_answer_is_a_refusal(ask: Ask) -> None:
    refusal = error(422, "ORDER_REJECTED", outcome="refused")
    with HostileGateway.serving(LOST, refusal) as gateway, pytest.raises(OrdoApiError) as raised:
        ask(gateway.url, place)
    assert raised.value.error_code == "ORDER_REJECTED"


def test_an_internal_error_of_a_write_is_an_unknown_outcome(ask: Ask) -> None:
    with HostileGateway.serving(error(500, "INTERNAL_ERROR")) as gateway, pytest.raises(OutcomeUnknown) as raised:
        ask(gateway.url, place)
    assert raised.value.correlation_id == "c9"


@pytest.mark.parametrize("told", [UNKNOWN.model_dump(mode="json"), {"order_id": 7}, None])
def test_an_error_whose_outcome_is_unknown_brings_its_order_if_it_can_be_read(ask: Ask, told: object) -> None:
    doubt = error(503, "STORE_UNAVAILABLE", outcome="unknown", order=told)
    with HostileGateway.serving(doubt) as gateway, pytest.raises(OutcomeUnknown) as raised:
        ask(gateway.url, place)
    assert raised.value.order == (UNKNOWN if told == UNKNOWN.model_dump(mode="json") else None)


def test_an_answer_that_is_no_order_is_an_unknown_outcome(ask: Ask) -> None:
    with HostileGateway.serving(answer(200, "<html>Welcome</html>")) as gateway, pytest.raises(OutcomeUnknown):
        ask(gateway.url, place)
    assert len(gateway.seen) == 1


def test_no_redirect_is_followed(ask: Ask) -> None:
    with HostileGateway.serving(PLACED) as other:
        moved = answer(307, "", f"Location: {other.url}/api/v1/accounts/paper/DEMO/orders")
        with HostileGateway.serving(moved) as gateway, pytest.raises(OutcomeUnknown):
            ask(gateway.url, place)
        assert other.seen == []


def test_somebody_else_at_the_address_is_named(ask: Ask) -> None:
    with HostileGateway.serving(answer(404, "no such page")) as gateway, pytest.raises(OrdoApiError) as raised:
        ask(gateway.url, place)
    assert (raised.value.error_code, raised.value.status) == ("NOT_ORDO", 404)


def test_each_call_has_a_key_of_its_own_unless_it_is_given_one(ask: Ask) -> None:
    with HostileGateway.serving(PLACED, PLACED, PLACED) as gateway:
        ask(gateway.url, place)
        ask(gateway.url, place)
        ask(gateway.url, lambda ordo: ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, key="mine 1"))
    assert len(set(gateway.keys)) == 3
    assert gateway.keys[2] == "mine 1"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {"order_type": "MARKET"}),
        ({"limit": Decimal("8E+2")}, {"order_type": "LIMIT", "price": "800"}),
        ({"trigger": 801}, {"order_type": "SL-M", "trigger_price": "801"}),
        ({"limit": "800.05", "trigger": "801.10"}, {"order_type": "SL", "price": "800.05", "trigger_price": "801.10"}),
        ({"product": "MIS", "validity": "IOC"}, {"order_type": "MARKET", "product": "MIS", "validity": "IOC"}),
        ({"after_market": True, "disclosed_quantity": 5, "protection": "1.5"}, {"order_type": "MARKET"}),
    ],
)
def test_limit_and_trigger_make_the_order_type(ask: Ask, given: dict[str, Any], sent: dict[str, Any]) -> None:
    with HostileGateway.serving(PLACED) as gateway:
        ask(gateway.url, lambda ordo: ordo.orders.place("paper/DEMO", "NSE:SBIN", "SELL", 10, **given))
    rest = {name: given[name] for name in given if name in ("after_market", "disclosed_quantity", "protection")}
    assert json.loads(gateway.seen[0].body) == {
        "instrument": "NSE:SBIN",
        "side": "SELL",
        "quantity": 10,
        "product": "CNC",
        **sent,
        **rest,
    }


def test_a_derivative_is_carried_forward_unless_told_otherwise(ask: Ask) -> None:
    with HostileGateway.serving(PLACED) as gateway:
        ask(gateway.url, lambda ordo: ordo.orders.place("paper/DEMO", "NFO:NIFTY:20261229:FUT", "BUY", 65))
    assert json.loads(gateway.seen[0].body)["product"] == "NRML"


@pytest.mark.parametrize("name", ["limit", "trigger"])
@pytest.mark.parametrize("price", [800.1, True])
def test_a_price_that_is_not_exact_is_refused(ask: Ask, nobody: str, name: str, price: object) -> None:
    with pytest.raises(TypeError, match=f"{name} is the .* Nothing was sent"):
        ask(nobody, lambda ordo: ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, **{name: price}))  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["", " k", "k ", "k\r\nX-Evil: 1", "k" * 256, "schlüssel"])
def test_a_key_that_http_would_change_is_refused(ask: Ask, nobody: str, key: str) -> None:
    with pytest.raises(OrdoApiError, match="1 to 255 printable"):
        ask(nobody, lambda ordo: ordo.orders.place("paper/DEMO", "NSE:SBIN", "BUY", 1, key=key))


@pytest.mark.parametrize("account", ["DEMO", "paper/", "/DEMO", "paper/DEMO/x"])
def test_an_account_has_two_parts(ask: Ask, nobody: str, account: str) -> None:
    with pytest.raises(OrdoApiError) as raised:
        ask(nobody, lambda ordo: ordo.orders.place(account, "NSE:SBIN", "BUY", 1))
    assert raised.value.error_code == "UNKNOWN_ACCOUNT"


def test_a_change_says_only_what_changes(ask: Ask) -> None:
    with HostileGateway.serving(answer(200, ORDER.model_dump_json())) as gateway:
        changed = ask(gateway.url, lambda ordo: ordo.orders.modify("paper/DEMO", ORDER.order_id, limit="801.00"))
    (seen,) = gateway.seen
    assert changed == ORDER
    assert (seen.method, seen.target) == ("PATCH", f"/api/v1/accounts/paper/DEMO/orders/{ORDER.order_id}")
    assert json.loads(seen.body) == {"price": "801.00"}
    assert seen.headers["idempotency-key"]


def test_a_cancellation_has_a_key_and_no_body(ask: Ask) -> None:
    with HostileGateway.serving(answer(200, ORDER.model_dump_json())) as gateway:
        ask(gateway.url, lambda ordo: ordo.orders.cancel("paper/DEMO", ORDER.order_id))
    (seen,) = gateway.seen
    assert (seen.method, seen.body) == ("DELETE", b"")
    assert seen.headers["idempotency-key"]

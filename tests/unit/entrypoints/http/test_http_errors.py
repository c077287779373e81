"""The one table of failures, against a second reading of the public contract."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from ordo.domain.errors import ErrorCode, InFlight, Invalid, OutcomeUnknown, Refused, Unavailable
from ordo.entrypoints.http.errors import ROWS, answer_to
from tests.support.orders import order_of

PUBLISHED = {
    400: "VALIDATION_ERROR IDEMPOTENCY_KEY_MISSING",
    401: "UNAUTHENTICATED INVALID_SESSION INVALID_CREDENTIALS INVALID_OTP",
    403: "PERMISSION_DENIED IP_NOT_ALLOWED KILL_SWITCH_ACTIVE",
    404: "NOT_FOUND UNKNOWN_ACCOUNT ORDER_NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "IDEMPOTENCY_IN_FLIGHT ORDER_NOT_MODIFIABLE OPERATION_PENDING",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: (
        "IDEMPOTENCY_KEY_REUSED INVALID_INSTRUMENT INVALID_ORDER UNSUPPORTED INSUFFICIENT_FUNDS INSUFFICIENT_HOLDINGS"
        " RISK_LIMIT MARKET_CLOSED ORDER_REJECTED"
    ),
    429: "RATE_LIMITED ORDER_BUDGET TOO_MANY_REQUESTS",
    500: "INTERNAL_ERROR",
    502: "BROKER_ERROR",
    503: "BROKER_UNAVAILABLE CIRCUIT_OPEN STORE_UNAVAILABLE",
    504: "BROKER_TIMEOUT",
    202: "OUTCOME_UNKNOWN",
}


def test_every_code_has_its_published_status() -> None:
    published = {code: status for status, codes in PUBLISHED.items() for code in codes.split()}
    assert {str(code): row.status for code, row in ROWS.items()} == published
    assert set(ROWS) == set(ErrorCode)


@pytest.mark.parametrize("code", [code for code in ErrorCode if code is not ErrorCode.OUTCOME_UNKNOWN])
def test_every_code_can_be_told(code: ErrorCode) -> None:
    answer = answer_to(Unavailable(code, "It does not serve."), correlation_id="c", order_write=True)
    assert answer.status_code == ROWS[code].status
    assert json.loads(answer.content) == {
        "error_code": code,
        "message": "It does not serve.",
        "details": {"outcome": "not_sent"},
        "correlation_id": "c",
    }


def test_details_hold_what_applies_and_nothing_else() -> None:
    error = Refused(
        ErrorCode.RATE_LIMITED,
        "Too many.",
        broker_id="fyers",
        native_error="429",
        retry_after_ms=1_500,
        order=order_of(),
    )
    answer = answer_to(error, correlation_id="c", order_write=True)
    details = json.loads(answer.content)["details"]
    assert details.pop("order")["order_id"] == "375000000000001"
    assert details == {
        "broker_id": "fyers",
        "native_error": "429",
        "outcome": "refused",
        "retry_after_ms": 1_500,
    }
    assert answer.headers["Retry-After"] == "2"
    read = answer_to(error, correlation_id="c", order_write=False)
    assert "outcome" not in json.loads(read.content)["details"]


@pytest.mark.parametrize(("milliseconds", "seconds"), [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2")])
def test_a_wait_is_told_in_whole_seconds(milliseconds: int, seconds: str) -> None:
    error = InFlight("Wait.", retry_after_ms=milliseconds)
    assert answer_to(error, correlation_id="c", order_write=True).headers["Retry-After"] == seconds


def test_an_unknown_outcome_is_told_with_the_order() -> None:
    answer = answer_to(OutcomeUnknown("Lost.", order=order_of()), correlation_id="c", order_write=True)
    assert answer.status_code == 202
    assert answer.headers["Location"] == "/api/v1/accounts/scripted/XA1/orders/375000000000001"
    assert json.loads(answer.content)["order_id"] == "375000000000001"


def test_an_unknown_outcome_without_an_order_is_still_no_failure() -> None:
    answer = answer_to(OutcomeUnknown("Lost."), correlation_id="c", order_write=True)
    assert answer.status_code == 202
    assert json.loads(answer.content)["details"]["outcome"] == "unknown"


def test_what_a_caller_sent_is_repeated_shortened() -> None:
    error = Invalid.field("f" * 500, "is too long", seen=Decimal("1" * 500))
    (fault,) = json.loads(answer_to(error, correlation_id="c", order_write=False).content)["details"]["fields"]
    assert fault == {"field": "f" * 100 + "…", "message": "is too long", "seen": "1" * 100 + "…"}

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from ordo.domain.errors import (
    ErrorCode,
    FieldFault,
    Invalid,
    NotSent,
    OrdoError,
    Outcome,
    Refused,
    Unavailable,
)
from ordo.domain.idempotency import Failure, Intent, IntentKey, IntentState, Operation
from tests.support.clock import MONDAY_MORNING
from tests.support.orders import ACCOUNT, OTHER, order_of


def _key(key: str = "k") -> IntentKey:
    return IntentKey(principal="owner", account=ACCOUNT, route="PLACE", key=key)


@pytest.mark.parametrize("text", ["a", " ", "~", "a" * 255, "rebalance 2026-11-23 #1"])
def test_a_key_is_any_printable_text(text: str) -> None:
    assert _key(text).key == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ErrorCode.IDEMPOTENCY_KEY_MISSING),
        ("a" * 256, ErrorCode.VALIDATION_ERROR),
        ("a\n", ErrorCode.VALIDATION_ERROR),
        ("\x7f", ErrorCode.VALIDATION_ERROR),
        ("é", ErrorCode.VALIDATION_ERROR),
        ("\x00", ErrorCode.VALIDATION_ERROR),
    ],
)
def test_no_other_text_is_a_key_and_none_is_repeated(text: str, code: ErrorCode) -> None:
    with pytest.raises(Invalid) as refusal:
        _key(text)
    assert refusal.value.code is code
    assert [fault.field for fault in refusal.value.fields] == ["Idempotency-Key"]
    assert text not in refusal.value.message or not text


def test_no_two_scopes_share_a_name() -> None:
    scopes = [
        IntentKey(principal=principal, account=account, route=route, key=key)
        for principal, account, route, key in product(
            ["a", "a\nb", "b"], [ACCOUNT, OTHER], ["PLACE", "CANCEL 375000000000001"], ["k", "l"]
        )
    ]
    assert len({str(scope) for scope in scopes}) == len(set(scopes)) == 24


@pytest.mark.parametrize("error", [Refused, Unavailable, NotSent])
def test_a_failure_is_told_again_as_it_was_told_first(error: type[OrdoError]) -> None:
    first = error(
        ErrorCode.INSUFFICIENT_FUNDS,
        "The broker refused.",
        fields=(FieldFault(field="quantity", message="too many"),),
        native_error="RMS:margin",
    )
    again = Failure.of(first).error(order_of(), "first-call")
    assert again.outcome is first.outcome
    assert isinstance(again, Refused) == (first.outcome is Outcome.REFUSED)
    assert (again.code, again.message, again.fields, again.native_error) == (
        first.code,
        first.message,
        first.fields,
        first.native_error,
    )
    assert (again.broker_id, again.order, again.correlation_id) == (ACCOUNT.adapter_id, order_of(), "first-call")


def test_only_what_is_done_or_failed_is_settled() -> None:
    assert {state for state in IntentState if state.is_settled} == {IntentState.DONE, IntentState.FAILED}


def test_an_intent_is_about_its_order() -> None:
    intent = Intent(
        key=_key(),
        operation=Operation.PLACE,
        fingerprint="0",
        order=order_of(),
        state=IntentState.OPEN,
        correlation_id="c",
        owner="g",
        created_at=MONDAY_MORNING,
        expires_at=MONDAY_MORNING + timedelta(days=7),
    )
    assert intent.order_id == order_of().order_id
    assert replace(intent, state=IntentState.DONE) != intent

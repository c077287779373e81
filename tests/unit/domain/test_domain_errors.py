from __future__ import annotations

import re

import pytest

from ordo.domain import errors
from ordo.domain.errors import (
    ErrorCode,
    FieldFault,
    InFlight,
    Invalid,
    NotSent,
    OrdoError,
    Outcome,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsendable,
    Unsupported,
    before_sending,
)
from tests.support.orders import order_of

_PARENTS: dict[type[OrdoError], tuple[type[Exception], ...]] = {
    Invalid: (OrdoError, ValueError),
    Unsendable: (Invalid,),
    Unsupported: (Unsendable,),
    InFlight: (Invalid,),
    Refused: (OrdoError,),
    Unavailable: (OrdoError,),
    NotSent: (Unavailable,),
    Unreadable: (Unavailable, ValueError),
    OutcomeUnknown: (OrdoError,),
}


def test_the_tree_is_the_one_that_the_module_prints() -> None:
    defined = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, OrdoError)}
    assert defined == {OrdoError, *_PARENTS}
    for error, parents in _PARENTS.items():
        assert error.__bases__ == parents
    assert set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) == {error.__name__ for error in _PARENTS}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Invalid(ErrorCode.INVALID_ORDER, "m"), Outcome.NOT_SENT),
        (Unsupported("m", field="product", seen="CNC"), Outcome.NOT_SENT),
        (InFlight("m", retry_after_ms=5), Outcome.UNKNOWN),
        (Refused(ErrorCode.ORDER_REJECTED, "m"), Outcome.REFUSED),
        (Unavailable(ErrorCode.STORE_UNAVAILABLE, "m"), Outcome.NOT_SENT),
        (NotSent(ErrorCode.BROKER_UNAVAILABLE, "m"), Outcome.NOT_SENT),
        (OutcomeUnknown("m"), Outcome.UNKNOWN),
    ],
)
def test_each_group_says_what_is_known(error: OrdoError, outcome: Outcome) -> None:
    assert error.outcome is outcome
    assert str(error) == error.message == "m"
    assert (error.correlation_id, error.replayed) == (None, False)


def test_an_unknown_outcome_carries_the_order() -> None:
    error = OutcomeUnknown("m", broker_id="b", native_error="n", order=order_of())
    assert (error.code, error.broker_id, error.native_error, error.order) == (
        ErrorCode.OUTCOME_UNKNOWN,
        "b",
        "n",
        order_of(),
    )


def test_a_call_in_flight_says_when_to_ask_again() -> None:
    error = InFlight("m", retry_after_ms=500)
    assert (error.code, error.retry_after_ms) == (ErrorCode.IDEMPOTENCY_IN_FLIGHT, 500)


def test_a_faulty_field_is_named_with_what_was_seen() -> None:
    error = Invalid.field("price", "is too high", seen=5)
    assert error.code is ErrorCode.INVALID_ORDER
    assert error.fields == (FieldFault(field="price", message="is too high", seen="5"),)
    assert error.message == "price: is too high"
    assert Invalid.field("price", "is missing").fields[0].seen is None
    assert Invalid.field("account", "x", code=ErrorCode.UNKNOWN_ACCOUNT).code is ErrorCode.UNKNOWN_ACCOUNT


def test_what_is_not_offered_is_named_too() -> None:
    error = Unsupported("m", field="validity", seen="IOC", broker_id="b")
    assert error.fields == (FieldFault(field="validity", message="m", seen="IOC"),)
    assert (error.code, error.broker_id) == (ErrorCode.UNSUPPORTED, "b")


def test_the_brokers_nonsense_is_a_broker_error() -> None:
    error = Unreadable("no id")
    assert error.code is ErrorCode.BROKER_ERROR
    assert "no id" in error.message


def test_before_sending_every_failure_proves_that_nothing_was_sent() -> None:
    away = Unavailable(ErrorCode.BROKER_UNAVAILABLE, "the host has no address", broker_id="fyers")
    with pytest.raises(NotSent, match="no address") as failure, before_sending():
        raise away
    assert (failure.value.code, failure.value.broker_id) == (ErrorCode.BROKER_UNAVAILABLE, "fyers")
    with pytest.raises(Unsendable, match="odd"), before_sending():
        raise Invalid.field("price", "is odd", seen=3)

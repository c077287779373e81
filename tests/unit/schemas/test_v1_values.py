"""Values over the wire and back: nothing is lost, nothing is guessed, and no secret is shown."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ordo.domain import orders as domain
from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.instruments import InstrumentKey
from ordo.domain.sessions import LoginAnswer as DomainAnswer
from ordo.domain.sessions import Secret
from ordo.schemas.v1.fields import CASH_KEY, DERIVATIVE_KEY, INDEX_KEY, money_text, time_text
from ordo.schemas.v1.market import Instrument
from ordo.schemas.v1.orders import MODIFY_EXAMPLE, PLACE_EXAMPLES, ModifyOrder, Order, PlaceOrder
from ordo.schemas.v1.sessions import LoginAnswer
from tests.support.orders import keys, order_of, orders, share, terms

WRITTEN = Decimal("999999999.9999")
"""The greatest price that a request can hold."""

OTHERS: list[Any] = ["", "LIMIT", "SL", "MARKET", "NSE:SBIN", "IOC", "5", 5, 0, True, None, [], {}]

SCHEMA = jsonschema_rs.validator_for(PlaceOrder.model_json_schema())
MODIFY_SCHEMA = jsonschema_rs.validator_for(ModifyOrder.model_json_schema())


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_money_is_written_plainly_and_exactly(value: Decimal) -> None:
    text = money_text(value)
    assert re.fullmatch(r"-?[0-9]+\.[0-9]{2,}", text)
    assert Decimal(text) == value
    assert not re.fullmatch(r"-0\.0+", text)
    assert not re.fullmatch(r".*\.[0-9]{2,}0", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [("800", "800.00"), ("800.5", "800.50"), ("0.0025", "0.0025"), ("-0.00", "0.00"), ("1E+3", "1000.00")],
)
def test_money_has_at_least_two_decimals(value: str, text: str) -> None:
    assert money_text(Decimal(value)) == text


def test_times_are_indian() -> None:
    assert time_text(datetime(2026, 11, 23, 20, 0, tzinfo=UTC)) == "2026-11-24T01:30:00+05:30"


@given(orders())
def test_an_order_is_shown_and_read_again(order: domain.Order) -> None:
    view = Order.of(order)
    text = view.model_dump_json()
    again = Order.model_validate_json(text)
    assert again.model_dump_json() == text
    shown = json.loads(text)
    assert shown["account"] == str(order.account)
    assert shown["created_at"].endswith("+05:30")
    assert shown["average_price"] is None or Decimal(shown["average_price"]) == order.average_price


def test_a_reader_ignores_fields_that_it_does_not_know() -> None:
    shown = json.loads(Order.of(order_of()).model_dump_json())
    assert Order.model_validate_json(json.dumps({**shown, "of_tomorrow": 1})) == Order.of(order_of())


def test_an_instrument_is_shown_and_read_again() -> None:
    view = Instrument.of(share())
    assert Instrument.model_validate_json(view.model_dump_json()) == view


def _writable(order: domain.PlaceOrder) -> bool:
    within = all(price is None or price <= WRITTEN for price in (order.price, order.trigger_price))
    return within and (order.instrument.expiry is None or 2000 <= order.instrument.expiry.year <= 2099)


@given(terms().filter(_writable))
def test_every_order_of_the_domain_can_be_asked_for(order: domain.PlaceOrder) -> None:
    text = PlaceOrder(**{name: getattr(order, name) for name in PlaceOrder.model_fields}).model_dump_json()
    assert PlaceOrder.model_validate_json(text).to_domain() == order
    assert list(SCHEMA.iter_errors(json.loads(text))) == []


@given(terms().filter(_writable), st.data())
def test_what_the_schema_forbids_is_refused(order: domain.PlaceOrder, data: st.DataObject) -> None:
    asked: dict[str, Any] = json.loads(
        PlaceOrder(**{name: getattr(order, name) for name in PlaceOrder.model_fields}).model_dump_json()
    )
    field = data.draw(st.sampled_from(sorted(asked)))
    asked[field] = data.draw(st.sampled_from(OTHERS))
    if SCHEMA.is_valid(asked):
        return
    with pytest.raises((Invalid, ValidationError)):
        PlaceOrder.model_validate_json(json.dumps(asked)).to_domain()


def test_the_examples_fit() -> None:
    for example in PLACE_EXAMPLES.values():
        assert SCHEMA.is_valid(example)
        PlaceOrder.model_validate_json(json.dumps(example)).to_domain()
    assert MODIFY_SCHEMA.is_valid(MODIFY_EXAMPLE)
    assert not MODIFY_SCHEMA.is_valid({})
    assert not MODIFY_SCHEMA.is_valid({"price": None})


@given(keys().filter(lambda key: key.expiry is None or 2000 <= key.expiry.year <= 2099))
def test_every_key_fits_its_pattern(key: InstrumentKey) -> None:
    assert sum(bool(re.search(pattern, str(key))) for pattern in (CASH_KEY, DERIVATIVE_KEY, INDEX_KEY)) == 1


@given(st.from_regex(CASH_KEY, fullmatch=True) | st.from_regex(INDEX_KEY, fullmatch=True))
def test_what_fits_a_pattern_is_a_key(text: str) -> None:
    # `$` also stands before a line's end in Python; in JSON Schema it does not.
    if not text.endswith("\n"):
        assert str(InstrumentKey.parse(text)) == text


@given(st.from_regex(DERIVATIVE_KEY, fullmatch=True))
def test_what_fits_the_pattern_of_derivatives_is_a_key_on_days_that_exist(text: str) -> None:
    try:
        assert str(InstrumentKey.parse(text.rstrip("\n"))) == text.rstrip("\n")
    except Invalid as error:
        assert "expiry" in error.message  # noqa: PT017  (only then is a refusal right)


def test_the_domain_s_own_word_comes_through() -> None:
    asked = PlaceOrder.model_validate_json(json.dumps({**PLACE_EXAMPLES["limit"], "quantity": 0}))
    with pytest.raises(Invalid) as error:
        asked.to_domain()
    assert error.value.code is ErrorCode.INVALID_ORDER
    assert [fault.field for fault in error.value.fields] == ["quantity"]


def test_a_password_is_shown_nowhere() -> None:
    asked = LoginAnswer.model_validate_json('{"challenge_id": "c", "answers": {"password": "hunter-two"}}')
    assert "hunter-two" not in f"{asked!r} {asked} {asked.model_dump()}"
    assert asked.to_domain() == DomainAnswer(challenge_id="c", answers={"password": Secret("hunter-two")})
    with pytest.raises(ValidationError) as error:
        LoginAnswer.model_validate_json('{"challenge_id": 1, "answers": {"password": ["hunter-two"]}}')
    assert "hunter-two" not in str(error.value)

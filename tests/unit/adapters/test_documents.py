from __future__ import annotations

import json
from dataclasses import fields, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ordo.adapters.documents import CHANGE, FAILURE, METADATA, ORDER
from ordo.domain.errors import ErrorCode, Unavailable
from ordo.domain.idempotency import Failure
from ordo.domain.orders import ModifyOrder, Order
from tests.contract.strategies import changes, failures, orders, texts
from tests.contract.values import order


@given(order=orders())
def test_an_order_reads_back_equal_to_the_last_digit(order: Order) -> None:
    found = ORDER.load(ORDER.dump(order))
    assert found == order
    for item in fields(Order):
        before, after = getattr(order, item.name), getattr(found, item.name)
        if isinstance(before, Decimal):
            assert before.as_tuple() == after.as_tuple()
    assert found.created_at.utcoffset() == order.created_at.utcoffset()


@given(order=orders())
def test_an_order_is_written_as_pydantic_would_write_it(order: Order) -> None:
    written = ORDER.dump(order)
    assert written == TypeAdapter(Order).dump_json(order, exclude={"replayed"}).decode()
    # What was written before, with other spaces and every field that there is, reads the same.
    assert ORDER.load(json.dumps(json.loads(TypeAdapter(Order).dump_json(order)), indent=1)) == order


def test_a_value_that_no_order_holds_is_not_written_as_its_name() -> None:
    with pytest.raises(Unavailable):
        ORDER.dump(replace(order(), metadata={"canary": object()}))  # type: ignore[dict-item]


@given(change=changes)
def test_a_modification_reads_back_equal(change: ModifyOrder) -> None:
    assert CHANGE.load(CHANGE.dump(change)) == change


@given(failure=failures)
def test_a_failure_reads_back_equal(failure: Failure) -> None:
    assert FAILURE.load(FAILURE.dump(failure)) == failure


@given(metadata=st.dictionaries(texts, texts))
def test_metadata_reads_back_equal(metadata: dict[str, str]) -> None:
    assert METADATA.load(METADATA.dump(metadata)) == metadata


def test_prices_are_strings_times_have_offsets_and_the_mark_of_a_replay_is_left_out() -> None:
    written = json.loads(ORDER.dump(replace(order(), replayed=True)))
    assert written["price"] == "800.50"
    assert written["created_at"] == "2026-11-23T04:15:00.123457Z"
    assert "replayed" not in written
    assert ORDER.load(ORDER.dump(replace(order(), replayed=True))).replayed is False


def test_a_field_that_came_later_takes_its_default() -> None:
    written = json.loads(ORDER.dump(order()))
    del written["matched_by"]
    assert ORDER.load(json.dumps(written)) == order()


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("status", "CANARY", "status (enum)"),
        ("quantity", -1, "(value_error)"),
        ("price", "CANARY", "price (decimal_parsing)"),
        ("created_at", "2026-11-23T04:15:00", "(value_error)"),
    ],
)
def test_what_is_no_order_is_loud_and_not_repeated(name: str, value: object, fault: str) -> None:
    written = json.loads(ORDER.dump(order()))
    written[name] = value
    with pytest.raises(Unavailable) as caught:
        ORDER.load(json.dumps(written))
    assert caught.value.code is ErrorCode.STORE_UNAVAILABLE
    assert fault in caught.value.message
    assert "CANARY" not in caught.value.message


def test_cut_text_is_loud() -> None:
    with pytest.raises(Unavailable, match="A stored order can't be read: text"):
        ORDER.load(ORDER.dump(order())[:-1])


def test_text_that_is_not_unicode_is_refused_before_anything_is_written() -> None:
    with pytest.raises(Unavailable, match="not valid Unicode"):
        ORDER.dump(replace(order(), status_message="\ud800"))

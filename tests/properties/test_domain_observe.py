from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import event, given, reject
from hypothesis import strategies as st

from ordo.domain.book import BrokerOrder, observe
from ordo.domain.errors import Invalid
from ordo.domain.orders import MatchedBy, ModifyOrder, Order, OrderStatus, Validity
from tests.support.clock import MONDAY_MORNING
from tests.support.machine import TABLE, TERMINAL
from tests.support.orders import orders, rows

_FIRST = MONDAY_MORNING + timedelta(seconds=1)
_SECOND = MONDAY_MORNING + timedelta(seconds=2)


def _seen(order: Order, row: BrokerOrder, *, again: bool = False) -> Order:
    return observe(order, row, at=_SECOND if again else _FIRST, matched_by=MatchedBy.TAG)


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[Order, BrokerOrder]:
    order = draw(orders())
    return order, draw(rows(order))


@given(pair=_pairs())
def test_a_second_look_at_the_same_row_changes_nothing(pair: tuple[Order, BrokerOrder]) -> None:
    once = _seen(*pair)
    assert _seen(once, pair[1], again=True) is once


@given(order=orders(), data=st.data())
def test_no_sequence_of_rows_breaks_what_always_holds(order: Order, data: st.DataObject) -> None:
    for row in data.draw(st.lists(rows(order), max_size=6)):
        after = _seen(order, row)
        assert replace(after) == after
        assert after.filled_quantity >= order.filled_quantity
        assert (after.status is OrderStatus.FILLED) == (after.filled_quantity == after.quantity)
        assert after.history[: len(order.history)] == order.history
        news = after.history[len(order.history) :]
        moved = (after.status, after.filled_quantity) != (order.status, order.filled_quantity)
        assert len(news) == 1 if moved else len(news) <= 1
        if after.status != order.status and after.status not in TABLE[order.status]:
            event(f"{order.status} to {after.status}, marked")
            assert news[-1].anomaly
        if order.status in TERMINAL and after.filled_quantity > order.filled_quantity:
            assert news[-1].anomaly
        if news:
            assert (news[-1].status, news[-1].filled_quantity) == (after.status, after.filled_quantity)
        if after.status.is_terminal:
            assert after.pending_op is None
        assert after.matched_by is not None
        assert after.broker_order_id == row.broker_order_id
        order = after


@given(order=orders(), data=st.data())
def test_a_row_that_is_behind_in_fills_does_not_touch_the_average(order: Order, data: st.DataObject) -> None:
    row = data.draw(rows(order).filter(lambda row: row.filled_quantity < order.filled_quantity))
    assert _seen(order, row).average_price == order.average_price


@given(pair=_pairs())
def test_an_unknown_word_never_ends_an_order(pair: tuple[Order, BrokerOrder]) -> None:
    order, row = pair[0], replace(pair[1], status=None)
    after = _seen(order, row)
    if order.status not in TERMINAL and after.filled_quantity < after.quantity:
        assert after.status not in TERMINAL
    assert any(step.anomaly and row.raw_status in (step.message or "") for step in after.history)


@given(pair=_pairs())
def test_what_the_broker_contradicts_itself_in_is_marked(pair: tuple[Order, BrokerOrder]) -> None:
    order, row = pair
    if (row.status is OrderStatus.FILLED) != (row.filled_quantity == row.quantity):
        assert any(step.anomaly for step in _seen(order, row).history)


@given(order=orders(), other=orders(), data=st.data())
def test_an_order_takes_any_terms_that_another_moment_of_it_allowed(
    order: Order, other: Order, data: st.DataObject
) -> None:
    change = ModifyOrder(
        quantity=data.draw(st.integers(1, 8)),
        validity=data.draw(st.sampled_from(Validity)),
        price=data.draw(st.sampled_from([Decimal(799), Decimal(800)])),
    )
    try:
        terms = change.applied_to(order)
    except Invalid:
        reject()
    after = other.with_terms(terms)
    assert (after.price, after.validity) == (terms.price, terms.validity)
    assert (after.status, after.filled_quantity) == (other.status, other.filled_quantity)
    assert (
        after.quantity == terms.quantity
        or terms.quantity <= other.filled_quantity
        or after.status is OrderStatus.FILLED
    )

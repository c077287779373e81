from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from ordo.domain.book import BookIndex, BrokerOrder, Snapshot, observe, shows
from ordo.domain.errors import ErrorCode, Invalid, Unreadable
from ordo.domain.orders import MatchedBy, ModifyOrder, Order, OrderStatus, OrderType, PendingOp, Validity
from tests.support.clock import MONDAY_MORNING
from tests.support.orders import BUY_TEN, SBIN, order_of, row_of

S = OrderStatus
_LATER = MONDAY_MORNING + timedelta(seconds=1)


def _standing(status: OrderStatus, *, filled: int = 0, broker_order_id: str | None = "B1") -> Order:
    return replace(
        order_of(),
        status=status,
        filled_quantity=filled,
        average_price=Decimal("800.00") if filled else None,
        broker_order_id=broker_order_id,
        matched_by=None if broker_order_id is None else MatchedBy.ANSWER,
    )


def _seen(order: Order, row: BrokerOrder) -> Order:
    return observe(order, row, at=_LATER, matched_by=MatchedBy.TAG)


def test_a_lost_order_takes_up_what_its_row_shows() -> None:
    lost = order_of().moved(S.UNKNOWN, at=MONDAY_MORNING)
    found = _seen(lost, row_of(lost, S.PARTIALLY_FILLED, filled=4))
    assert (found.status, found.filled_quantity, found.average_price) == (S.PARTIALLY_FILLED, 4, Decimal("800.00"))
    assert (found.broker_order_id, found.matched_by) == ("B1", MatchedBy.TAG)
    assert (found.sent_type, found.sent_price) == (OrderType.LIMIT, Decimal("800.00"))
    assert found.updated_at == _LATER
    assert [(step.status, step.anomaly) for step in found.history[1:]] == [(S.PARTIALLY_FILLED, False)]


def test_what_was_said_while_nobody_knew_is_not_said_of_the_order_that_was_found() -> None:
    lost = order_of().moved(S.UNKNOWN, at=MONDAY_MORNING, message="the connection broke")
    assert _seen(lost, row_of(lost)).status_message is None
    assert _seen(lost, replace(row_of(lost), message="RMS")).status_message == "RMS"


@pytest.mark.parametrize("word", [S.ACKNOWLEDGED, S.SCHEDULED, S.OPEN, S.TRIGGER_PENDING, S.PARTIALLY_FILLED])
def test_whatever_a_row_is_called_what_is_filled_in_part_is_partially_filled(word: OrderStatus) -> None:
    order = _standing(S.ACKNOWLEDGED)
    assert _seen(order, row_of(order, word, filled=3)).status is S.PARTIALLY_FILLED


def test_how_an_order_was_matched_first_stays() -> None:
    assert _seen(_standing(S.ACKNOWLEDGED), row_of(order_of())).matched_by is MatchedBy.ANSWER


@pytest.mark.parametrize("behind", [S.ACKNOWLEDGED, S.SCHEDULED, S.OPEN])
def test_a_row_that_is_behind_is_ignored(behind: OrderStatus) -> None:
    order = _standing(S.PARTIALLY_FILLED, filled=5)
    after = _seen(order, replace(row_of(order, behind, filled=3), average_price=Decimal(799)))
    assert (after.status, after.filled_quantity, after.average_price) == (S.PARTIALLY_FILLED, 5, Decimal("800.00"))
    assert after.history == ()


@pytest.mark.parametrize("end", [S.CANCELLED, S.EXPIRED, S.REJECTED])
def test_no_row_that_is_behind_wakes_an_order_from_its_end(end: OrderStatus) -> None:
    order = _standing(end)
    assert _seen(order, row_of(order, S.OPEN)).status is end
    assert _seen(order, row_of(order, S.OPEN)).history == ()


@pytest.mark.parametrize("held_for", [S.NOT_PLACED, S.REJECTED, S.DENIED])
def test_a_late_appearance_reopens_the_order_and_is_marked(held_for: OrderStatus) -> None:
    order = _standing(held_for, broker_order_id=None)
    after = _seen(order, row_of(order, S.OPEN))
    assert (after.status, after.broker_order_id) == (S.OPEN, "B1")
    assert [step.anomaly for step in after.history] == [True]
    assert str(held_for) in (after.history[-1].message or "")


def test_a_rejection_that_the_book_shows_too_is_nothing_new() -> None:
    order = _standing(S.REJECTED, broker_order_id=None)
    after = _seen(order, row_of(order, S.REJECTED))
    assert (after.status, after.broker_order_id, after.history) == (S.REJECTED, "B1", ())


def test_a_late_fill_after_the_end_is_believed_and_marked() -> None:
    order = _standing(S.CANCELLED, filled=3)
    more = _seen(order, row_of(order, S.CANCELLED, filled=5))
    assert (more.status, more.filled_quantity, more.history[-1].anomaly) == (S.CANCELLED, 5, True)
    everything = _seen(order, row_of(order, S.FILLED, filled=10))
    assert (everything.status, everything.filled_quantity, everything.history[-1].anomaly) == (S.FILLED, 10, True)


def test_more_filled_than_ordered_is_capped_and_marked() -> None:
    order = _standing(S.OPEN)
    after = _seen(order, row_of(order, S.FILLED, filled=12))
    assert (after.status, after.filled_quantity, after.history[-1].anomaly) == (S.FILLED, 10, True)
    assert "12 of 10" in (after.history[-1].message or "")


@pytest.mark.parametrize(
    ("status", "filled", "believed"),
    [(S.FILLED, 0, S.OPEN), (S.FILLED, 4, S.PARTIALLY_FILLED), (S.OPEN, 10, S.FILLED), (S.CANCELLED, 10, S.FILLED)],
)
def test_of_a_status_and_a_count_that_contradict_each_other_the_count_is_believed(
    status: OrderStatus, filled: int, believed: OrderStatus
) -> None:
    order = _standing(S.OPEN)
    after = _seen(order, row_of(order, status, filled=filled))
    assert (after.status, after.history[-1].anomaly) == (believed, True)


@pytest.mark.parametrize(
    ("before", "after"), [(S.SUBMITTING, S.ACKNOWLEDGED), (S.OPEN, S.OPEN), (S.TRIGGER_PENDING, S.TRIGGER_PENDING)]
)
def test_an_unknown_word_keeps_the_order_alive_and_is_marked_once(before: OrderStatus, after: OrderStatus) -> None:
    order = _standing(before)
    seen = _seen(order, row_of(order, None))
    assert seen.status is after
    assert [step.anomaly for step in seen.history] == [True]
    assert "no word of ours" in (seen.history[-1].message or "")
    assert _seen(seen, row_of(order, None)) is seen


@pytest.mark.parametrize(("word", "believed"), [(S.OPEN, S.PARTIALLY_FILLED), (S.CANCELLED, S.CANCELLED)])
def test_a_filled_order_whose_quantity_was_raised_lives_on_at_once(word: OrderStatus, believed: OrderStatus) -> None:
    order = _standing(S.FILLED, filled=10)
    row = row_of(order, word, filled=10, quantity=20)
    after = _seen(order, row)
    assert (after.status, after.quantity, after.history[-1].anomaly) == (believed, 20, True)
    assert _seen(after, row) is after


def test_a_quantity_that_was_lowered_drops_a_disclosed_quantity_that_no_longer_fits() -> None:
    order = replace(_standing(S.OPEN), disclosed_quantity=6)
    assert _seen(order, row_of(order, quantity=6)).disclosed_quantity == 6
    assert _seen(order, row_of(order, quantity=5)).disclosed_quantity is None


def test_an_operation_is_pending_until_the_end() -> None:
    order = replace(_standing(S.OPEN), pending_op=PendingOp.CANCEL)
    assert _seen(order, row_of(order, S.OPEN)).pending_op is PendingOp.CANCEL
    assert _seen(order, row_of(order, S.CANCELLED)).pending_op is None


def test_a_row_without_news_leaves_the_very_same_order() -> None:
    order = _seen(_standing(S.OPEN), row_of(order_of(), S.OPEN))
    assert _seen(order, row_of(order_of(), S.OPEN)) is order


def test_a_message_comes_along_and_stays() -> None:
    order = _seen(_standing(S.OPEN), replace(row_of(order_of(), S.REJECTED), message="RMS: margin"))
    assert (order.status_message, order.history[-1].message) == ("RMS: margin", "RMS: margin")
    assert _seen(order, row_of(order, S.REJECTED)).status_message == "RMS: margin"


@pytest.mark.parametrize(
    "broken",
    [
        {"broker_order_id": ""},
        {"quantity": 0},
        {"quantity": 1_000_000_001},
        {"filled_quantity": -1},
        {"price": Decimal("NaN")},
        {"trigger_price": Decimal("Infinity")},
        {"average_price": Decimal("sNaN")},
        {"status": S.UNKNOWN},
        {"status": S.NOT_PLACED},
        {"placed_at": datetime(2026, 11, 23)},  # noqa: DTZ001  (naive on purpose)
        {"updated_at": datetime(2026, 11, 23)},  # noqa: DTZ001
    ],
)
def test_a_row_without_sense_makes_the_book_unreadable_and_is_never_a_proof_of_anything(
    broken: dict[str, object],
) -> None:
    with pytest.raises(Unreadable) as failure:
        replace(row_of(order_of()), **broken)  # type: ignore[arg-type]
    assert failure.value.code is ErrorCode.BROKER_ERROR
    # Where a write's answer holds such a row, `Invalid` would say that nothing was sent.
    assert not isinstance(failure.value, Invalid)


def test_rows_are_found_by_the_brokers_id_before_the_tag() -> None:
    order = _standing(S.OPEN)
    own, twin = row_of(order), row_of(order, broker_order_id="B2")
    index = BookIndex.of(Snapshot(as_of=MONDAY_MORNING, items=(own, twin)))
    assert index.row(order) is own
    assert index.row(replace(order, broker_order_id="B2")) is twin
    assert index.row(replace(order, broker_order_id=None)) is own
    assert index.row(replace(order, broker_order_id="B3")) is own
    assert index.row(order_of(order_id="375000000000002")) is None


def test_rows_without_a_tag_are_no_orders_of_ours() -> None:
    row = replace(row_of(order_of()), tag=None)
    index = BookIndex.of(Snapshot(as_of=MONDAY_MORNING, items=(row,)))
    assert index.row(order_of()) is None


@pytest.mark.parametrize(
    ("change", "there"),
    [
        (ModifyOrder(quantity=10), True),
        (ModifyOrder(quantity=11), False),
        (ModifyOrder(price=Decimal(800)), True),
        (ModifyOrder(price=Decimal(801)), False),
        (ModifyOrder(order_type=OrderType.LIMIT), True),
        (ModifyOrder(order_type=OrderType.MARKET), False),
        (ModifyOrder(trigger_price=Decimal(1)), False),
        (ModifyOrder(validity=Validity.DAY, quantity=10), True),
        (ModifyOrder(validity=Validity.IOC, quantity=10), False),
    ],
)
def test_a_row_shows_a_change_when_all_that_was_asked_for_stands(change: ModifyOrder, *, there: bool) -> None:
    assert shows(row_of(order_of()), change) is there


def test_an_order_takes_new_terms_and_forgets_what_was_sent_before() -> None:
    order = replace(_standing(S.PARTIALLY_FILLED, filled=3), sent_type=OrderType.LIMIT, sent_price=Decimal(800))
    stop = replace(
        BUY_TEN, quantity=20, order_type=OrderType.STOP_LIMIT, price=Decimal(802), trigger_price=Decimal(801)
    )
    after = order.with_terms(stop)
    assert (after.quantity, after.order_type, after.price, after.trigger_price) == (
        20,
        OrderType.STOP_LIMIT,
        Decimal(802),
        Decimal(801),
    )
    assert (after.sent_type, after.sent_price) == (None, None)
    assert (after.filled_quantity, after.status, after.instrument) == (3, S.PARTIALLY_FILLED, SBIN)


def test_new_terms_never_take_back_what_is_filled() -> None:
    order = _standing(S.PARTIALLY_FILLED, filled=6)
    assert order.with_terms(replace(BUY_TEN, quantity=6)).quantity == 10
    assert order.with_terms(replace(BUY_TEN, quantity=7)).quantity == 7


def test_an_order_at_its_end_had_the_terms_that_the_broker_took_last() -> None:
    dearer = replace(BUY_TEN, quantity=20, price=Decimal(801))
    cancelled = _standing(S.CANCELLED, filled=3).with_terms(dearer)
    assert (cancelled.status, cancelled.quantity, cancelled.price) == (S.CANCELLED, 20, Decimal(801))
    filled = _standing(S.FILLED, filled=10).with_terms(dearer)
    assert (filled.status, filled.quantity, filled.price) == (S.FILLED, 10, Decimal(801))


def test_new_terms_that_do_not_fit_leave_no_disclosed_quantity_that_would_not() -> None:
    disclosing = replace(BUY_TEN, quantity=20, disclosed_quantity=15)
    assert _standing(S.FILLED, filled=10).with_terms(disclosing).disclosed_quantity is None
    assert _standing(S.OPEN).with_terms(disclosing).disclosed_quantity == 15

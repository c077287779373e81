from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordo.domain.accounts import Account
from ordo.domain.copying import replace
from ordo.domain.errors import Invalid
from ordo.domain.idempotency import IntentKey
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import (
    LEGAL,
    MatchedBy,
    Order,
    OrderEvent,
    OrderStatus,
    OrderTerms,
    OrderType,
    PendingOp,
    Product,
    Side,
    Validity,
)
from tests.support.clock import MONDAY_MORNING
from tests.support.orders import ACCOUNT, BUY_TEN, NIFTY, NIFTY_CALL, OTHER, order_of, orders

_NAIVE = datetime(2026, 11, 23, 9, 15)  # noqa: DTZ001  (what must be refused)
_money = st.sampled_from([None, Decimal(799), Decimal("800.05"), Decimal(0), Decimal("NaN"), Decimal("0.00001")])
_times = st.sampled_from([MONDAY_MORNING, MONDAY_MORNING + timedelta(seconds=1), _NAIVE])
_VALUES: dict[str, st.SearchStrategy[object]] = {
    "instrument": st.sampled_from([BUY_TEN.instrument, NIFTY, NIFTY_CALL]),
    "side": st.sampled_from(Side),
    "quantity": st.sampled_from([-1, 0, 1, 3, 6, 1_000_000_001]),
    "order_type": st.sampled_from(OrderType),
    "product": st.sampled_from(Product),
    "price": _money,
    "trigger_price": _money,
    "validity": st.sampled_from(Validity),
    "disclosed_quantity": st.sampled_from([None, 0, 1, 7]),
    "after_market": st.booleans(),
    "protection": st.sampled_from(["auto", "none", Decimal(5), Decimal(0)]),
    "order_id": st.sampled_from(["375000000000002", "", "075000000000001", "37500000000000X"]),
    "account": st.sampled_from([ACCOUNT, OTHER]),
    "status": st.sampled_from(OrderStatus),
    "created_at": _times,
    "updated_at": _times,
    "broker_order_id": st.sampled_from([None, "", "B2"]),
    "pending_op": st.sampled_from([None, *PendingOp]),
    "filled_quantity": st.sampled_from([-1, 0, 1, 3, 6, 7]),
    "average_price": _money,
    "status_message": st.sampled_from([None, "why"]),
    "sent_type": st.sampled_from([None, *OrderType]),
    "sent_price": _money,
    "matched_by": st.sampled_from([None, *MatchedBy]),
    "history": st.just((OrderEvent(at=MONDAY_MORNING, status=OrderStatus.OPEN),)),
    "metadata": st.just({"replaces": "375000000000009"}),
    "replayed": st.booleans(),
}
_OF_THE_MOMENT = sorted(set(_VALUES) - {item.name for item in dataclasses.fields(OrderTerms)} - {"order_id"})


def _said(copy: object, order: Order, changes: dict[str, object]) -> tuple[object, ...]:
    """What comes of a copy: all its fields, or the refusal word for word."""
    try:
        after = copy(order, **changes)  # type: ignore[operator]
    except Invalid as refusal:
        return type(refusal), refusal.code, refusal.message, refusal.fields
    return type(after), *(repr(getattr(after, item.name)) for item in dataclasses.fields(after))


def test_the_values_below_are_those_of_every_field() -> None:
    assert set(_VALUES) == {item.name for item in dataclasses.fields(Order)}


@given(order=orders(), data=st.data())
def test_a_copy_is_that_of_the_constructor_and_refused_in_the_same_words(order: Order, data: st.DataObject) -> None:
    names = data.draw(st.sets(st.sampled_from(sorted(_VALUES)), max_size=4) | st.sets(st.sampled_from(_OF_THE_MOMENT)))
    changes = {name: data.draw(_VALUES[name], label=name) for name in sorted(names)}
    assert _said(replace, order, changes) == _said(dataclasses.replace, order, changes)


@pytest.mark.parametrize("name", sorted(_VALUES))
def test_every_field_on_its_own_is_checked_as_by_the_constructor(name: str) -> None:
    order = dataclasses.replace(order_of(), broker_order_id="B1", filled_quantity=3)

    @given(value=_VALUES[name])
    def agrees(value: object) -> None:
        assert _said(replace, order, {name: value}) == _said(dataclasses.replace, order, {name: value})

    agrees()


@given(
    order=orders(),
    status=st.sampled_from(OrderStatus),
    at=_times,
    message=st.sampled_from([None, "why"]),
    broker_order_id=st.sampled_from([None, "", "B2"]),
    matched_by=st.sampled_from([None, *MatchedBy]),
)
def test_a_move_is_a_copy_of_the_constructor(
    order: Order,
    status: OrderStatus,
    at: datetime,
    message: str | None,
    broker_order_id: str | None,
    matched_by: MatchedBy | None,
) -> None:
    def moved(order: Order) -> Order:
        return order.moved(status, at=at, message=message, broker_order_id=broker_order_id, matched_by=matched_by)

    def constructed(order: Order) -> Order:
        if status not in LEGAL[order.status]:
            return moved(order)  # another test says what is refused
        event = OrderEvent(at=at, status=status, filled_quantity=order.filled_quantity, message=message)
        history = (*order.history, event)
        after = dataclasses.replace(order, status=status, status_message=message, updated_at=at, history=history)
        if broker_order_id is not None:
            after = dataclasses.replace(after, broker_order_id=broker_order_id)
        return after if matched_by is None else dataclasses.replace(after, matched_by=matched_by)

    assert _said(moved, order, {}) == _said(constructed, order, {})


@given(order=orders(), after=st.timedeltas(timedelta(), timedelta(days=1)))
def test_an_order_that_is_about_to_be_sent_is_one_that_was_received_and_moved(order: Order, after: timedelta) -> None:
    at = MONDAY_MORNING + after
    received = Order.received(order, order_id=order.order_id, account=ACCOUNT, at=MONDAY_MORNING)
    sending = Order.received(order, order_id=order.order_id, account=ACCOUNT, at=MONDAY_MORNING, sending=at)
    assert repr(sending) == repr(received.moved(OrderStatus.SUBMITTING, at=at))


def test_a_copy_changes_nothing_of_its_original_and_can_not_be_changed_itself() -> None:
    order = order_of()
    before = repr(order)
    after = replace(order, broker_order_id="B1")
    assert repr(order) == before
    assert (after.broker_order_id, after.order_id) == ("B1", order.order_id)
    with pytest.raises(dataclasses.FrozenInstanceError):
        after.broker_order_id = "B2"  # type: ignore[misc]


def test_all_invariants_of_other_values_are_checked_again() -> None:
    with pytest.raises(Invalid):
        replace(InstrumentKey.parse("NSE:SBIN"), root="no root")
    with pytest.raises(Invalid):
        replace(BUY_TEN, quantity=0)


def test_what_a_value_makes_of_its_fields_is_made_anew_in_a_copy() -> None:
    account = Account.parse("paper/DEMO")
    key = IntentKey(principal="desk", account=account, route="PLACE", key="k")
    copies = (
        (replace(account, account_id="B"), Account.parse("paper/B")),
        (replace(InstrumentKey.parse("NFO:NIFTY:20261229:FUT"), root="SBIN"), "NFO:SBIN:20261229:FUT"),
        (replace(key, account=Account.parse("paper/B")), "desk\npaper/B\nPLACE\nk"),
        (key.given_up("375000000000001"), "desk\npaper/DEMO\nPLACE 375000000000001\nk"),
    )
    for copy, text in copies:
        assert str(copy) == copy.text == str(text)
    with pytest.raises(TypeError, match="Account has no field text"):
        replace(account, text="paper/B")


@dataclass(frozen=True, slots=True, kw_only=True)
class _OneField:
    name: str


@dataclass(frozen=True, kw_only=True)
class _Loose:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Derived:
    name: str
    length: int = field(default=0, init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rechecked:
    name: str
    length: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.name))

    def recheck(self, changed: Iterable[str]) -> None:
        """Whoever looks only at what changed makes nothing anew."""


def test_a_value_of_one_field_is_copied_too() -> None:
    assert replace(_OneField(name="a"), name="b") == _OneField(name="b")
    assert replace(_OneField(name="a")) == _OneField(name="a")


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="_OneField has no field nmae"):
        replace(_OneField(name="a"), nmae="b")  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [_Loose(name="a"), _Derived(name="a"), _Rechecked(name="a")])
def test_what_the_copy_could_not_keep_whole_is_refused(value: _Loose | _Derived | _Rechecked) -> None:
    with pytest.raises(TypeError, match="can't be copied past the constructor"):
        replace(value, name="b")

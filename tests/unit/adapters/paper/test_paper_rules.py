"""What the paper exchange turns away."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ordo.adapters.paper.claims import Claims, Sight
from ordo.adapters.paper.events import OrderPlaced
from ordo.adapters.paper.rules import Refusal, objection
from ordo.domain.errors import ErrorCode
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.orders import OrderStatus, OrderTerms
from tests.unit.adapters.paper.paper_desk import CALL, FUTURE, MORNING, SBIN, Desk, depth_of, terms_of

DEPTH = depth_of("780.00", bids=(("779.95", 10),), asks=(("780.00", 10),))


def verdict(terms: OrderTerms, instrument: Instrument | None, *, at: datetime = MORNING) -> Refusal | None:
    return objection(terms, instrument, DEPTH, at=at, arming=terms.order_type.has_trigger)


@pytest.mark.parametrize(
    ("terms", "instrument", "code", "word"),
    [
        (terms_of(SBIN, "BUY", 1), None, ErrorCode.INVALID_INSTRUMENT, "not listed"),
        (terms_of(SBIN, "BUY", 1), replace(SBIN, tradable=False), ErrorCode.INVALID_INSTRUMENT, "traded"),
        (terms_of(SBIN, "BUY", 1), replace(SBIN, kind=Kind.INDEX), ErrorCode.INVALID_INSTRUMENT, "traded"),
        (terms_of(FUTURE, "BUY", 66), FUTURE, ErrorCode.INVALID_ORDER, "lot of 65"),
        (terms_of(FUTURE, "BUY", 65 * 28), FUTURE, ErrorCode.INVALID_ORDER, "freeze quantity of 1800"),
        (terms_of(SBIN, "BUY", 1, "780.02"), SBIN, ErrorCode.INVALID_ORDER, "Rs 780 and Rs 780.05"),
        (terms_of(SBIN, "BUY", 1, "780", trigger="779.99"), SBIN, ErrorCode.INVALID_ORDER, "trigger price"),
        (terms_of(SBIN, "BUY", 1, "936.05"), SBIN, ErrorCode.INVALID_ORDER, "band"),
        (terms_of(SBIN, "BUY", 1, "623.95"), SBIN, ErrorCode.INVALID_ORDER, "band"),
        (
            terms_of(SBIN, "BUY", 1, "936.05"),
            replace(SBIN, band_low=None),
            ErrorCode.INVALID_ORDER,
            "no limit to Rs 936",
        ),
        (terms_of(CALL, "BUY", 65, trigger="110"), CALL, ErrorCode.ORDER_REJECTED, "SL-M"),
        (
            terms_of(SBIN, "BUY", 1, trigger="790", protection="none"),
            replace(SBIN, band_high=None),
            ErrorCode.ORDER_REJECTED,
            "protection",
        ),
        (terms_of(SBIN, "BUY", 1, "800", trigger="779"), SBIN, ErrorCode.ORDER_REJECTED, "below"),
        (terms_of(SBIN, "SELL", 1, "770", trigger="781"), SBIN, ErrorCode.ORDER_REJECTED, "above"),
    ],
)
def test_what_is_turned_away(terms: OrderTerms, instrument: Instrument | None, code: ErrorCode, word: str) -> None:
    refusal = verdict(terms, instrument)
    assert refusal is not None
    assert refusal.code is code
    assert word in refusal.message


@pytest.mark.parametrize(
    ("terms", "instrument"),
    [
        (terms_of(SBIN, "BUY", 1), SBIN),
        (terms_of(SBIN, "BUY", 1, "936"), SBIN),
        (terms_of(SBIN, "SELL", 1, "624"), SBIN),
        (terms_of(FUTURE, "BUY", 65 * 27), FUTURE),
        (terms_of(CALL, "BUY", 65, "800", trigger="780"), CALL),
    ],
)
def test_what_is_taken(terms: OrderTerms, instrument: Instrument) -> None:
    assert verdict(terms, instrument) is None


def test_a_contract_trades_through_its_last_day() -> None:
    last_moment = datetime.fromisoformat("2026-12-01T23:59:59.999999+05:30")
    terms = terms_of(CALL, "BUY", 65, "100.00")
    assert verdict(terms, CALL, at=last_moment) is None
    refusal = verdict(terms, CALL, at=last_moment + timedelta(microseconds=1))
    assert refusal is not None
    assert refusal.code is ErrorCode.INVALID_INSTRUMENT


def test_an_unknown_instrument_stands_in_the_book_as_rejected() -> None:
    desk = Desk()
    nobody = replace(SBIN, key=InstrumentKey.parse("NSE:NOBODY"))
    order = desk.buy(nobody, 1)
    assert (order.status, order.refusal) == (OrderStatus.REJECTED, ErrorCode.INVALID_INSTRUMENT)
    assert desk.exchange.state.orders[order.number] is order


def test_a_tag_is_entered_once() -> None:
    desk = Desk()
    desk.tell(SBIN, "780.00", asks=(("780.00", 10),))
    order = desk.place(terms_of(SBIN, "BUY", 1, "780.00"), tag="T")
    event = OrderPlaced(
        at=desk.tick(),
        account_id="A",
        tag="T",
        terms=terms_of(SBIN, "BUY", 1, "780.00"),
        instrument=SBIN,
        depth=DEPTH,
    )
    refusal = desk.exchange.review(event)
    assert refusal is not None
    assert refusal.code is ErrorCode.ORDER_REJECTED
    desk.exchange.apply(event)
    assert list(desk.exchange.state.orders) == [order.number]


def test_an_option_is_not_sold_short_without_its_index() -> None:
    desk = Desk()
    desk.tell(CALL, "100.00", bids=(("100.00", 650),), asks=(("100.05", 650),))
    order = desk.sell(CALL, 65, "101.00")
    desk.cancel(order)
    sight = Sight(instrument=CALL, depth=None, underlying=None, day=MORNING.date())
    account = desk.account()
    refusal = Claims().objection(account, replace(order), sight)
    assert refusal is not None
    assert refusal.code is ErrorCode.ORDER_REJECTED
    desk.buy(CALL, 65, "100.05")
    assert Claims().objection(account, replace(order), sight) is None

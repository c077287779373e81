"""What the market does not take, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ordo.domain.errors import ErrorCode, Invalid, Outcome
from ordo.domain.market_hours import MarketHours
from ordo.domain.orders import OrderTerms, OrderType, Validity
from tests.support.hours import SHARE, holiday, ist, market, schedule, unknown
from tests.support.orders import BUY_TEN

HOLIDAY = date(2026, 11, 24)
AFTER_MARKET = replace(BUY_TEN, after_market=True)
STOP = replace(BUY_TEN, order_type=OrderType.STOP_LIMIT, trigger_price=Decimal(799))


@pytest.fixture
def hours() -> MarketHours:
    return market(schedule(days={HOLIDAY: holiday("Gurpurb")}))


def refusal_of(hours: MarketHours, terms: OrderTerms, at: str) -> Invalid:
    with pytest.raises(Invalid) as refusal:
        hours.require(SHARE, terms, ist(at))
    assert refusal.value.code is ErrorCode.MARKET_CLOSED
    assert refusal.value.outcome is Outcome.NOT_SENT
    return refusal.value


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        ("2026-11-23 08:57", True),
        ("2026-11-23 08:58", False),
        ("2026-11-23 12:00", False),
        ("2026-11-23 15:34", False),
        ("2026-11-23 15:35", True),
        ("2026-11-24 12:00", True),
        ("2026-11-28 12:00", True),
    ],
)
def test_after_market_orders_are_taken_from_after_the_close_until_before_the_opening(
    hours: MarketHours,
    at: str,
    taken: bool,  # noqa: FBT001
) -> None:
    assert hours.at(SHARE, ist(at)).after_market is taken
    if taken:
        hours.require(SHARE, AFTER_MARKET, ist(at))
    else:
        refusal = refusal_of(hours, AFTER_MARKET, at)
        assert "must be false now: such orders are taken before 08:58 and from 15:35 IST" in str(refusal)
        assert [(fault.field, fault.seen) for fault in refusal.fields] == [("after_market", "true")]


def test_what_the_market_takes_is_let_through(hours: MarketHours) -> None:
    hours.require(SHARE, BUY_TEN, ist("2026-11-23 09:05"))
    for terms in (BUY_TEN, STOP, replace(BUY_TEN, validity=Validity.IOC), replace(BUY_TEN, disclosed_quantity=5)):
        hours.require(SHARE, terms, ist("2026-11-23 12:00"))


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (
            "2026-11-24 12:00",
            (
                "NSE:SBIN does not trade on Tue 24 Nov 2026 (Gurpurb). Continuous trading next begins on Wed 25 Nov"
                " 2026 at 09:15 IST. An order with after_market true is taken now, where the broker offers that."
            ),
        ),
        (
            "2026-11-23 15:31",
            (
                "NSE:SBIN takes no orders at 15:31 IST (CLOSED). Continuous trading next begins on"
                " Wed 25 Nov 2026 at 09:15 IST."
            ),
        ),
        (
            "2026-11-23 09:10",
            (
                "NSE:SBIN takes no orders at 09:10 IST (PAUSE). Continuous trading next begins on"
                " Mon 23 Nov 2026 at 09:15 IST."
            ),
        ),
        (
            "2026-12-31 18:00",
            (
                "NSE:SBIN takes no orders at 18:00 IST (CLOSED). When continuous trading next begins,"
                " the market calendar does not know yet. An order with after_market true is taken now, where the broker"
                " offers that."
            ),
        ),
    ],
)
def test_a_denial_says_why_until_when_and_what_to_do(hours: MarketHours, at: str, words: str) -> None:
    refusal = refusal_of(hours, BUY_TEN, at)
    assert str(refusal) == f"The order was not sent: {words}"
    assert refusal.fields == ()


def test_a_denial_names_the_term_that_the_phase_does_not_take(hours: MarketHours) -> None:
    refusal = refusal_of(hours, STOP, "2026-11-23 09:05")
    assert str(refusal) == (
        "The order was not sent: order_type SL must be LIMIT or MARKET now; NSE:SBIN is in PRE_OPEN_ENTRY. Continuous"
        " trading next begins on Mon 23 Nov 2026 at 09:15 IST."
    )
    assert [fault.field for fault in refusal.fields] == ["order_type"]


def test_a_denial_during_trading_speaks_of_no_other_session(hours: MarketHours) -> None:
    assert str(refusal_of(hours, AFTER_MARKET, "2026-11-23 12:00")).endswith("NSE:SBIN is in CONTINUOUS.")


def test_an_unknown_opening_does_not_keep_a_denial_back() -> None:
    hours = market(schedule(days={date(2026, 11, 8): unknown()}))
    assert "does not know yet" in str(refusal_of(hours, BUY_TEN, "2026-11-07 12:00"))

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.market import Depth, Level, Quote
from ordo.domain.safety import KillState, KillSwitch, strictest
from tests.support.clock import MONDAY_MORNING
from tests.support.orders import SBIN


def _levels(*prices: str) -> tuple[Level, ...]:
    return tuple(Level(price=Decimal(price), quantity=10) for price in prices)


def _depth(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> Depth:
    return Depth(last_price=Decimal(800), bids=bids, asks=asks, at=MONDAY_MORNING)


def test_a_quote_names_its_instrument_as_the_public_face_does() -> None:
    assert Quote(instrument=SBIN, last_price=Decimal(800), timestamp=MONDAY_MORNING).instrument_token == SBIN


@pytest.mark.parametrize(("price", "quantity"), [("0", 1), ("-1", 1), ("NaN", 1), ("Infinity", 1), ("1", 0), ("1", -1)])
def test_a_level_without_price_or_quantity_is_none(price: str, quantity: int) -> None:
    with pytest.raises(Invalid):
        Level(price=Decimal(price), quantity=quantity)


def test_a_market_has_its_best_levels_first() -> None:
    assert _depth(_levels("800", "799.95"), _levels("800.05", "801")).bids[0].price == Decimal(800)
    assert _depth((), ()).asks == ()
    assert _depth(_levels("800"), ()).bids
    assert _depth((), _levels("800")).asks


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        (["799", "800"], []),
        (["800", "800"], []),
        ([], ["801", "800"]),
        ([], ["800", "800"]),
        (["800"], ["800"]),
        (["801"], ["800"]),
    ],
)
def test_a_market_out_of_order_or_crossed_is_none(bids: list[str], asks: list[str]) -> None:
    with pytest.raises(Invalid):
        _depth(_levels(*bids), _levels(*asks))


@pytest.mark.parametrize("state", [KillState.REDUCE_ONLY, KillState.HALTED])
def test_a_switch_says_who_set_it_when_and_why(state: KillState) -> None:
    switch = KillSwitch(state=state, changed_by="asha", changed_at=MONDAY_MORNING, reason="runaway")
    refusal = switch.refusal("It can't be told.")
    assert refusal.code is ErrorCode.KILL_SWITCH_ACTIVE
    for word in ("asha", "runaway", state, MONDAY_MORNING.isoformat(), "not sent", "It can't be told."):
        assert word in refusal.message


def test_the_strictest_of_switches_counts() -> None:
    active, reduce, halted = (
        KillSwitch(state=state, changed_by="asha", changed_at=MONDAY_MORNING, reason=str(state)) for state in KillState
    )
    assert strictest((active, halted, reduce)) is halted
    assert strictest((active, reduce)) is reduce
    assert strictest((active, replace(active, reason="later"))) is active

from __future__ import annotations

from decimal import Decimal

import pytest

from ordo.domain.errors import ErrorCode, Invalid
from ordo.domain.market import Depth, Level, Quote
from ordo.domain.safety import KillState, KillSwitch
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


@pytest.mark.parametrize("state", KillState)
def test_only_an_active_switch_lets_new_risk_through(state: KillState) -> None:
    switch = KillSwitch(state=state, changed_by="asha", changed_at=MONDAY_MORNING, reason="runaway")
    if state is KillState.ACTIVE:
        switch.refuse_new_risk()
        return
    with pytest.raises(Invalid) as refusal:
        switch.refuse_new_risk()
    assert refusal.value.code is ErrorCode.KILL_SWITCH_ACTIVE
    for word in ("asha", "runaway", state, MONDAY_MORNING.isoformat(), "not sent"):
        assert word in refusal.value.message

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ordo.domain.errors import Invalid
from ordo.domain.instruments import InstrumentKey
from ordo.domain.orders import Product
from ordo.domain.portfolio import Position, to_paisa
from tests.support.orders import SBIN


def _position(
    key: str, bought: tuple[int, str], sold: tuple[int, str], last: str | None, multiplier: str = "1"
) -> Position:
    return Position.of_totals(
        instrument=InstrumentKey.parse(key),
        product=Product.NRML,
        buy_quantity=bought[0],
        buy_value=Decimal(bought[1]),
        sell_quantity=sold[0],
        sell_value=Decimal(sold[1]),
        last_price=None if last is None else Decimal(last),
        multiplier=Decimal(multiplier),
    )


def test_kites_published_future_with_a_multiplier_of_a_thousand() -> None:
    position = _position("MCX:LEADMINI:20171229:FUT", (1, "161050"), (0, "0"), "161.05", "1000")
    assert (position.quantity, position.average_price) == (1, Decimal("161.05"))
    assert position.realised_pnl == position.unrealised_pnl == position.pnl == 0


def test_kites_published_future_that_was_closed() -> None:
    position = _position("MCX:GOLDGUINEA:20171229:FUT", (4, "92559"), (4, "93360"), "23355")
    assert position.quantity == position.average_price == position.unrealised_pnl == 0
    assert position.realised_pnl == position.pnl == 801


def test_a_short_position_gains_when_the_price_falls() -> None:
    position = _position("NFO:NIFTY:20261229:FUT", (0, "0"), (65, "1690000"), "25900")
    assert (position.quantity, position.average_price) == (-65, Decimal(26000))
    assert position.realised_pnl == 0
    assert position.unrealised_pnl == position.pnl == 6500


def test_a_flat_position_without_dealings_is_nothing() -> None:
    position = _position("NSE:SBIN", (0, "0"), (0, "0"), "800")
    assert position.quantity == position.average_price == position.pnl == 0


def test_the_open_side_is_rounded_half_up_to_the_paisa() -> None:
    position = _position("NSE:SBIN", (3, "100.00"), (1, "40.00"), None)
    # Two of three: 66.666…, so that 33.33 were the cost of what was sold.
    assert position.average_price == Decimal("33.3350")
    assert position.realised_pnl == Decimal("6.67")


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01"), ("1.125", "1.13")]
)
def test_rupees_are_rounded_half_up(amount: str, rounded: str) -> None:
    assert to_paisa(Decimal(amount)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"buy_quantity": -1}, "buy_quantity"),
        ({"sell_quantity": -1}, "sell_quantity"),
        ({"quantity": 4}, "quantity"),
    ],
)
def test_a_position_must_add_up(broken: dict[str, object], field: str) -> None:
    position = replace(_position("NSE:SBIN", (5, "500"), (2, "210"), None), instrument=SBIN)
    with pytest.raises(Invalid) as refusal:
        replace(position, **broken)  # type: ignore[arg-type]
    assert [fault.field for fault in refusal.value.fields] == [field]

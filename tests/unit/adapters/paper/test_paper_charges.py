from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ordo.adapters.paper.charges import Charges, order_charges, schedule_on, settlement_charges
from ordo.domain.instruments import Instrument, InstrumentKey, Kind
from ordo.domain.orders import Product, Side
from tests.unit.adapters.paper.paper_desk import BSE_SBIN, CALL, FUTURE, SBIN

DAY = date(2026, 11, 23)

# Domain facts 7.1: brokerage, exchange, SEBI, STT, stamp, GST, total.
VECTORS = [
    (SBIN, Product.MIS, Side.BUY, "50000", "15.00 1.54 0.05 0.00 1.50 2.99 21.08"),
    (SBIN, Product.MIS, Side.SELL, "50500", "15.15 1.55 0.05 12.63 0.00 3.02 32.40"),
    (SBIN, Product.CNC, Side.BUY, "14000", "20.00 0.43 0.01 14.00 2.10 3.68 40.22"),
    (SBIN, Product.CNC, Side.SELL, "14500", "20.00 0.45 0.01 14.50 0.00 3.68 38.64"),
    (FUTURE, Product.NRML, Side.BUY, "1690000", "20.00 30.93 1.69 0.00 33.80 9.47 95.89"),
    (FUTURE, Product.NRML, Side.SELL, "1693250", "20.00 30.99 1.69 846.63 0.00 9.48 908.79"),
    (CALL, Product.NRML, Side.BUY, "6500", "20.00 2.31 0.01 0.00 0.20 4.02 26.54"),
    (CALL, Product.NRML, Side.SELL, "7150", "20.00 2.54 0.01 10.73 0.00 4.06 37.34"),
]


def parts(charges: Charges) -> list[Decimal]:
    return [
        charges.brokerage,
        charges.exchange,
        charges.sebi,
        charges.stt,
        charges.stamp,
        charges.gst,
        charges.total,
    ]


@pytest.mark.parametrize(("instrument", "product", "side", "value", "expected"), VECTORS)
def test_the_vectors_of_the_domain_facts(
    instrument: Instrument, product: Product, side: Side, value: str, expected: str
) -> None:
    charges = order_charges(instrument, product, side, Decimal(value), day=DAY)
    assert parts(charges) == [Decimal(part) for part in expected.split()]


def test_small_delivery_pays_a_share_of_its_value_as_brokerage() -> None:
    assert order_charges(SBIN, Product.CNC, Side.BUY, Decimal(1000), day=DAY).brokerage == Decimal("3.00")


def test_bse_has_its_own_exchange_fees() -> None:
    value = Decimal(100_000)
    future = replace(FUTURE, key=InstrumentKey.parse("BFO:SENSEX:20261231:FUT"))
    option = replace(CALL, key=InstrumentKey.parse("BFO:SENSEX:20261231:85000:CE"))
    assert order_charges(BSE_SBIN, Product.CNC, Side.BUY, value, day=DAY).exchange == Decimal("3.75")
    assert order_charges(future, Product.NRML, Side.BUY, value, day=DAY).exchange == Decimal("0.00")
    assert order_charges(option, Product.NRML, Side.BUY, value, day=DAY).exchange == Decimal("32.50")


def test_a_fund_is_charged_like_a_share() -> None:
    fund = replace(SBIN, kind=Kind.ETF)
    assert order_charges(fund, Product.CNC, Side.SELL, Decimal(14500), day=DAY).total == Decimal("38.64")


def test_only_the_holder_of_an_exercised_option_pays_at_settlement() -> None:
    worth = Decimal(10_000)
    assert settlement_charges(CALL, long=True, value=worth, day=DAY).total == Decimal("15.00")
    assert settlement_charges(CALL, long=False, value=worth, day=DAY).total == 0
    assert settlement_charges(FUTURE, long=True, value=worth, day=DAY).total == 0


def test_what_nobody_trades_nobody_is_charged_for() -> None:
    index = replace(SBIN, kind=Kind.INDEX)
    with pytest.raises(ValueError, match="index"):
        order_charges(index, Product.CNC, Side.BUY, Decimal(1), day=DAY)
    elsewhere = replace(FUTURE, key=InstrumentKey.parse("MCX:CRUDEOIL:20261216:FUT"))
    with pytest.raises(ValueError, match="MCX"):
        order_charges(elsewhere, Product.NRML, Side.BUY, Decimal(1), day=DAY)


def test_a_day_is_charged_by_the_schedule_in_force() -> None:
    assert schedule_on(date(2026, 4, 1)).effective_from == date(2026, 4, 1)
    assert schedule_on(date(2031, 1, 1)).effective_from == date(2026, 4, 1)
    assert schedule_on(date(2020, 1, 1)).effective_from == date(2026, 4, 1)

"""Market orders at a broker that takes none: what goes out is a limit, is told, and is found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ordo_emulators.faults import Fault, Operation
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.hdfc.settings import MarketOrders, ReferenceMode, Settings
from tests.torture.houses import PLACES, fresh_key, opened

_UNTAGGED = PLACES["hdfc-untagged"]
_FORBIDS = Settings(rate_limits=False, reference_mode=ReferenceMode.STAPI, market_orders=MarketOrders.FORBID403)
_PLACE = replace(
    _UNTAGGED,
    emulator=lambda clock: HdfcEmulator(clock=clock.now, settings=_FORBIDS),
    settings={**_UNTAGGED.settings, "ORDO_BROKERS__HDFC__MARKET_ORDERS": "limit"},
)
_MARKET = {"instrument": "NSE:SBIN", "side": "BUY", "quantity": 1, "order_type": "MARKET", "product": "CNC"}


async def test_a_market_order_goes_out_as_a_limit_says_so_and_is_found_by_it_when_its_answer_is_lost(
    tmp_path: Path,
) -> None:
    async with opened(_PLACE, tmp_path) as house:
        placed = await house.write("POST", "/orders", fresh_key(), _MARKET)
        assert placed.status_code == 201, placed.text
        order = placed.json()
        assert (order["order_type"], order["sent_type"]) == ("MARKET", "LIMIT")
        await house.be_ready()
        with house.spoilt(Operation.PLACE, Fault.DROP_AFTER_ACCEPT):
            lost = await house.write("POST", "/orders", fresh_key(), _MARKET | {"quantity": 2})
        assert lost.status_code == 201, lost.text
        found = lost.json()
        assert (found["matched_by"], found["sent_type"], found["sent_price"]) == (
            "fingerprint",
            "LIMIT",
            order["sent_price"],
        )
        assert len([row for row in await house.ledger() if row["request"]["quantity"] == 2]) == 1

"""The instrument masters from outside: loaded on request, told by the status, understood by other houses' names."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from ordo.adapters.masters.fyers import FyersMaster
from tests.support.masters import market, write_fyers
from tests.unit.entrypoints.http.gateway_door import Door, open_door

_SYNC = "/api/v1/instruments/sync"


async def _ended(door: Door) -> list[dict[str, Any]]:
    while True:
        masters: list[dict[str, Any]] = (await door.http.get("/api/v1/status")).json()["masters"]
        if all(one["reading"] is None for one in masters):
            return masters
        await asyncio.to_thread(lambda: None)


async def test_without_a_configured_master_there_is_nothing_to_load(door: Door) -> None:
    refused = await door.http.post(_SYNC)
    assert (refused.status_code, refused.json()["error_code"]) == (422, "UNSUPPORTED")
    assert "ORDO_INSTRUMENTS__FYERS_URL" in refused.json()["message"]
    (catalogue,) = (await door.http.get("/api/v1/status")).json()["masters"]
    assert (catalogue["name"], catalogue["state"], catalogue["loaded_at"]) == ("catalogue", "CURRENT", None)


async def test_masters_are_loaded_on_request_and_the_old_stay_when_they_break(tmp_path: Path) -> None:
    place = write_fyers(market(100), tmp_path / "fyers")
    async with open_door(tmp_path, sources=(FyersMaster(place),)) as door:
        await _ended(door)  # What is not of today is loaded at the start.
        shown = (await door.http.get("/api/v1/instruments/NSE:SBIN-EQ")).json()
        assert shown["key"] == "NSE:SBIN"
        assert shown["references"] == {"fyers": "NSE:SBIN-EQ"}
        assert (shown["quantity_unit"], shown["mtf"], shown["as_of"]) == ("UNITS", False, "2026-11-23")
        assert "facts" not in shown
        future = (await door.http.get("/api/v1/instruments/NIFTY26DECFUT")).json()
        assert future["key"] == "NFO:NIFTY:20261229:FUT"

        (tmp_path / "fyers" / "NSE_CM_sym_master.json").write_text("<html>", "utf-8")
        begun = await door.http.post(_SYNC)
        assert begun.status_code == 202
        assert [one["name"] for one in begun.json()] == ["catalogue", "fyers"]
        assert begun.json()[1]["reading"] == 0
        _, fyers = await _ended(door)
        assert (fyers["state"], fyers["as_of"]) == ("STALE", "2026-11-23")
        assert "NSE_CM" in fyers["stale_reason"]
        assert (await door.http.get("/api/v1/instruments/NSE:SBIN-EQ")).json() == shown


async def test_a_name_that_nothing_has_comes_back_with_candidates(door: Door) -> None:
    answer = await door.http.get("/api/v1/instruments/NSE:SBIM")
    assert answer.status_code == 404
    assert "NSE:SBIN" in answer.json()["message"]
    order = {"instrument": "NSE:SBIM", "side": "BUY", "quantity": 1, "order_type": "MARKET", "product": "CNC"}
    refused = await door.place(order)
    assert (refused.status_code, refused.json()["error_code"]) == (422, "INVALID_INSTRUMENT")
    assert "nearest: NSE:SBIN" in refused.json()["message"]


async def test_an_order_may_be_written_as_another_house_writes_it(door: Door) -> None:
    order = {"instrument": "NSE:SBIN-EQ", "side": "BUY", "quantity": 1, "order_type": "MARKET", "product": "CNC"}
    placed = await door.place(order, key="one")
    assert (placed.status_code, placed.json()["instrument"]) == (201, "NSE:SBIN")
    again = await door.place({**order, "instrument": "NSE:SBIN"}, key="one")
    assert (again.json()["order_id"], again.headers["Idempotency-Replayed"]) == (placed.json()["order_id"], "true")
    (quote,) = (await door.http.get("/api/v1/accounts/paper/DEMO/quotes?instrument=NSE:SBIN-EQ")).json()
    assert quote["instrument_token"] == "NSE:SBIN"

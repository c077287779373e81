"""A whole gateway on SQLite that trades at the emulated FYERS: nothing but `BASE_URL` is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from dependency_injector import providers

from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpRequest
from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.container.root import container_for
from ordo.entrypoints.http.app import create_app
from ordo.schemas.config.settings import load_settings
from ordo_emulators.control import controlled
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.fyers.settings import Settings as EmulatorSettings
from ordo_emulators.server import serve
from tests.support.clock import VirtualClock
from tests.support.paces import UNPACED
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY, TOKEN, alive

_ACCOUNT = "/api/v1/accounts/fyers/XE00001"
_SESSION = "/api/v1/sessions/fyers/XE00001"
_BUY = {
    "instrument": "NSE:SBIN",
    "side": "BUY",
    "quantity": 1,
    "order_type": "LIMIT",
    "product": "CNC",
    "price": "900.00",
}


class House:
    def __init__(self, http: httpx2.AsyncClient, emulator: FyersEmulator) -> None:
        self.http = http
        self.emulator = emulator

    async def write(self, method: str, path: str, key: str, body: object = None) -> httpx2.Response:
        return await self.http.request(method, _ACCOUNT + path, json=body, headers={"Idempotency-Key": key})

    async def log_in(self) -> httpx2.Response:
        challenge = (await self.http.post(f"{_SESSION}/login")).json()
        browser = HttpClient()
        page = await browser.send(HttpRequest(method="GET", url=challenge["login_url"]))
        await browser.aclose()
        answer = {"challenge_id": challenge["challenge_id"], "redirect_url": page.headers["location"]}
        return await self.http.post(f"{_SESSION}/login/answer", json=answer)


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.chdir(tmp_path)
    clock = VirtualClock()
    emulator = FyersEmulator(clock=clock.now, settings=EmulatorSettings(rate_limits=False))
    async with serve(controlled(emulator)) as origin:
        settings = load_settings(
            {
                "ORDO_TOKEN": TOKEN,
                "ORDO_MASTER_KEYS": MASTER_KEY,
                "ORDO_IDEMPOTENCY__PURSUE_SECONDS": "0",
                "ORDO_BROKERS__FYERS__BASE_URL": emulator.urls(origin)["base_url"],
                **UNPACED["fyers"],  # The clock stands still.
            }
        )
        container = container_for(settings)
        container.clock.override(providers.Object(clock))
        container.audit.override(providers.Object(MemoryAuditLog()))
        app = create_app(container)
        transport = httpx2.ASGITransport(app=cast("Any", app), raise_app_exceptions=True)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with alive(app), httpx2.AsyncClient(transport=transport, base_url="http://gw", headers=headers) as http:
            while any(one["state"] == "ABSENT" for one in (await http.get("/api/v1/status")).json()["masters"]):
                await asyncio.to_thread(lambda: None)
            yield House(http, emulator)


async def test_a_day_at_fyers(house: House) -> None:
    opened = await house.log_in()
    assert (opened.status_code, opened.json()["state"]) == (201, "ACTIVE")

    portfolio = (await house.http.get(f"{_ACCOUNT}/portfolio")).json()
    assert {row["instrument"] for row in portfolio["holdings"]} == {"NSE:INFY", "NSE:SBIN", "NSE:TCS"}
    assert portfolio["margin_available"] == "100000000.00"

    placed = await house.write("POST", "/orders", "k1", _BUY)
    assert (placed.status_code, placed.json()["status"]) == (201, "ACKNOWLEDGED")
    order = f"/orders/{placed.json()['order_id']}"
    assert (await house.http.get(_ACCOUNT + order)).json()["status"] == "OPEN"

    changed = await house.write("PATCH", order, "k2", {"quantity": 3, "price": "901.50"})
    assert (changed.status_code, changed.json()["quantity"], changed.json()["price"]) == (200, 3, "901.50")
    assert (await house.write("DELETE", order, "k3")).status_code == 200
    assert (await house.http.get(_ACCOUNT + order)).json()["status"] == "CANCELLED"

    (quote,) = (await house.http.get(f"{_ACCOUNT}/quotes", params={"instrument": "NSE:SBIN"})).json()
    assert quote["extended_fields_json"]["market_status"] == "OPEN"
    assert "bid_5_quantity" in quote["extended_fields_json"]


async def test_a_lost_reply_is_found_again_by_its_tag(house: House) -> None:
    await house.log_in()
    house.emulator.faults.arm("place", "drop_after_accept")
    placed = await house.write("POST", "/orders", "k1", _BUY)
    assert (placed.status_code, placed.json()["matched_by"]) == (201, "tag")
    assert len(house.emulator.accepted()) == 1


async def test_a_token_that_dies_in_the_middle_of_the_day(house: House) -> None:
    await house.log_in()
    house.emulator.expire_sessions()
    for read in ("/portfolio", "/orders", "/positions", "/holdings", "/funds", "/trades"):
        answer = await house.http.get(_ACCOUNT + read)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "INVALID_SESSION"), read
    assert (await house.http.get(_SESSION)).json()["state"] == "SUSPECT"
    refused = await house.write("POST", "/orders", "k1", _BUY)
    assert (refused.status_code, refused.json()["error_code"]) == (401, "INVALID_SESSION")
    assert refused.json()["details"]["outcome"] == "not_sent"
    assert house.emulator.accepted() == []
    assert (await house.log_in()).status_code == 201
    assert (await house.write("POST", "/orders", "k1", _BUY)).status_code == 201


async def test_a_rejection_carries_the_brokers_words_without_the_account(house: House) -> None:
    await house.log_in()
    poor = await house.write("POST", "/orders", "k1", {**_BUY, "quantity": 900_000})
    assert (poor.status_code, poor.json()["error_code"]) == (422, "INSUFFICIENT_FUNDS")
    words = poor.json()["details"]["native_error"]
    assert "Margin Shortfall" in words
    assert "XE00001" not in words


async def test_a_stops_trigger_stands_strictly_before_its_price(house: House) -> None:
    await house.log_in()
    for side, price, equal, beyond in (("BUY", "1000.00", "1000.00", "999.95"), ("SELL", "900.00", "900.00", "900.05")):
        stop = _BUY | {"order_type": "SL", "side": side, "price": price, "trigger_price": equal}
        refused = await house.write("POST", "/orders", f"equal-{side}", stop)
        assert (refused.status_code, refused.json()["error_code"]) == (422, "INVALID_ORDER")
        assert refused.json()["details"]["fields"][0]["field"] == "trigger_price"
        previewed = (await house.http.post(f"{_ACCOUNT}/orders/preview", json=stop)).json()
        assert "trigger" in {check["name"] for check in previewed["checks"] if not check["passed"]}
        placed = await house.write("POST", "/orders", f"apart-{side}", stop | {"trigger_price": beyond})
        assert placed.status_code == 201, placed.text
    assert len(house.emulator.accepted()) == 2

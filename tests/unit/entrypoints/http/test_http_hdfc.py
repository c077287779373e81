"""A whole gateway on SQLite that trades at the emulated HDFC, whose book gives references back or replaces them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from dependency_injector import providers

from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.container.root import container_for
from ordo.entrypoints.http.app import create_app
from ordo.schemas.config.settings import load_settings
from ordo_emulators.control import controlled
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.hdfc.login import OTP, PASSWORD, USER
from ordo_emulators.hdfc.settings import ReferenceMode
from ordo_emulators.hdfc.settings import Settings as EmulatorSettings
from ordo_emulators.server import serve
from tests.support.clock import VirtualClock
from tests.support.paces import UNPACED
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY, TOKEN, alive

_ACCOUNT = "/api/v1/accounts/hdfc/7000001"
_SESSION = "/api/v1/sessions/hdfc/7000001"
_ANSWERS = {"username": USER, "password": PASSWORD, "otp": OTP, "consent": "yes"}
_BUY = {
    "instrument": "NSE:SBIN",
    "side": "BUY",
    "quantity": 1,
    "order_type": "LIMIT",
    "product": "CNC",
    "price": "900.00",
}

_TRIES = 2


class House:
    def __init__(self, http: httpx2.AsyncClient, emulator: HdfcEmulator) -> None:
        self.http = http
        self.emulator = emulator

    async def write(self, method: str, path: str, key: str, body: object = None) -> httpx2.Response:
        return await self.http.request(method, _ACCOUNT + path, json=body, headers={"Idempotency-Key": key})

    async def log_in(self, **changed: str) -> tuple[list[str], httpx2.Response]:
        """The kinds of challenge that were met, and the last answer."""
        answer = await self.http.post(f"{_SESSION}/login")
        kinds: list[str] = []
        challenge = answer.json()
        while answer.status_code in (200, 202) or (kinds[-1] == "otp" and kinds.count("otp") < _TRIES):
            if answer.status_code != 401:
                challenge = answer.json()
            kinds.append(challenge["kind"])
            answers = {name: (_ANSWERS | changed)[name] for name in challenge["fields"]}
            body = {"challenge_id": challenge["challenge_id"], "answers": answers}
            answer = await self.http.post(f"{_SESSION}/login/answer", json=body)
        return kinds, answer


@pytest.fixture(params=ReferenceMode)
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[House]:
    monkeypatch.chdir(tmp_path)
    clock = VirtualClock()
    settings = EmulatorSettings(rate_limits=False, asks_consent=True, reference_mode=request.param)
    emulator = HdfcEmulator(clock=clock.now, settings=settings)
    async with serve(controlled(emulator)) as origin:
        configured = load_settings(
            {
                "ORDO_TOKEN": TOKEN,
                "ORDO_MASTER_KEYS": MASTER_KEY,
                "ORDO_IDEMPOTENCY__PURSUE_SECONDS": "0",
                "ORDO_BROKERS__HDFC__BASE_URL": emulator.urls(origin)["base_url"],
                **UNPACED["hdfc"],  # The clock stands still.
                "ORDO_BROKERS__HDFC__QUOTE_PAUSE_MS": "0",
            }
        )
        container = container_for(configured)
        container.clock.override(providers.Object(clock))
        container.audit.override(providers.Object(MemoryAuditLog()))
        app = create_app(container)
        transport = httpx2.ASGITransport(app=cast("Any", app), raise_app_exceptions=True)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with alive(app), httpx2.AsyncClient(transport=transport, base_url="http://gw", headers=headers) as http:
            while any(one["state"] == "ABSENT" for one in (await http.get("/api/v1/status")).json()["masters"]):
                await asyncio.to_thread(lambda: None)
            yield House(http, emulator)


async def test_a_day_at_hdfc(house: House) -> None:
    kinds, opened = await house.log_in()
    assert kinds == ["password", "otp", "consent"]
    assert (opened.status_code, opened.json()["state"]) == (201, "ACTIVE")

    portfolio = (await house.http.get(f"{_ACCOUNT}/portfolio")).json()
    assert {row["instrument"] for row in portfolio["holdings"]} == {"NSE:INFY", "NSE:SBIN", "NSE:INF204KB14I2"}
    assert all(row["last_price"] for row in portfolio["holdings"])
    assert portfolio["margin_available"] == "100000000.00"

    placed = await house.write("POST", "/orders", "k1", _BUY)
    assert (placed.status_code, placed.json()["status"]) == (201, "ACKNOWLEDGED")
    order = f"/orders/{placed.json()['order_id']}"
    assert (await house.http.get(_ACCOUNT + order)).json()["status"] == "OPEN"

    changed = await house.write("PATCH", order, "k2", {"quantity": 3, "price": "901.50"})
    assert (changed.status_code, changed.json()["quantity"], changed.json()["price"]) == (200, 3, "901.50")
    assert (await house.write("DELETE", order, "k3")).status_code == 200
    assert (await house.http.get(_ACCOUNT + order)).json()["status"] == "CANCELLED"
    assert len((await house.http.get(f"{_ACCOUNT}/orders")).json()) == 1

    bought = await house.write("POST", "/orders", "k4", {**_BUY, "price": "1100.00"})
    assert bought.status_code == 201
    (position,) = (await house.http.get(f"{_ACCOUNT}/positions")).json()
    assert (position["instrument"], position["quantity"]) == ("NSE:SBIN", 1)
    assert position["last_price"] is not None
    assert position["unrealised_pnl"] is not None


async def test_what_the_risk_system_rejects_is_seen_in_the_book(house: House) -> None:
    await house.log_in()
    poor = await house.write("POST", "/orders", "k1", {**_BUY, "quantity": 900_000})
    assert poor.status_code == 201
    seen = (await house.http.get(f"{_ACCOUNT}/orders/{poor.json()['order_id']}")).json()
    assert (seen["status"], "Margin shortfall" in seen["status_message"]) == ("REJECTED", True)


async def test_a_lost_reply_is_found_or_stays_unknown_and_is_never_sent_again(house: House) -> None:
    await house.log_in()
    house.emulator.faults.arm("place", "drop_after_accept")
    placed = await house.write("POST", "/orders", "k1", _BUY)
    if house.emulator.settings()["reference_mode"] == ReferenceMode.ECHO:
        assert (placed.status_code, placed.json()["matched_by"]) == (201, "tag")
    else:
        assert placed.status_code in (201, 202)
        assert placed.json()["matched_by"] in (None, "fingerprint")
    again = await house.write("POST", "/orders", "k1", _BUY)
    assert again.json()["order_id"] == placed.json()["order_id"]
    assert len(house.emulator.accepted()) == 1


async def test_a_wrong_code_can_be_corrected_and_a_second_ends_the_login(house: House) -> None:
    kinds, refused = await house.log_in(otp="000000")
    assert kinds == ["password", "otp", "otp"]
    assert (refused.status_code, refused.json()["error_code"]) == (401, "INVALID_SESSION")
    assert (await house.http.get(_SESSION)).json()["state"] == "NONE"

"""A whole gateway on SQLite with every emulated broker behind it: two apps at FYERS, one at HDFC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import httpx2
from dependency_injector import providers

from ordo.adapters.http.client import HttpClient
from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.adapters.telemetry.tracing import Traces
from ordo.container.brokers import Wire
from ordo.container.root import Container, container_for
from ordo.entrypoints.http.app import create_app
from ordo.schemas.config.settings import load_settings
from ordo_emulators.control import controlled
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.fyers.settings import Settings as FyersSettings
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.hdfc.login import OTP, PASSWORD, USER
from ordo_emulators.hdfc.settings import Settings as HdfcSettings
from ordo_emulators.server import serve
from tests.support.clock import VirtualClock
from tests.support.paces import UNPACED
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY, TOKEN, alive

ANSWERS: Final = {"username": USER, "password": PASSWORD, "otp": OTP, "consent": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """The gateway, a client with the owner's token, and whoever has none."""

    http: httpx2.AsyncClient
    stranger: httpx2.AsyncClient
    container: Container
    clock: VirtualClock
    audit: MemoryAuditLog
    fyers: FyersEmulator
    hdfc: HdfcEmulator

    async def begun(self, account: str) -> dict[str, Any]:
        """Start a login; its first challenge."""
        challenge: dict[str, Any] = (await self.http.post(f"/api/v1/sessions/{account}/login")).json()
        return challenge

    async def sent_back(self, challenge: dict[str, Any]) -> str:
        """Where the broker's own page sends the browser: path and query at the gateway."""
        async with httpx2.AsyncClient(trust_env=False) as browser:
            page = await browser.get(challenge["login_url"])
        return page.headers["location"].removeprefix("http://127.0.0.1:8000")

    async def answer(self, account: str, challenge: dict[str, Any], **changed: str) -> httpx2.Response:
        """Answer a challenge that asks for fields."""
        answers = {name: (ANSWERS | changed)[name] for name in challenge["fields"]}
        body = {"challenge_id": challenge["challenge_id"], "answers": answers}
        return await self.http.post(f"/api/v1/sessions/{account}/login/answer", json=body)

    async def states(self) -> dict[str, str]:
        """Every session that there is."""
        return {one["account"]: one["state"] for one in (await self.http.get("/api/v1/sessions")).json()}


class _OwnWire(Wire):
    def __init__(self, line: HttpClient) -> None:
        super().__init__()
        self._clients = {"own": line}


@asynccontextmanager
async def opened(
    folder: Path,
    more: Mapping[str, str] = MappingProxyType({}),
    *,
    line: HttpClient | None = None,
    keeps_trail: bool = False,
    traces: Traces | None = None,
) -> AsyncIterator[Street]:
    """`line` speaks to the brokers; `keeps_trail`: the trail is written to files, and `audit` stays empty."""
    clock, audit = VirtualClock(), MemoryAuditLog()
    fyers = FyersEmulator(clock=clock.now, settings=FyersSettings(rate_limits=False))
    hdfc = HdfcEmulator(clock=clock.now, settings=HdfcSettings(rate_limits=False))
    async with serve(controlled(fyers)) as at_fyers, serve(controlled(hdfc)) as at_hdfc:
        settings = load_settings(
            {
                "ORDO_CONFIG": str(_nothing(folder)),
                "ORDO_TOKEN": TOKEN,
                "ORDO_MASTER_KEYS": MASTER_KEY,
                "ORDO_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'ordo.db'}",
                "ORDO_AUDIT__DIR": str(folder / "audit"),
                "ORDO_IDEMPOTENCY__PURSUE_SECONDS": "0",
                "ORDO_RESILIENCE__READ_TRIES": "1",
                "ORDO_BROKERS__FYERS__BASE_URL": fyers.urls(at_fyers)["base_url"],
                "ORDO_BROKERS__SECOND__KIND": "fyers",
                "ORDO_BROKERS__SECOND__BASE_URL": fyers.urls(at_fyers)["base_url"],
                "ORDO_BROKERS__SECOND__REDIRECT_URI": "http://127.0.0.1:8000/callback/second",
                "ORDO_BROKERS__HDFC__BASE_URL": hdfc.urls(at_hdfc)["base_url"],
                **UNPACED["fyers"],
                **{name.replace("FYERS", "SECOND"): value for name, value in UNPACED["fyers"].items()},
                **UNPACED["hdfc"],
                **more,
            }
        )
        container = container_for(settings)
        container.clock.override(providers.Object(clock))
        if not keeps_trail:
            container.audit.override(providers.Object(audit))
        if traces is not None:
            container.traces.override(providers.Object(traces))
        if line is not None:
            container.broker_wire.override(providers.Object(_OwnWire(line)))
        app = create_app(container)
        transport = httpx2.ASGITransport(app=cast("Any", app), raise_app_exceptions=True)
        owner = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            alive(app),
            httpx2.AsyncClient(transport=transport, base_url="http://gw", headers=owner) as http,
            httpx2.AsyncClient(transport=transport, base_url="http://gw") as stranger,
        ):
            while any(one["state"] == "ABSENT" for one in (await http.get("/api/v1/status")).json()["masters"]):
                await asyncio.to_thread(lambda: None)
            yield Street(
                http=http,
                stranger=stranger,
                container=container,
                clock=clock,
                audit=audit,
                fyers=fyers,
                hdfc=hdfc,
            )


def _nothing(folder: Path) -> Path:
    """Settings that say nothing, so that no file of the working folder is read."""
    path = folder / "nothing.toml"
    path.touch()
    return path

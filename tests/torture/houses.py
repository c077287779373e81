"""Whole gateways on SQLite, each before an emulated broker on a real socket, whose answers can be spoilt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

import httpx2
from dependency_injector import providers

from ordo.adapters.http.client import HttpClient
from ordo.adapters.http.exchange import HttpReply, HttpRequest
from ordo.adapters.memory.audit import MemoryAuditLog
from ordo.container.brokers import Wire
from ordo.container.root import container_for
from ordo.entrypoints.http.app import create_app
from ordo.ports.clock import Clock
from ordo.schemas.config.settings import load_settings
from ordo_emulators.control import controlled
from ordo_emulators.faults import WRITES, Fault, Operation
from ordo_emulators.fyers.emulator import FyersEmulator
from ordo_emulators.fyers.settings import Settings as FyersSettings
from ordo_emulators.hdfc.emulator import HdfcEmulator
from ordo_emulators.hdfc.login import OTP, PASSWORD, USER
from ordo_emulators.hdfc.settings import ReferenceMode
from ordo_emulators.hdfc.settings import Settings as HdfcSettings
from ordo_emulators.orders import Order
from ordo_emulators.server import serve
from tests.support.clock import VirtualClock
from tests.support.paces import UNPACED
from tests.unit.entrypoints.http.gateway_door import MASTER_KEY, TOKEN, alive

Emulator = FyersEmulator | HdfcEmulator

_SHORT: Final = 0.2
_READS: Final = frozenset({"GET"})
_WRITES: Final = frozenset({"POST", "PATCH", "PUT", "DELETE"})
_BREATH_SECONDS: Final = 5
_FOR_EVER: Final = 10**9
_ANSWERS: Final = {"username": USER, "password": PASSWORD, "otp": OTP, "consent": "yes"}
_TICKS: Final = count(17_000)
_KEYS: Final = count()


class ImpatientLine(HttpClient):
    """Gives up soon where the host is about to say nothing."""

    hurries: frozenset[str] = frozenset()
    """Methods."""

    async def send(self, request: HttpRequest, *, total: float | None = None) -> HttpReply:
        return await super().send(request, total=_SHORT if request.method in self.hurries else total)


class _OwnWire(Wire):
    def __init__(self, line: HttpClient) -> None:
        super().__init__()
        self._clients = {"own": line}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A broker, and whether its book gives Ordo's tags back."""

    broker: str
    account: str
    echoes: bool
    emulator: Callable[[Clock], Emulator]
    settings: Mapping[str, str] = field(default_factory=dict)


def _fyers(clock: Clock) -> Emulator:
    return FyersEmulator(clock=clock.now, settings=FyersSettings(rate_limits=False))


def _untagged_fyers(clock: Clock) -> Emulator:
    emulator = _fyers(clock)
    emulator.faults.arm("place", Fault.NO_TAG_ECHO, _FOR_EVER)
    return emulator


def _hdfc(mode: ReferenceMode) -> Callable[[Clock], Emulator]:
    return lambda clock: HdfcEmulator(clock=clock.now, settings=HdfcSettings(rate_limits=False, reference_mode=mode))


# The clock stands still: a place in a budget would never get free.
_STILL_FYERS: Final = UNPACED["fyers"]
_STILL: Final = UNPACED["hdfc"] | {"ORDO_BROKERS__HDFC__ORDERS_PER_SECOND": "10"}
PLACES: Final = {
    "fyers": Place(broker="fyers", account="XE00001", echoes=True, emulator=_fyers, settings=_STILL_FYERS),
    "fyers-untagged": Place(
        broker="fyers", account="XE00001", echoes=False, emulator=_untagged_fyers, settings=_STILL_FYERS
    ),
    "hdfc": Place(broker="hdfc", account="7000001", echoes=True, emulator=_hdfc(ReferenceMode.ECHO), settings=_STILL),
    "hdfc-untagged": Place(
        broker="hdfc", account="7000001", echoes=False, emulator=_hdfc(ReferenceMode.STAPI), settings=_STILL
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    place: Place
    http: httpx2.AsyncClient
    outside: httpx2.AsyncClient
    emulator: Emulator
    line: ImpatientLine
    clock: VirtualClock
    """Moves the time of a house that stands still."""

    async def write(self, method: str, path: str, key: str, body: object = None) -> httpx2.Response:
        url = f"/api/v1/accounts/{self.place.broker}/{self.place.account}{path}"
        return await self.http.request(method, url, json=body, headers={"Idempotency-Key": key})

    async def read(self, path: str) -> Any:  # noqa: ANN401  (JSON)
        url = f"/api/v1/accounts/{self.place.broker}/{self.place.account}{path}"
        return (await self.http.get(url)).raise_for_status().json()

    async def ledger(self) -> list[dict[str, Any]]:
        """What the broker itself has accepted, seen past the gateway."""
        found: list[dict[str, Any]] = (await self.outside.get("/_emulator/orders")).json()
        return found

    def at_exchange(self, broker_order_id: str) -> Order:
        found = self.emulator._desk.exchange.find(broker_order_id)
        assert found is not None
        return found

    @contextmanager
    def spoilt(self, operation: Operation, *faults: Fault, times: int = 1) -> Iterator[None]:
        """The next requests for an operation go wrong."""
        armed = self.emulator.faults._armed
        standing = tuple(armed)
        for fault in faults:
            self.emulator.faults.arm(operation, fault, times)
        if any("timeout" in fault for fault in faults):
            self.line.hurries = _WRITES if operation in WRITES else _READS
        try:
            yield
        finally:
            self.line.hurries = frozenset()
            armed[:] = standing

    async def be_ready(self) -> None:
        """Let the paces of the case before run out, and mend the session that it may have cost."""
        await self.clock.advance(_BREATH_SECONDS)
        await self.log_in()

    async def log_in(self) -> None:
        """Log in, unless the session is good."""
        session = f"/api/v1/sessions/{self.place.broker}/{self.place.account}"
        if (await self.http.get(session)).json().get("state") == "ACTIVE":
            return
        answer = await self.http.post(f"{session}/login")
        while answer.status_code in (200, 202):
            challenge = answer.json()
            said: dict[str, Any] = {"challenge_id": challenge["challenge_id"]}
            if challenge["kind"] == "redirect":
                said["redirect_url"] = (await self.outside.get(challenge["login_url"])).headers["location"]
            else:
                said["answers"] = {name: _ANSWERS[name] for name in challenge["fields"]}
            answer = await self.http.post(f"{session}/login/answer", json=said)
        assert answer.status_code == 201, answer.text


def fresh_order() -> dict[str, Any]:
    """An order that rests, and that no other looks like."""
    tick = next(_TICKS)
    return {
        "instrument": "NSE:SBIN",
        "side": "BUY",
        "quantity": 1,
        "order_type": "LIMIT",
        "product": "CNC",
        "price": f"{tick // 20}.{tick % 20 * 5:02d}",
    }


def fresh_key() -> str:
    return f"key-{next(_KEYS)}"


@asynccontextmanager
async def opened(
    place: Place, folder: Path, *, clocks: tuple[Clock, Clock] | None = None, line: ImpatientLine | None = None
) -> AsyncIterator[House]:
    """`clocks` are the gateway's and the broker's; without them one that stands still is both. `line` is what the
    gateway speaks over.
    """
    still = VirtualClock()
    clock, theirs = clocks or (still, still)
    emulator = place.emulator(theirs)
    async with serve(controlled(emulator)) as origin:
        settings = load_settings(
            {
                "ORDO_TOKEN": TOKEN,
                "ORDO_MASTER_KEYS": MASTER_KEY,
                "ORDO_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'ordo.db'}",
                "ORDO_IDEMPOTENCY__PURSUE_SECONDS": "0",
                "ORDO_IDEMPOTENCY__ABSENCE_SECONDS": "30",
                "ORDO_RESILIENCE__READ_TRIES": "1",
                "ORDO_RESILIENCE__CIRCUIT_FAILURES": "100",
                f"ORDO_BROKERS__{place.broker.upper()}__BASE_URL": emulator.urls(origin)["base_url"],
                **place.settings,
            }
        )
        container = container_for(settings)
        line = line or ImpatientLine()
        container.clock.override(providers.Object(clock))
        container.audit.override(providers.Object(MemoryAuditLog()))
        container.broker_wire.override(providers.Object(_OwnWire(line)))
        app = create_app(container)
        transport = httpx2.ASGITransport(app=cast("Any", app), raise_app_exceptions=True)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            alive(app),
            httpx2.AsyncClient(transport=transport, base_url="http://gw", headers=headers) as http,
            httpx2.AsyncClient(base_url=origin) as outside,
        ):
            while any(one["state"] == "ABSENT" for one in (await http.get("/api/v1/status")).json()["masters"]):
                await asyncio.to_thread(lambda: None)
            house = House(place=place, http=http, outside=outside, emulator=emulator, line=line, clock=still)
            await house.log_in()
            # The row of a known order shows whether the account's book has tags.
            assert (await house.write("POST", "/orders", fresh_key(), fresh_order())).status_code == 201
            yield house
